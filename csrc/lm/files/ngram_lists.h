// N-grams listed in any order, as a file gives them, and what makes a model of them: closing (the
// prefix and the suffix of every n-gram must be there, once), linking, sorting.
// Not for: parsing (lm/files/arpa_read.cc).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lm/ngram_trie.h"

namespace tlg::lm {

struct NgramList {                   // all n-grams of one order k
  std::vector<WordId> words;         // k ids per n-gram, oldest first; k = 1: all ids in turn
  std::vector<float> log10_prob;     // one per n-gram
  std::vector<float> log10_backoff;  // one per n-gram, NaN where none is given; empty for the top
  std::size_t size() const { return log10_prob.size(); }
};

struct NgramLists {
  std::vector<std::string> vocabulary;
  std::vector<NgramList> orders;     // orders[k - 1]
  std::vector<std::string> repairs;  // what was mended, one sentence each
  int order() const { return static_cast<int>(orders.size()); }
};

// Where an n-gram's neighbours are: indices into the order below. prefix[k - 1][i] is the n-gram
// without its last word, suffix[k - 1][i] without its first; both empty for k = 1.
struct NgramLinks {
  std::vector<std::vector<std::uint32_t>> prefix, suffix;
};

// Closes the lists: a missing prefix or suffix is added at the end of its order with the
// probability that backing off gives it, of n-grams that occur twice the first stays, a NaN backoff
// becomes 0; all is reported in `repairs`. Throws Error(kArpa) for 2^32 n-grams of one order.
NgramLinks close_and_link(NgramLists* lists);

// Closes, links and sorts; the lists are used up, their repairs stay.
NgramTrie make_trie(NgramLists* lists);

}  // namespace tlg::lm
