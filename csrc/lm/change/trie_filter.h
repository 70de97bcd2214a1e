// A part of a model as a model of its own: some n-grams stay, with values that are given.
// Not for: what values n-grams should have (lm/change/renormalise.h).
#pragma once

#include <cstdint>
#include <vector>

#include "lm/change/renormalise.h"
#include "lm/ngram_trie.h"

namespace tlg::lm {

// keep[k - 1][node] is not 0 for what stays. The choice must be closed: the context and the suffix
// of what stays stay too. A word whose unigram goes is no word any more; ids follow the old order.
// Highest orders in which nothing stays are no orders of the new model (order 1 is).
NgramTrie filter(const NgramTrie& trie, const std::vector<std::vector<std::uint8_t>>& keep,
                 const NgramValues& values);

}  // namespace tlg::lm
