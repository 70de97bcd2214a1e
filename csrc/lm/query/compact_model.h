// Queries on a compact trie. A state is packed from the nodes of the context and of its suffixes,
// as many as fit into its 64 bits; the others are worked out again when they are needed. Not for:
// how the trie is stored (lm/query/compact_trie.h), packed (lm/query/compact_build.h).
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "lm/query/compact_build.h"
#include "lm/query/compact_trie.h"
#include "lm/query/query_model.h"

namespace tlg::lm {

class CompactModel final : public QueryModel {
 public:
  // Throws Error(kOption) and Error(kArpa) as build_compact() does.
  CompactModel(const NgramTrie& trie, const CompactOptions& options);
  // Throws Error(kArpa) for sections that are missing or of a wrong size.
  explicit CompactModel(const LmFile& file);

  // The words so far that matter, node by node: node[j] is the n-gram of the last j.
  struct Context {
    int length = 0;
    std::array<std::uint32_t, CompactTrie::kMaxOrder + 1> node{};
  };

  LmHit hit(LmState from, WordId word) const override;
  void score_all(const LmBatch& batch) const override;
  bool valid(LmState state) const override;
  const char* structure() const override { return kStructure; }
  void add_to(LmFileWriter* writer) const override;
  NgramTrie expand() const override { return lm::expand(trie_, empty_trie()); }

  // Calls visit(word, log10_prob) for the words that were seen after the state's context, by id;
  // others take the state's backoff, log10_backoff(), and what suffix() gives them.
  template <typename Visit>
  void for_each_successor(LmState state, Visit visit) const;
  float log10_backoff(LmState state) const;
  LmState suffix(LmState state) const;

  const CompactTrie& trie() const { return trie_; }

  static constexpr const char kStructure[] = "trie";

 private:
  struct Field {
    unsigned shift = 0, width = 0;
  };
  struct Step {
    float score;
    int order;
    bool zero;
  };

  struct Lane;
  class Lanes;

  void lay_out();
  LmState pack(const Context& context) const;
  // A number that is no state of this model gives some context of it.
  Context unpack(LmState state) const;
  // Moves on by a word of the model.
  Step advance(Context* context, WordId word) const;
  Step conclude(Context* context, const Context& next, int k) const;
  struct Window {
    std::uint32_t low, size;
  };
  // Where a child of that rank out of `ranks` can be: at most `rank` children are before it, and no
  // fewer than that less the ranks that are missing. Frequent words have low ids, so it is narrow.
  static Window window_of(ChildBits::Range range, std::uint32_t rank, std::uint32_t ranks) {
    const std::uint32_t size = range.end - range.begin;
    const std::uint32_t missing = ranks > size ? ranks - size : 0;
    const std::uint32_t low = rank > missing ? rank - missing : 0;
    const std::uint32_t high = rank < size ? rank + 1 : size;
    return {range.begin + low, low < high ? high - low : 0};
  }
  std::uint32_t search(int k, ChildBits::Range range, std::uint32_t rank,
                       std::uint32_t ranks) const;
  void shorten(Context* context) const;

  CompactTrie trie_;
  // fields_[n][j]: where a state of n words holds node[j]; width 0 where it does not.
  std::vector<std::array<Field, CompactTrie::kMaxOrder + 1>> fields_;
};

template <typename Visit>
void CompactModel::for_each_successor(LmState state, Visit visit) const {
  const Context at = unpack(state);
  const int k = at.length + 1;
  if (k == 1) {
    for (std::uint32_t word = 0; word < trie_.size(1); ++word)
      visit(static_cast<WordId>(word), trie_.log10_prob(1, word));
    return;
  }
  // A child's rank is that of its suffix among the children of the shorter context, and so on.
  std::array<std::uint32_t, CompactTrie::kMaxOrder + 1> first{};
  for (int j = 1; j < at.length; ++j) first[j + 1] = trie_.children(j, at.node[j]).begin;
  const ChildBits::Range range = trie_.children(at.length, at.node[at.length]);
  for (std::uint32_t node = range.begin; node < range.end; ++node) {
    std::uint32_t rank = trie_.level(k).rank(node);
    for (int j = k - 1; j > 1; --j) {
      const std::uint64_t shorter = std::uint64_t{first[j]} + rank;
      const std::uint32_t last = trie_.size(j) - 1;
      rank = trie_.level(j).rank(shorter < last ? static_cast<std::uint32_t>(shorter) : last);
    }
    visit(rank < trie_.size(1) ? rank : trie_.size(1) - 1, trie_.log10_prob(k, node));
  }
}

}  // namespace tlg::lm
