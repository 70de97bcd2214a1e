#include "lm/query/compact_trie.h"

namespace tlg::lm {

std::uint32_t CompactTrie::suffix(int k, std::uint32_t node) const {
  // The suffix of the context, then the child of the same rank.
  std::uint32_t first = 0;
  if (k > 2) {
    const std::uint32_t parent = level(k - 1).children.parent_of(node);
    first = children(k - 2, suffix(k - 1, parent)).begin;
  }
  const std::uint64_t found = std::uint64_t{first} + level(k).rank(node);
  const std::uint32_t bound = size(k - 1);
  return found < bound ? static_cast<std::uint32_t>(found) : bound - 1;
}

}  // namespace tlg::lm
