// Interpolated modified Kneser-Ney: counts to probabilities, number for number as lmplz does it.
// Sources: S. F. Chen and J. Goodman, An empirical study of smoothing techniques for language
// modeling (TR-10-98, 1998), eq. 17 and 26; K. Heafield et al., Scalable modified Kneser-Ney
// language model estimation (ACL 2013). Formulas and choices: docs/lm.md.
// Not for: other smoothings, entropy pruning.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "lm/count/count_trie.h"
#include "lm/ngram_trie.h"

namespace tlg::lm {

// lmplz enters the last n-gram of each order below the highest (in suffix order, where it is a
// suffix of the last one of the highest order) into the count-of-counts with the number of times it
// occurs, not with its adjusted count.
enum class CountOfCounts { kLmplz, kExact };

struct KneserNeyOptions {
  CountOfCounts count_of_counts = CountOfCounts::kLmplz;
  bool discount_fallback = true;
  std::array<double, 3> fallback = {0.5, 1.0, 1.5};
  // N-grams that occur at most this often are dropped; one per order, the last repeats, so that
  // {} keeps all. Non-decreasing.
  std::vector<std::uint64_t> prune;
  bool interpolate_unigrams = true;
  std::uint64_t vocab_pad = 0;
  bool limit_vocab = false;
  std::vector<std::string> vocab;  // with limit_vocab: n-grams with another word are dropped
};

struct OrderReport {
  std::uint64_t counted = 0, kept = 0;  // different n-grams
  std::array<std::uint64_t, 4> t{};     // how many have the adjusted count 1, 2, 3, 4
  std::array<double, 3> discount{};     // for the counts 1, 2, 3 and more
  std::string fallback;                 // why the fallback values are used; empty if they are not
};

struct TrainedModel {
  NgramTrie trie;
  std::vector<OrderReport> orders;
};

// Takes the ids out of the corpus. Throws Error(kOption) for options that contradict each other and
// Error(kText) for a text without sentences, or where discounts fail and there is no fallback.
TrainedModel train_kneser_ney(Corpus* corpus, int order, const KneserNeyOptions& options);

}  // namespace tlg::lm
