// A model with another vocabulary: fewer words, or more.
// Not for: limiting the words while training (lm/smooth does that with the counts at hand).
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "lm/ngram_trie.h"

namespace tlg::lm {

// Where the probability of the words that go is put.
enum class RemovedMass {
  // To <unk>, after every context: p(<unk>|h) becomes what <unk> and these words had together, all
  // other words keep theirs.
  kUnk,
  // To the words that stay, in proportion, after every context: what the model says given that the
  // word is one of those.
  kSpread,
};

// Marks the words in a list, by id; those that the model does not have go to `missing`, once each.
std::vector<std::uint8_t> mark_words(const NgramTrie& trie, const std::vector<std::string>& words,
                                     std::vector<std::string>* missing);

// Words with keep[id] != 0 and the special words stay; n-grams with any other word go.
// Throws Error(kOption): kUnk for a model without <unk>; nothing stays to spread to.
NgramTrie limit_vocabulary(const NgramTrie& trie, const std::vector<std::uint8_t>& keep,
                           RemovedMass removed);

// Adds words that the model lacks; each has a share of p(<unk>), and after every context where
// <unk> has no n-gram of its own the same share of that. The sums stay what they were.
// Throws Error(kOption): no <unk> or of probability 0; shares not above 0, or more than 1 together.
NgramTrie add_words(const NgramTrie& trie,
                    const std::vector<std::pair<std::string, double>>& shares);

}  // namespace tlg::lm
