// The sum over the vocabulary of the probabilities after each context: 1 for a model that is whole.
// <s> is no event: it is left out, whatever its probability says.
// Not for: repairing a model whose sums are not 1.
#pragma once

#include <vector>

#include "lm/ngram_trie.h"
#include "util/array.h"

namespace tlg::lm {

// 10^x, where kLog10Zero and less is 0.
double prob_of(float log10_prob);
// log10 of a probability or backoff weight; kLog10Zero for 0 and less.
float log10_of(double value);

// sums[k][node] is the sum after the context `node` of order k, for k from 1 to the model's order
// less 1; sums[0][0] is the sum of the unigrams. One pass over the model: what backs off is counted
// once for all words, less those that were seen.
std::vector<util::Array<double>> context_sums(const NgramTrie& trie);

// The probability of words[length - 1] after the words before it, from the definition of backing
// off: slow, and right for any words, in the model together or not.
double backed_off_prob(const NgramTrie& trie, const WordId* words, int length);

// The sum over the vocabulary after any words, by going through the vocabulary.
double brute_force_sum(const NgramTrie& trie, const WordId* context, int length);

}  // namespace tlg::lm
