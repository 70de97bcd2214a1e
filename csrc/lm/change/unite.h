// The n-grams of several models in one trie: the frame of a mixture.
// Not for: values (lm/change/project.h says what each model gives the n-grams).
#pragma once

#include <vector>

#include "lm/ngram_trie.h"

namespace tlg::lm {

using Models = std::vector<const NgramTrie*>;

// The words of the first model, then what words the second has besides, and so on, as a trie of
// order 1 whose probabilities are 0. The special words of the models are one each; a special word
// is called what the first model that has it calls it.
NgramTrie unite_words(const Models& models);

// All n-grams that a model has. All values are 0. Throws Error(kOption) for 2^32 n-grams of one
// order.
NgramTrie unite(const Models& models);

}  // namespace tlg::lm
