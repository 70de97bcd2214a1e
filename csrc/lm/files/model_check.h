// What can be said of a model as a whole: are its links sound, and do its probabilities add to 1?
// Not for: mending it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "lm/ngram_trie.h"

namespace tlg::lm {

// The words of a node of order k, with blanks between them.
std::string node_text(const NgramTrie& trie, int k, std::size_t node);

// The sums over the vocabulary (<s> left out) after the contexts of one length.
struct ContextSums {
  int length = 0;            // of the contexts, in words; 0: the unigrams themselves
  std::size_t contexts = 0;  // that begin a longer n-gram
  std::size_t off = 0;       // whose sum is further from 1 than the tolerance
  double worst = 1;          // the sum that is furthest from 1
  std::string worst_context;
};

// One entry a length. Throws Error(kArpa) where check() does.
std::vector<ContextSums> check_sums(const NgramTrie& trie, double tolerance);

}  // namespace tlg::lm
