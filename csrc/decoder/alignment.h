// Which frames of a path are its tokens and which are blank, and what the posteriors on it sum to,
// worked out frame by frame in float64. An Alignment is all that a path needs to go on: frames that
// it has read are never looked at again, and a path read in pieces gives the same bits as one read
// whole. Not for: choosing the path (search.h).
#pragma once

#include <cstdint>
#include <limits>

#include "decoder/frames.h"
#include "decoder/search_graph.h"
#include "decoder/search_state.h"

namespace tlg::decoder {

// A path up to the frame `at`, its last token begun at `start`. kCtc: from there on it has spent
// every frame on the unit, or some on the unit and then at least one on blank; of the second kind
// the best is kept. kPlain has nothing to choose: `unit_am` alone is used.
struct Alignment {
  static constexpr double kNever = -std::numeric_limits<double>::infinity();

  std::int64_t start = 0, at = 0;
  std::int32_t column = -1;     // of the last token; -1: none yet
  std::int64_t num_blanks = 0;  // frames of blank before `start`
  // Scaled sums from `start` on, blank penalties included: what is compared.
  double unit = kNever, blank = 0;
  // Sums of the log-posteriors from the first frame of the utterance on.
  double unit_am = 0, blank_am = 0;
  std::int64_t blank_start = 0;  // where the blanks of the second kind begin
};

// How a path leaves its last token.
struct TokenEnd {
  std::int64_t end;         // the frame behind the token's last
  std::int64_t num_blanks;  // frames of blank in all
  double am;                // sum of the log-posteriors of the whole path
};

class Aligner {
 public:
  // `frames` are those from `first_frame` on.
  Aligner(const SearchGraph& graph, const SearchOptions& options, const Frames& frames,
          std::int64_t first_frame);

  // Reads the frames before `to`. Those since alignment->at must be among the frames.
  void extend(std::int64_t to, Alignment* alignment) const;
  // The path after an arc with `column` at alignment.at, which it reads. *end: how the token before
  // ended.
  Alignment next(const Alignment& alignment, std::int32_t column, TokenEnd* end) const;
  // `repeated`: the same unit follows at once, so there has to be a blank between.
  TokenEnd end(const Alignment& alignment, bool repeated = false) const;

 private:
  double log_prob(std::int64_t t, std::int32_t column) const {
    return frames_.at(static_cast<std::int32_t>(t - first_frame_), column);
  }

  const Frames& frames_;
  const std::int64_t first_frame_;
  const bool ctc_;
  const std::int32_t blank_;
  const double scale_, penalty_;
};

}  // namespace tlg::decoder
