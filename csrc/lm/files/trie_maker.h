// From the n-grams of a file, order by order and block by block, to a closed model. It takes the
// quickest way that the file allows: in suffix order (lmplz, tlg) or prefix order (SRILM) nothing
// is hashed; else, or where n-grams are missing or occur twice, all is sorted.
// Not for: text (lm/files/arpa_read.cc).
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "lm/files/ngram_lists.h"
#include "lm/files/ordered_levels.h"
#include "lm/ngram_trie.h"

namespace tlg::lm {

class TrieMaker {
 public:
  // The n-grams of order k come now: k is 1, then 2, ... `expected`: about how many.
  void begin(int k, bool top, std::size_t expected);

  // Takes n-grams; their words are changed. Unigrams come in the order of their ids.
  void add(NgramList* ngrams);

  // Closes the model; it has these words. What was missing is filled in as backing off gives it,
  // and told in `repairs`.
  NgramTrie finish(std::vector<std::string> vocabulary, std::vector<std::string>* repairs);

 private:
  enum class Way { kSuffixOrder, kPrefixOrder, kSorting };

  void end();
  void change_way(NgramList* rest);
  bool replay(std::vector<NgramList>* lists, bool backwards, bool whole);

  Way way_ = Way::kSuffixOrder;
  int k_ = 0;
  bool top_ = false;
  OrderedLevels levels_;
  std::vector<NgramList> lists_;
};

}  // namespace tlg::lm
