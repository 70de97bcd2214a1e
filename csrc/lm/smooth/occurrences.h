// How often n-grams occur, from a trie that holds Kneser-Ney's adjusted counts. Not for: counting.
#pragma once

#include <cstdint>
#include <utility>

#include "lm/count/count_trie.h"
#include "lm/smooth/contexts.h"

namespace tlg::lm {

// An n-gram that others end with occurs as often as they do; one that begins with <s>, and those of
// the top order, have their occurrences as their count. `longer`: the occurrences of order k + 1.
inline util::Array<std::uint32_t> occurrences(const CountTrie& trie, int k,
                                              const util::Array<std::uint32_t>& longer,
                                              util::Workspace* workspace) {
  const CountLevel& level = trie.levels[k - 1];
  auto occurs = workspace->make<std::uint32_t>(level.count.size());
  std::copy(level.count.begin(), level.count.end(), occurs.begin());
  if (k == trie.order()) return occurs;
  for (std::size_t node = 0; node < occurs.size(); ++node) {
    const std::uint32_t begin = level.first_child[node], end = level.first_child[node + 1];
    if (begin == end) continue;
    std::uint32_t sum = 0;
    for (std::uint32_t child = begin; child < end; ++child) sum += longer[child];
    occurs[node] = sum;
  }
  return occurs;
}

// Calls use(k, counts) for each order from the top down; two orders are held at a time.
template <typename Function>
void for_occurrences(const CountTrie& trie, util::Workspace* workspace, const Function& use) {
  util::Array<std::uint32_t> longer;
  for (int k = trie.order(); k >= 1; --k) {
    util::Array<std::uint32_t> occurs = occurrences(trie, k, longer, workspace);
    use(k, occurs);
    longer = std::move(occurs);
  }
}

// Replaces all counts by occurrences.
inline void count_occurrences(CountTrie* trie) {
  for (int k = trie->order() - 1; k >= 1; --k) {
    CountLevel& level = trie->levels[k - 1];
    const util::Array<std::uint32_t>& longer = trie->levels[k].count;
    for (std::size_t node = 0; node < level.count.size(); ++node) {
      const std::uint32_t begin = level.first_child[node], end = level.first_child[node + 1];
      if (begin == end) continue;
      std::uint32_t sum = 0;
      for (std::uint32_t child = begin; child < end; ++child) sum += longer[child];
      level.count[node] = sum;
    }
  }
}

}  // namespace tlg::lm
