// The paths of an utterance without end, in bounded memory: now and then the traces that no token
// leads to are dropped, what all tokens agree on is read and dropped too, and what the others need
// of past frames is worked out, so that those frames are needed no more. Not for: the frames
// themselves, which the caller keeps until then.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "decoder/hotword_change.h"
#include "decoder/path.h"

namespace tlg::decoder {

// Frames between two calls of settle(): enough that most traces are gone by then.
constexpr std::int32_t kSettleAfter = 64;

class Traceback {
 public:
  // The graph must outlive it.
  Traceback(const SearchGraph& graph, const SearchOptions& options, const SpanOptions& spans,
            std::shared_ptr<const HotwordUse> hotwords);

  // `frames` are those from settled_until() on, all that the utterance has been searched for at
  // least. Afterwards settled_until() is utterance->num_frames().
  void settle(const Frames& frames, Utterance* utterance);
  std::int64_t settled_until() const { return settled_until_; }
  // Between two frames, right behind settle(): another list is in force from here on, in
  // `utterance` too. Throws Error(kOption): lists over tokens and over words, in one utterance.
  void change_hotwords(std::shared_ptr<const HotwordUse> hotwords, Utterance* utterance);
  // Whether the lists of the utterance are matched on words.
  bool in_words() const { return labels_ == HotwordLabels::kWords; }

  // What all paths begin with: it can no longer change.
  const PathReader& stable() const { return stable_; }
  // The path that ends in `trace`, read on by a fork of stable(). `frames` as in settle().
  Hypothesis read(const Utterance& utterance, std::uint32_t trace, bool is_final,
                  const Frames& frames, PathReader* reader) const;
  // The best path of all, whole. The end: nothing may be settled or read afterwards.
  Hypothesis finish(const Utterance& utterance, const Frames& frames);

 private:
  // One for each trace that is older than settled_until().
  struct Settled {
    Alignment alignment;  // up to settled_until() where a token leads here: nobody else asks
    std::int64_t previous_end;
    std::size_t num_changes;  // of the list, before it
  };

  void mark(Utterance* utterance);
  void keep_marked(const Aligner& aligner, Utterance* utterance);
  void drop_stable(std::size_t count, Utterance* utterance);
  void catch_up(std::size_t num_changes, PathReader* reader) const;
  bool is_in_word(const Utterance& utterance, std::uint32_t trace, std::size_t num_read,
                  const HotwordChange& change) const;
  bool replaces(std::uint32_t trace, std::uint32_t previous, const Utterance& utterance) const;

  PathGraph graph_;
  SearchOptions options_;
  PathReader stable_;
  std::vector<std::shared_ptr<const HotwordUse>> changes_;  // lists that came into force later
  HotwordLabels labels_ = HotwordLabels::kNone;             // of all of them that have any
  Alignment beginning_;                                     // the path without a trace
  bool has_stable_ = false;  // trace 0 is the last one that stable_ has read
  std::vector<Settled> settled_;
  std::int64_t settled_until_ = 0;

  // While settling: for each trace, and for the path without one behind them, how many traces
  // follow it and whether a token leads to it; then its new number.
  std::vector<std::uint32_t> followers_, number_;
  std::vector<std::uint8_t> is_end_;
};

}  // namespace tlg::decoder
