// All n-grams of a text with their counts, as a trie over reversed n-grams: the children of a node
// are its one-word extensions to the LEFT, so the parent of "a b c" is "b c".
// Built by sorting one packed key per token once; nothing is hashed.
// Not for: probabilities (see lm/smooth/smooth.h).
#pragma once

#include <cstdint>
#include <vector>

#include "lm/count/corpus.h"
#include "util/array.h"
#include "util/workspace.h"

namespace tlg::lm {

// One order of the trie. Nodes are in suffix order (by the last word, then the word before, ...),
// the order of lmplz's files; siblings are in the order of their words.
struct CountLevel {
  util::Array<WordId> word;  // the oldest word; empty for order 1, where node = word id
  util::Array<std::uint32_t> first_child;  // of each node and one past the end; not at the top
  // Kneser-Ney's adjusted count: how often the n-gram occurs, for the top order and for n-grams
  // that begin with <s>; else how many different words stand to its left.
  util::Array<std::uint32_t> count;
  // How often the n-gram occurs. Empty where that follows from the counts: see raw_counts().
  util::Array<std::uint32_t> raw;
};

// Invariant: level[k - 1].first_child is non-decreasing and ends with the size of level[k];
// no n-gram has two <s>; </s> is nobody's parent's left word. With a closed vocabulary no n-gram
// has <unk>; all outside words together are one more word to the left.
struct CountTrie {
  std::vector<CountLevel> levels;  // levels[k - 1]
  // How often the last n-gram of each order occurs, where it is a suffix of the last n-gram of the
  // top order; else 0. lmplz counts it so (see CountOfCounts).
  std::vector<std::uint32_t> last_raw_count;
  int order() const { return static_cast<int>(levels.size()); }
};

// Takes the ids out of the corpus, which has a sentence or more. order 1 to 9. Throws Error(kText)
// for 2^32 tokens or more.
CountTrie count_ngrams(Corpus* corpus, int order);

// How often each n-gram of the trie occurs in the text, per order.
std::vector<util::Array<std::uint32_t>> raw_counts(const CountTrie& trie,
                                                   util::Workspace workspace = {});

}  // namespace tlg::lm
