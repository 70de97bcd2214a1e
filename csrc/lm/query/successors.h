// What may follow a state: the whole distribution, or the best few words without a look at the
// rest. The n-grams of each context lie together, best first.
// Not for: scoring a word that is known (lm/query/backoff_model.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "lm/ngram_trie.h"
#include "lm/query/backoff_model.h"
#include "util/array.h"

namespace tlg::lm {

struct Successor {
  WordId word = 0;
  float score = 0;  // nats

  // Better first: the higher score, then the lower id.
  friend bool operator<(const Successor& a, const Successor& b) {
    return a.score != b.score ? a.score > b.score : a.word < b.word;
  }
};

// Both answers have a word's score exactly as BackoffModel::score gives it. <s> never follows: its
// score is -inf in a distribution, and it is not among the best.
// Invariant: entries_[begin_[c]] to entries_[begin_[c + 1]] are the n-grams of context c, sorted;
// contexts are numbered as the states of BackoffModel are, the empty one is 0.
class Successors {
 public:
  // Eight bytes an n-gram and four a context.
  explicit Successors(const NgramTrie& trie);

  // scores[word] for each word of the model.
  void distribution(const BackoffModel& model, LmState from, float* scores) const;
  // The `count` best words, best first; fewer where there are no more.
  std::vector<Successor> best(const BackoffModel& model, LmState from, std::size_t count) const;

 private:
  util::Array<std::uint32_t> begin_;
  util::Array<Successor> entries_;
  util::Array<float> unigrams_;  // by word
};

// The same of any structure, by scoring every word.
void distribution(const QueryModel& model, LmState from, float* scores);
std::vector<Successor> best_words(const QueryModel& model, LmState from, std::size_t count);

}  // namespace tlg::lm
