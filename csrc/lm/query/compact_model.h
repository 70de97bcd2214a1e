// Queries on a compact trie. A state is packed from the nodes of the context and of its suffixes,
// as many as fit into its 64 bits; the others are worked out again when they are needed. Not for:
// how the trie is stored (lm/query/compact_trie.h).
#pragma once

#include <array>
#include <cstdint>

#include "lm/lm_model.h"
#include "lm/query/backoff_model.h"
#include "lm/query/compact_trie.h"

namespace tlg::lm {

class CompactModel final : public LmModel {
 public:
  explicit CompactModel(CompactTrie trie);

  // The words so far that matter, node by node: node[j] is the n-gram of the last j.
  struct Context {
    int length = 0;
    std::array<std::uint32_t, CompactTrie::kMaxOrder + 1> node{};
  };

  LmState start() const override { return start_; }
  float score(LmState from, WordId word, LmState* to) const override {
    const LmHit found = hit(from, word);
    *to = found.to;
    return found.score;
  }
  float finish(LmState from) const override { return hit_end(from).score; }

  // score() with the details.
  LmHit hit(LmState from, WordId word) const;
  // finish() with the details.
  LmHit hit_end(LmState from) const;

  // The same without packing: for texts. `to` of the hit is not set.
  LmHit advance(Context* context, WordId word) const;
  LmState pack(const Context& context) const;
  // A number that is no state of this model gives some context of it.
  Context unpack(LmState state) const;

  // Calls visit(word, log10_prob) for the words that the model has seen after the state's context,
  // by id; other words take the backoff of the state, log10_backoff(), and what suffix() gives
  // them.
  template <typename Visit>
  void for_each_successor(LmState state, Visit visit) const;
  float log10_backoff(LmState state) const;
  LmState suffix(LmState state) const;

  int order() const { return trie_.order(); }
  const CompactTrie& trie() const { return trie_; }

 private:
  struct Field {
    unsigned shift = 0, width = 0;
  };

  std::uint32_t search(int k, ChildBits::Range range, std::uint32_t rank,
                       std::uint32_t ranks) const;
  void shorten(Context* context) const;

  CompactTrie trie_;
  WordId eos_, unk_;
  // fields_[n][j]: where a state of n words holds node[j]; width 0 where it does not.
  std::vector<std::array<Field, CompactTrie::kMaxOrder + 1>> fields_;
  LmState start_;
};

template <typename Visit>
void CompactModel::for_each_successor(LmState state, Visit visit) const {
  const Context at = unpack(state);
  if (at.length == 0) {
    for (std::uint32_t word = 0; word < trie_.size(1); ++word)
      visit(static_cast<WordId>(word), trie_.log10_prob(1, word));
    return;
  }
  std::array<std::uint32_t, CompactTrie::kMaxOrder + 1> first{};
  for (int j = 1; j < at.length; ++j) first[j + 1] = trie_.children(j, at.node[j]).begin;
  const ChildBits::Range range = trie_.children(at.length, at.node[at.length]);
  const int k = at.length + 1;
  for (std::uint32_t node = range.begin; node < range.end; ++node) {
    std::uint32_t rank = trie_.level(k).rank(node);
    for (int j = k - 1; j > 1; --j) {
      const std::uint64_t shorter = std::uint64_t{first[j]} + rank;
      const std::uint32_t bound = trie_.size(j) - 1;
      rank = trie_.level(j).rank(shorter < bound ? static_cast<std::uint32_t>(shorter) : bound);
    }
    visit(rank < trie_.size(1) ? rank : trie_.size(1) - 1, trie_.log10_prob(k, node));
  }
}

}  // namespace tlg::lm
