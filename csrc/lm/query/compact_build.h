// Packs a model into a compact trie, exactly or with quantised values, and unpacks it again.
// Not for: queries (lm/query/compact_model.h).
#pragma once

#include "lm/ngram_trie.h"
#include "lm/query/compact_trie.h"

namespace tlg::lm {

// Bits for the values of each order above 1, 2 to 16; 0 keeps them as they are. Unigrams are kept
// as they are; so are probabilities of 0 and 1 and backoffs of 1.
struct CompactOptions {
  int prob_bits = 0, backoff_bits = 0;
};

// Throws Error(kOption) for bits out of their range, Error(kArpa) for orders above 15 and for
// 2^32 - 1 n-grams of one order.
CompactTrie build_compact(const NgramTrie& trie, const CompactOptions& options);

// The model again, bit for bit but for quantised values; `trie` has vocabulary and special words,
// and no levels. Throws Error(kArpa) if the bits are damaged.
NgramTrie expand(const CompactTrie& compact, NgramTrie trie);

}  // namespace tlg::lm
