// The posteriors of one frame as the search asks for them, dense or sparse: scaled, as
// probabilities, and the few tokens that are worth a look. Not for: which prefixes take them
// (search.h).
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "decoder/frames.h"

namespace tlg::decoder::prefix {

struct Options {
  std::int32_t beam_size = 100;  // prefixes kept after a frame
  double beam = 10;  // nats below the best at which a prefix is dropped; may be infinite
  // Tokens worse than the best of the frame by more than this (scaled nats), or beyond the best
  // max_tokens, begin nothing, but where a hotword begins or goes on with them.
  double token_beam = std::numeric_limits<double>::infinity();
  std::int32_t max_tokens = 0;  // 0: all
  double acoustic_scale = 1, blank_penalty = 0;
  std::int32_t blank = 0;
};

class FrameRow {
 public:
  // Whether the options ask for prune().
  static bool prunes(const Options& options) {
    return options.token_beam < std::numeric_limits<double>::infinity() || options.max_tokens > 0;
  }

  // `usable` (by token) must outlive the row.
  FrameRow(const Options& options, const std::vector<std::uint8_t>& usable);

  void load(const Frames& frames, std::int32_t t);

  // acoustic_scale times the log-posterior, less blank_penalty for the blank.
  double log_prob(std::int32_t token) const {
    const auto i = static_cast<std::size_t>(token);
    const float raw = row_ != nullptr              ? row_[i]
                      : listed_stamp_[i] == stamp_ ? listed_[i]
                                                   : unlisted_;
    const double scaled = options_.acoustic_scale * raw;
    return token == options_.blank ? scaled - options_.blank_penalty : scaled;
  }
  // exp of it; worked out when it is first asked for.
  double factor(std::int32_t token) {
    const auto i = static_cast<std::size_t>(token);
    return factor_stamp_[i] == stamp_ ? factors_[i] : new_factor(token);
  }

  // Lists the usable tokens whose log_prob is at least `least`, but for rounding.
  void list(double least);
  // Leaves the best max_tokens of them, of those the ones within token_beam of the best of the
  // frame, and those that `keeps` says; of equal ones the lower ids.
  template <typename Keeps>
  void prune(Keeps&& keeps);
  // The listed tokens, rising, and their log_probs.
  const std::vector<std::int32_t>& tokens() const { return tokens_; }
  const std::vector<double>& scores() const { return scores_; }
  // After prune().
  bool is_listed(std::size_t token) const { return live_stamp_[token] == stamp_; }

 private:
  double new_factor(std::int32_t token);
  // The least score that is left, and how many of just that score are.
  void find_limit(double* least, std::size_t* ties);

  Options options_;
  const std::vector<std::uint8_t>& usable_;
  const float* row_ = nullptr;  // dense
  float unlisted_ = 0;          // sparse: of tokens without a stamp
  std::vector<float> listed_;
  std::vector<std::int32_t> listed_ids_;
  std::vector<double> factors_, scratch_, scores_;
  std::vector<std::uint32_t> listed_stamp_, factor_stamp_, live_stamp_;
  std::uint32_t stamp_ = 0;
  std::vector<std::int32_t> tokens_;
};

template <typename Keeps>
void FrameRow::prune(Keeps&& keeps) {
  double least;
  std::size_t ties;
  find_limit(&least, &ties);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    bool stays = scores_[i] > least;
    if (scores_[i] == least && ties > 0) {
      --ties;
      stays = true;
    }
    if (!stays && !keeps(tokens_[i])) continue;
    live_stamp_[static_cast<std::size_t>(tokens_[i])] = stamp_;
    tokens_[kept] = tokens_[i];
    scores_[kept++] = scores_[i];
  }
  tokens_.resize(kept);
  scores_.resize(kept);
}

}  // namespace tlg::decoder::prefix
