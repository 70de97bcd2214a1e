// What follows each context: the n-grams of one order by their context, then by their last word.
// The trie itself leads from an n-gram to its extensions to the left; this is the other direction.
// Not for: probabilities of words that were not seen after a context (back off: lm/query).
#pragma once

#include <algorithm>
#include <cstddef>

#include "lm/ngram_trie.h"
#include "util/array.h"

namespace tlg::lm {

inline constexpr NodeId kNoNode = 0xffffffffU;

// The nodes of order k that end with `word` lie together: [begin, end).
struct NodeRange {
  std::size_t begin, end;
};
inline NodeRange ending_with(const NgramTrie& trie, int k, WordId word) {
  NodeRange range{word, std::size_t{word} + 1};
  for (int j = 1; j < k; ++j) {
    const util::Array<NodeId>& first_child = trie.level(j).first_child;
    range = {first_child[range.begin], first_child[range.end]};
  }
  return range;
}

// The last word of each n-gram of order k.
inline util::Array<WordId> last_words(const NgramTrie& trie, int k) {
  util::Array<WordId> last(trie.level(k).size());
  for (WordId word = 0; word < trie.level(1).size(); ++word) {
    const NodeRange range = ending_with(trie, k, word);
    std::fill(last.begin() + range.begin, last.begin() + range.end, word);
  }
  return last;
}

// The parent (the n-gram without its oldest word) of each n-gram of order k, which is 2 or more.
inline util::Array<NodeId> parents(const NgramTrie& trie, int k) {
  const util::Array<NodeId>& first_child = trie.level(k - 1).first_child;
  util::Array<NodeId> parent(trie.level(k).size());
  for (NodeId node = 0; node + 1 < first_child.size(); ++node)
    std::fill(parent.begin() + first_child[node], parent.begin() + first_child[node + 1], node);
  return parent;
}

// The child of a node of order k - 1 whose oldest word is `word`; kNoNode where there is none.
inline NodeId find_child(const NgramTrie& trie, int k, NodeId parent, WordId word) {
  const util::Array<NodeId>& first_child = trie.level(k - 1).first_child;
  const WordId* words = trie.level(k).word.data();
  const WordId* begin = words + first_child[parent];
  const WordId* end = words + first_child[parent + 1];
  const WordId* found = std::lower_bound(begin, end, word);
  return found != end && *found == word ? static_cast<NodeId>(found - words) : kNoNode;
}

// Invariant: positions begin(c) to end(c) are the n-grams with the context c, words ascending.
class ContextIndex {
 public:
  // Of the n-grams of order k, which is 2 or more; their contexts are the nodes of order k - 1.
  // Eight bytes an n-gram and four a context; one counting sort.
  ContextIndex(const NgramTrie& trie, int k)
      : begin_(trie.level(k - 1).size() + 1, 0),
        node_(trie.level(k).size()),
        word_(trie.level(k).size()) {
    const util::Array<NodeId>& context = trie.level(k).context;
    for (const NodeId one : context) ++begin_[one];
    NodeId sum = 0;
    for (NodeId& one : begin_) {
      sum += one;
      one = sum;
    }
    // From the last to the first, so that each context's begin is right in the end.
    for (auto word = static_cast<WordId>(trie.level(1).size()); word-- > 0;) {
      const NodeRange range = ending_with(trie, k, word);
      for (std::size_t i = range.end; i-- > range.begin;) {
        const NodeId at = --begin_[context[i]];
        node_[at] = static_cast<NodeId>(i);
        word_[at] = word;
      }
    }
  }

  std::size_t begin(NodeId context) const { return begin_[context]; }
  std::size_t end(NodeId context) const { return begin_[context + 1]; }
  NodeId node(std::size_t position) const { return node_[position]; }
  WordId word(std::size_t position) const { return word_[position]; }

  // The n-gram "context word"; kNoNode where there is none.
  NodeId find(NodeId context, WordId word) const {
    const WordId* end = word_.data() + begin_[context + 1];
    const WordId* found = std::lower_bound(word_.data() + begin_[context], end, word);
    return found != end && *found == word ? node_[static_cast<std::size_t>(found - word_.data())]
                                          : kNoNode;
  }

 private:
  util::Array<NodeId> begin_;  // of each context and one past the end
  util::Array<NodeId> node_;
  util::Array<WordId> word_;
};

}  // namespace tlg::lm
