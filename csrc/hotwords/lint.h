// What the reader of a compile report should know about phrases beside one another: which are
// nearly the same, which are hidden by a longer one. Linear in the size of the list, but for
// sorting. Not for: matching.
#pragma once

#include <cstdint>
#include <vector>

#include "hotwords/phrases.h"

namespace tlg::hotwords {

struct Hidden {
  // Phrase -> one that counts, is worth less and begins with it (at == 0) or has it inside, and
  // where; -1: there is none.
  std::vector<std::int32_t> by, at;
};

// Where the longer phrase is, its reward is paid, not that of the phrase within it.
Hidden find_hidden(const PhraseTable& table, const Options& options);

struct Neighbours {
  std::vector<std::int32_t> nearest;   // phrase -> the first at the least distance, or -1
  std::vector<std::int32_t> distance;  // to it: 0 (the same units) or 1
  // Phrase -> others within distance 1; those at distance 1 with the same units count once.
  std::vector<std::int32_t> counts;
};

// Phrases of at least `shortest` units that become one another by changing, leaving out or putting
// in one unit at most. Throws Error(kHotword) where offsets do not belong to the units.
Neighbours find_neighbours(const std::vector<Unit>& units, const std::vector<std::int64_t>& offsets,
                           std::size_t shortest);

}  // namespace tlg::hotwords
