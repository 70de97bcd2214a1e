// What may follow a state of a compact trie, read from the trie itself: its children are the words
// seen after a context. Not for: hash tables, which cannot be listed (lm/query/successors.h).
#pragma once

#include <cstddef>
#include <vector>

#include "lm/query/compact_model.h"
#include "lm/query/successors.h"

namespace tlg::lm {

// The same two answers as Successors, in the same order and to the same bit.
class CompactSuccessors {
 public:
  // Sorts the unigrams, eight bytes each; contexts are read when they are asked for.
  explicit CompactSuccessors(const CompactModel& model);

  void distribution(const CompactModel& model, LmState from, float* scores) const;
  std::vector<Successor> best(const CompactModel& model, LmState from, std::size_t count) const;

 private:
  std::vector<Successor> unigrams_;  // best first; <s> last
};

}  // namespace tlg::lm
