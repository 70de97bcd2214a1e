// What one model says of the n-grams of another: every n-gram of a trie gets the probability that
// a second model gives it, backed off where needed, in one pass and without hashing.
// Not for: scoring texts (lm/query).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lm/ngram_trie.h"
#include "util/array.h"

namespace tlg::lm {

// What a model thinks of words that it lacks and others have.
enum class UnknownWords {
  kShare,  // they and <unk> have equal shares of what it gives <unk>
  kZero,   // they have probability 0, <unk> keeps what it has
};

// The words of one vocabulary in another. The special words correspond by what they are; an unknown
// word is <unk> in a context.
struct WordMap {
  std::vector<WordId> id;          // kNoWord: neither the word nor <unk> is there
  std::vector<float> log10_share;  // what to add to the log10 probability of `id`
};
WordMap map_words(const NgramTrie& from, const NgramTrie& to, UnknownWords unknown);

struct Projection {
  std::vector<util::Array<float>> log10_prob;  // [k - 1][node]
  // Of the n-gram as a context; 0 where the model lacks it. Orders 1 to the trie's less 1.
  std::vector<util::Array<float>> log10_backoff;
};

// What `model` says of the n-grams of `trie`. Where it lacks an n-gram it backs off, as in queries.
Projection project(const NgramTrie& trie, const NgramTrie& model, UnknownWords unknown);

}  // namespace tlg::lm
