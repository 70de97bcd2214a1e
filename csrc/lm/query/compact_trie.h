// A backoff model in few bits, read where it lies (in memory or in a mapped file): a trie whose
// nodes are context n-grams and whose arcs are next words.
//
// The word of a node is not stored but its rank among the words that follow the context's suffix:
// in "a b c", c is the r-th word after "b". All words after "a b" are among those after "b", so r
// is small where word ids are large (Pibiri and Venturini 2019, remapping), and r leads to the
// suffix "b c" with no pointer. A query therefore goes from the shortest context to the longest and
// stops at the first that does not continue; the suffixes of the next context are met on the way.
// Not for: building (lm/query/compact_build.h), files (lm/query/compact_file.h).
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "lm/query/compact_bits.h"
#include "util/array.h"
#include "util/prefetch.h"

namespace tlg::lm {

// Unigrams are not packed: each is needed at every word.
struct CompactUnigram {
  float log10_prob, log10_backoff;
  std::uint32_t first_child;
};
static_assert(sizeof(CompactUnigram) == 12);

// float32 numbers in `bits` bits: as they are or, where `table` is not empty, as its indices.
struct CompactValues {
  unsigned bits = 0;
  util::Array<float> table;

  // 31 bits hold a number that is not above 0 without its sign.
  float value(std::uint64_t code) const {
    auto pattern = static_cast<std::uint32_t>(code);
    if (!table.empty()) return table[pattern < table.size() ? pattern : table.size() - 1];
    if (bits == 31 && pattern) pattern |= 0x80000000U;
    float number;
    std::memcpy(&number, &pattern, 4);
    return number;
  }
};

// The n-grams of one order above 1, by their contexts and within one by their last words.
// A record is rank, probability and backoff; the top order has no backoff.
struct CompactLevel {
  std::uint32_t size = 0;
  unsigned rank_bits = 0;
  CompactValues log10_probs, log10_backoffs;
  util::Array<std::uint8_t> records;
  ChildBits children;  // of each node; not for the top order

  unsigned record_bits() const { return rank_bits + log10_probs.bits + log10_backoffs.bits; }
  std::size_t record_bytes() const { return bytes_of_bits(std::uint64_t{record_bits()} * size); }
  void prefetch(std::uint32_t node) const {
    util::prefetch(records.data() + std::uint64_t{record_bits()} * node / 8);
  }
  std::uint32_t rank(std::uint32_t node) const {
    return static_cast<std::uint32_t>(
        get_bits(records.data(), std::uint64_t{record_bits()} * node, rank_bits));
  }
  float log10_prob(std::uint32_t node) const {
    const std::uint64_t bit = std::uint64_t{record_bits()} * node + rank_bits;
    return log10_probs.value(get_bits(records.data(), bit, log10_probs.bits));
  }
  float log10_backoff(std::uint32_t node) const {
    const std::uint64_t bit = std::uint64_t{record_bits()} * node + rank_bits + log10_probs.bits;
    return log10_backoffs.value(get_bits(records.data(), bit, log10_backoffs.bits));
  }
};

struct CompactTrie {
  static constexpr int kMaxOrder = 15;
  static constexpr std::uint32_t kMaxSize = 0xfffffffeU;  // of an order

  util::Array<CompactUnigram> unigrams;  // and one more, where the children of the last end
  std::vector<CompactLevel> longer;      // longer[k - 2]: order k

  int order() const { return static_cast<int>(longer.size()) + 1; }
  std::uint32_t size(int k) const {
    return k == 1 ? static_cast<std::uint32_t>(unigrams.size() - 1) : level(k).size;
  }
  const CompactLevel& level(int k) const { return longer[static_cast<std::size_t>(k) - 2]; }
  CompactLevel& level(int k) { return longer[static_cast<std::size_t>(k) - 2]; }

  // The children of a node of order k, nodes of order k + 1 (k below the order of the model).
  // Whatever the bits say, the result is in range.
  ChildBits::Range children(int k, std::uint32_t node) const {
    if (k > 1) return level(k).children.range(node);
    const std::uint32_t bound = size(2);
    const std::uint32_t begin = unigrams[node].first_child, end = unigrams[node + 1].first_child;
    if (begin > bound) return {bound, bound};
    return {begin, end < begin ? begin : end > bound ? bound : end};
  }
  void prefetch_children(int k, std::uint32_t node) const {
    if (k > 1)
      level(k).children.prefetch(node);
    else
      util::prefetch(&unigrams.data()[node]);
  }
  float log10_prob(int k, std::uint32_t node) const {
    return k == 1 ? unigrams[node].log10_prob : level(k).log10_prob(node);
  }
  float log10_backoff(int k, std::uint32_t node) const {
    return k == 1 ? unigrams[node].log10_backoff : level(k).log10_backoff(node);
  }
  // The node of order k - 1 without the oldest word, for k > 1; in range, too.
  std::uint32_t suffix(int k, std::uint32_t node) const;
};

}  // namespace tlg::lm
