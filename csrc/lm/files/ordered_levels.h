// Makes the levels of a trie from n-grams that come in order, as lmplz, tlg and (backwards) SRILM
// write them: parents are found by stepping along the order below, contexts in the children of the
// parents' contexts. Nothing is hashed or sorted.
// Not for: files that are not in order or not closed (lm/files/ngram_lists.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "lm/files/ngram_lists.h"
#include "lm/ngram_trie.h"

namespace tlg::lm {

class OrderedLevels {
 public:
  // The n-grams of order k come now: k is 1, then 2, ... `expected`: about how many.
  void begin(int k, bool top, std::size_t expected);

  // Takes n-grams of the order in suffix order; returns how many. It stops for good at one that is
  // out of order, there already, or without its suffix in the order below.
  std::size_t add(const NgramList& ngrams);

  // There are no more of this order. False, for good, if one lacks its context in the order below.
  bool end();

  // All that was added so far, which may have stopped anywhere; this is empty then.
  std::vector<NgramList> take_lists();

  // The levels once all is added; the vocabulary is empty. This is empty then.
  NgramTrie take_trie();

 private:
  bool step_to(const WordId* suffix, std::size_t child);
  void seal();

  NgramTrie trie_;
  bool open_ = false;  // are n-grams of order k_ still coming?
  int k_ = 0;
  bool top_ = false;
  // Of order k_: what is there so far. first_child_ is that of the order below.
  std::vector<WordId> word_;
  std::vector<float> log10_prob_, log10_backoff_;
  std::vector<NodeId> first_child_;
  std::optional<LevelWalk> parent_;
  std::int64_t last_ = -1;  // the oldest word of the last n-gram of this parent
};

// The trie of n-grams that were given word for word backwards (in prefix order, that is): sorts
// each order by its parents, which is one counting sort.
NgramTrie turn_around(NgramTrie backwards);

}  // namespace tlg::lm
