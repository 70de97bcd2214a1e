// What may follow a state: the whole distribution, or the best few words without a look at the
// rest. Not for: scoring a word that is known (lm/query/query_model.h).
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "lm/query/query_model.h"

namespace tlg::lm {

struct Successor {
  WordId word = 0;
  float score = 0;  // nats

  // Better first: the higher score, then the lower id.
  friend bool operator<(const Successor& a, const Successor& b) {
    return a.score != b.score ? a.score > b.score : a.word < b.word;
  }
};

// Both answers have a word's score exactly as QueryModel::hit gives it. <s> never follows: its
// score is -inf in a distribution, and it is not among the best.
class Successors {
 public:
  virtual ~Successors() = default;

  // scores[word] for each word of the model.
  void distribution(LmState from, float* scores) const;
  // The `count` best words, best first; fewer where there are no more.
  std::vector<Successor> best(LmState from, std::size_t count) const;

 protected:
  // The n-grams of one context by their last words. Sorted: best first.
  struct List {
    const Successor* begin;
    const Successor* end;
    bool sorted;
  };

  // `unigrams`: nats by word.
  Successors(const QueryModel& model, std::vector<float> unigrams);

  // Of a context that is not the empty one; a list that does not lie ready is put into *room.
  virtual List list(LmState context, std::vector<Successor>* room) const = 0;
  virtual LmState suffix(LmState context) const = 0;
  virtual float backoff(LmState context) const = 0;

  const QueryModel& model_;

 private:
  // A context, and the sum of backoffs on the way to it.
  struct Step {
    LmState context;
    float backoff;
  };
  std::vector<Step> steps(LmState from) const;

  std::vector<float> unigrams_;     // nats by word, -inf for <s>
  std::vector<Successor> ordered_;  // the same, best first, without <s>
};

// For a model that outlives it. A hash table has its n-grams sorted, which takes eight bytes for
// each and four for each context; a compact trie lists them when they are asked for.
std::unique_ptr<const Successors> make_successors(const QueryModel& model);

}  // namespace tlg::lm
