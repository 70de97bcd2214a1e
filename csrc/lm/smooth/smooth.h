// Counts to a backoff model, by any of the classic smoothing methods. One engine does them all:
//   p(w | h) = own(hw) + gamma(h) p(w | h')           interpolated
//   p(w | h) = own(hw), or bow(h) p(w | h') if hw was not seen         backoff
// where own(hw) = (c(hw) - removed(c(hw))) / den(h); the methods differ in the counts, in what is
// removed from them and in den(h). Formulas and sources: docs/smoothing.md.
// Not for: entropy pruning and mixing (lm/change).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lm/count/count_trie.h"
#include "lm/ngram_trie.h"

namespace tlg::lm {

enum class Smoothing {
  kModifiedKneserNey,
  kKneserNey,
  kAbsolute,
  kWittenBell,
  kKatz,
  kAddK,
  kMaximumLikelihood,
  kJelinekMercer,
};

// The counts from which discounts are taken.
enum class CountOfCounts {
  // Adjusted for Kneser-Ney, as lmplz counts: it enters the last n-gram of each order below the
  // highest (in suffix order, where it is a suffix of the last one of the highest order) with the
  // number of times it occurs.
  kLmplz,
  kExact,  // the formula
  kRaw,    // occurrences, for Kneser-Ney too: SRILM's -kn-modify-counts-at-end
};

// What a threshold of pruning is compared with.
enum class PruneCounts {
  kRaw,       // how often an n-gram occurs, as lmplz
  kAdjusted,  // Kneser-Ney's adjusted count, as SRILM; the parts of what is kept are listed
};

struct SmoothingOptions {
  Smoothing smoothing = Smoothing::kModifiedKneserNey;
  bool backoff = false;  // the backoff form; Katz and maximum likelihood have no other
  CountOfCounts count_of_counts = CountOfCounts::kLmplz;
  bool discount_fallback = true;
  // Modified Kneser-Ney: for the counts 1, 2, 3 and more; Kneser-Ney and absolute: one for all.
  std::vector<double> fallback = {0.5, 1.0, 1.5};
  // N-grams that occur at most this often are dropped; one per order, the last repeats, so that
  // {} keeps all. Non-decreasing.
  std::vector<std::uint64_t> prune;
  PruneCounts prune_counts = PruneCounts::kRaw;
  bool interpolate_unigrams = true;
  std::uint64_t vocab_pad = 0;
  bool limit_vocab = false;
  std::vector<std::string> vocab;  // with limit_vocab: n-grams with another word are dropped
  double k = 1;                    // of add-k
  // Katz: the highest count that is discounted, one per order, the last repeats.
  std::vector<int> gt_max = {1, 7};
  bool weight_buckets = false;  // Jelinek-Mercer: a weight for each size of context
};

struct OrderReport {
  std::uint64_t counted = 0, kept = 0;  // different n-grams
  std::vector<std::uint64_t> t;         // how many have the count 1, 2, ...
  std::vector<double> discount;         // taken from the counts 1, 2, ...; Katz: what they become
  std::string fallback;                 // why the fallback values are used; empty if they are not
  // Jelinek-Mercer: the weight of this order; with buckets, for contexts seen 1, 2-3, 4-7, ...
  // times.
  std::vector<double> weight;
};

struct TrainedModel {
  NgramTrie trie;
  std::vector<OrderReport> orders;
};

// Takes the ids out of the corpus, whose job says how; a closed one has no <unk> and no mass for
// it. `heldout` is for Jelinek-Mercer alone. Throws Error(kOption) for
// options that contradict each other and Error(kText) for a text without sentences, or where
// discounts fail and there is no fallback.
TrainedModel train(Corpus* corpus, int order, const SmoothingOptions& options,
                   const Corpus* heldout = nullptr);

// The same from counts; the corpus gives the words that their ids stand for, not its text.
TrainedModel train(CountTrie counted, const Corpus& corpus, const SmoothingOptions& options,
                   const Corpus* heldout = nullptr);

// Is Kneser-Ney's adjusted count what this method counts?
inline bool counts_adjusted(Smoothing smoothing) {
  return smoothing == Smoothing::kModifiedKneserNey || smoothing == Smoothing::kKneserNey;
}

}  // namespace tlg::lm
