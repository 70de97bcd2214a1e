// How often n-grams occur, from a trie that holds Kneser-Ney's adjusted counts. Not for: counting.
#pragma once

#include <cstdint>
#include <utility>

#include "lm/count/count_trie.h"
#include "lm/smooth/contexts.h"

namespace tlg::lm {

// Of order k, into `occurs`, which may be the counts themselves. `longer`: of order k + 1.
inline void find_occurrences(const CountTrie& trie, int k, const util::Array<std::uint32_t>& longer,
                             util::Array<std::uint32_t>* occurs) {
  const CountLevel& level = trie.levels[k - 1];
  const util::Array<std::uint32_t>& known = level.raw.empty() ? level.count : level.raw;
  const bool sums = level.raw.empty() && k < trie.order();
  for (std::size_t node = 0; node < known.size(); ++node) {
    // What others end with occurs as often as they do; what begins with <s> is counted as it is.
    std::uint32_t child = sums ? level.first_child[node] : 0;
    const std::uint32_t end = sums ? level.first_child[node + 1] : 0;
    std::uint32_t sum = child == end ? known[node] : 0;
    for (; child < end; ++child) sum += longer[child];
    (*occurs)[node] = sum;
  }
}

// Calls use(k, counts) for each order from the top down; two orders are held at a time.
template <typename Function>
void for_occurrences(const CountTrie& trie, util::Workspace* workspace, const Function& use) {
  util::Array<std::uint32_t> longer;
  for (int k = trie.order(); k >= 1; --k) {
    auto occurs = workspace->make<std::uint32_t>(trie.levels[k - 1].count.size());
    find_occurrences(trie, k, longer, &occurs);
    use(k, occurs);
    longer = std::move(occurs);
  }
}

// Replaces all counts by occurrences.
inline void count_occurrences(CountTrie* trie) {
  const util::Array<std::uint32_t> none;
  for (int k = trie->order(); k >= 1; --k) {
    const bool top = k == trie->order();
    find_occurrences(*trie, k, top ? none : trie->levels[k].count, &trie->levels[k - 1].count);
  }
}

}  // namespace tlg::lm
