// Backoff weights made anew, so that the probabilities after every context add to what they should.
// bow(h) = (wanted sum - sum of p(w|h)) / (sum after h' - sum of p(w|h')), over the words w seen
// after h; h' is h without its oldest word. The sums are those of the model's float32 numbers, so
// what rounding does is made good where it can be.
// Not for: choosing probabilities.
#pragma once

#include <cstdint>
#include <vector>

#include "lm/ngram_trie.h"
#include "util/array.h"

namespace tlg::lm {

// What the words not seen after a context have: there, and in the distribution it backs off to.
struct ContextMasses {
  util::Array<double> unseen, unseen_lower;  // by context
};

// Of the contexts of the n-grams of order k, which is 2 or more; `sums` are context_sums(trie).
ContextMasses context_masses(const NgramTrie& trie, int k,
                             const std::vector<util::Array<double>>& sums);

// The values of all n-grams, apart from the n-grams.
struct NgramValues {
  std::vector<util::Array<float>> log10_prob;     // [k - 1][node]
  std::vector<util::Array<float>> log10_backoff;  // the same, none for the top order
};

// What becomes of the values when only a part of the n-grams stays: keep[k - 1][node] is 1 for
// those that stay with their probability, 2 for those that stay with what backing off gives them.
// The sum after every context is what it was. The choice is closed (see lm/change/trie_filter.h).
NgramValues values_of_part(const NgramTrie& trie,
                           const std::vector<std::vector<std::uint8_t>>& keep);

// Makes all backoffs anew so that the sums are 1; contexts that nothing follows get 0.
void renormalise(NgramTrie* trie);

}  // namespace tlg::lm
