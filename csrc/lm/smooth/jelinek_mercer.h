// Weights of linear interpolation, learnt on held-out text.
// Source: F. Jelinek and R. Mercer, Interpolated estimation of Markov source parameters from sparse
// data (1980); the grouping of contexts by how often they were seen: S. F. Chen and J. Goodman
// 1998. Not for: mixing whole models (lm/change).
#pragma once

#include <cstdint>
#include <vector>

#include "lm/count/count_trie.h"
#include "lm/smooth/cutoffs.h"

namespace tlg::lm {

// weights[k - 1][group] of order k: p_k = weight c(hw) / c(h) + (1 - weight) p_(k-1) after a
// context h that was seen; p_0 = 1 / size. With one group, it is for all contexts.
struct MixtureWeights {
  std::vector<std::vector<double>> weights;

  double find(int k, double context_count) const {
    const std::vector<double>& groups = weights[static_cast<std::size_t>(k) - 1];
    std::size_t group = 0;
    for (double top = 2; context_count >= top && group + 1 < groups.size(); top *= 2) ++group;
    return groups[group];
  }
};

// Expectation maximisation until the weights stand still. `trie` holds the occurrences
// in `corpus`, `contexts[k - 1]` are those of order k. Words that are not in the model count as
// <unk>, or are left out where the vocabulary is closed. With `grouped`, contexts seen 1, 2-3, 4-7,
// ... times have weights of their own; without, tokens after a context that was not seen count
// against its order, as in a plain mixture of the orders. Throws Error(kText) for a held-out text
// without a usable word.
MixtureWeights learn_weights(const CountTrie& trie,
                             const std::vector<util::Array<std::uint32_t>>& contexts,
                             const Cutoffs& cutoffs, const Corpus& corpus, const Corpus& heldout,
                             double size, bool grouped);

}  // namespace tlg::lm
