// The engine of all smoothing methods: counts, discounts and cutoffs to log probabilities and
// backoffs, order by order. Not for: choosing options (lm/smooth/train.cc).
#pragma once

#include <vector>

#include "lm/smooth/contexts.h"
#include "lm/smooth/cutoffs.h"
#include "lm/smooth/discounts.h"
#include "lm/smooth/jelinek_mercer.h"
#include "lm/smooth/smooth.h"

namespace tlg::lm {

struct Estimation {
  CountTrie trie;                                    // the counts of the method; used up
  std::vector<util::Array<std::uint32_t>> contexts;  // by order; found here where they are empty
  Cutoffs cutoffs;
  std::vector<Discounts> discounts;  // by order
  MixtureWeights weights;            // Jelinek-Mercer
  // Words that can be predicted, and the size of the uniform distribution.
  double num_words = 0, uniform_size = 0;
};

// The levels of the model, with nothing left out yet.
std::vector<NgramLevel> estimate(Estimation* given, const SmoothingOptions& options,
                                 util::Job* job);

}  // namespace tlg::lm
