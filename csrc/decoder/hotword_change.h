// Another list of hotwords in the middle of an utterance: what becomes of the tokens of a search,
// and what both lists see of a path. Not for: the rule itself (hotwords/swap.h), the paths that are
// read (path.h, which goes by the same rule).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "decoder/search_state.h"
#include "hotwords/swap.h"

namespace tlg::decoder {

// From one list to another, either may be null. Both must outlive it.
class HotwordChange {
 public:
  // Throws Error(kOption): one list is over tokens and the other over words.
  HotwordChange(const HotwordUse* before, const HotwordUse* after);

  hotwords::Swap& swap() { return swap_; }
  bool in_words() const { return in_words_; }
  // Tokens that a list passes over, and the boundary of the new one.
  bool is_neutral_before(std::int32_t label) const { return label == neutral_before_; }
  bool is_neutral_after(std::int32_t label) const { return label == neutral_after_; }
  bool is_boundary_after(std::int32_t label) const { return label == boundary_after_; }

 private:
  static constexpr std::int32_t kNone = -2;  // no label
  bool in_words_;
  std::int32_t neutral_before_ = kNone, neutral_after_ = kNone, boundary_after_ = kNone;
  hotwords::Swap swap_;
};

// Tells whether the path that ends in a trace is in mid-word for the new list, where this begins to
// read `num_read` tokens before its end.
using AsksInWord = std::function<bool(std::uint32_t trace, std::size_t num_read)>;

// Moves all tokens of an utterance, between two frames, to `after`; not for the kernels that keep
// lattices.
void change_hotwords(const SearchGraph& graph, HotwordChange* change,
                     std::shared_ptr<const HotwordUse> after, const AsksInWord& is_in_word,
                     Utterance* utterance);

}  // namespace tlg::decoder
