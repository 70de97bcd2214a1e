// N-grams listed as a file gives them, and the general way to a closed model: for files in no
// particular order, or with n-grams that occur twice or are missing.
// Not for: parsing (lm/files/arpa_read.cc), the usual files (lm/files/ordered_levels.h).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lm/ngram_trie.h"

namespace tlg::lm {

struct NgramList {                   // n-grams of one order k
  std::vector<WordId> words;         // k ids per n-gram, oldest first; k = 1: all ids in turn
  std::vector<float> log10_prob;     // one per n-gram; NaN: to be found by backing off
  std::vector<float> log10_backoff;  // one per n-gram, NaN where none is given; empty for the top

  std::size_t size() const { return log10_prob.size(); }
  void clear() {
    words.clear();
    log10_prob.clear();
    log10_backoff.clear();
  }
  // Adds those of another list of the same order, from number `from` on.
  void append(const NgramList& other, std::size_t from, int k);
};

struct NgramLists {
  std::vector<std::string> vocabulary;
  std::vector<NgramList> orders;     // orders[k - 1]
  std::vector<std::string> repairs;  // what was mended, one sentence each
};

// Sorts each order into suffix order; of n-grams that occur more than once the first stays, which
// is told in `repairs`; a prefix or suffix that is missing is added, its probability NaN and its
// backoff 0. Throws Error(kArpa) for 2^32 n-grams of one order.
void close_lists(NgramLists* lists);

// The closed model of n-grams in any order; the lists are used up, their repairs stay.
NgramTrie make_trie(NgramLists* lists);

}  // namespace tlg::lm
