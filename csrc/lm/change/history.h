// How often each context occurs, as a model sees it: the weights of entropy pruning.
// Not for: counts of a text (lm/count).
#pragma once

#include <vector>

#include "lm/ngram_trie.h"
#include "util/array.h"

namespace tlg::lm {

// P(h) of the contexts: [k - 1][node] for k from 1 to the model's order less 1.
using ContextProbs = std::vector<util::Array<double>>;

// By the chain rule from the probabilities of the model itself, as SRILM does: P(a b) = p(a)
// p(b|a), with p(</s>) for a first <s>.
ContextProbs chain_context_probs(const NgramTrie& trie);

// The same with the probabilities of another model (SRILM -prune-history-lm).
ContextProbs chain_context_probs(const NgramTrie& trie, const NgramTrie& history);

// How often a text that the model writes has each context: the stationary distribution of its
// states, by power iteration until a round moves less than 1e-6. What Kneser-Ney's lower orders are
// not made to tell, the model as a whole does.
ContextProbs stationary_context_probs(const NgramTrie& trie);

}  // namespace tlg::lm
