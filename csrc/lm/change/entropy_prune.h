// Entropy pruning (Stolcke 1998): n-grams go whose removal hardly changes the model, to a threshold
// of relative perplexity, as SRILM -prune, or to a number of n-grams.
// Not for: cutoffs by counts (training does that).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "lm/change/history.h"
#include "lm/ngram_trie.h"

namespace tlg::lm {

// An n-gram below the threshold that is the suffix of one that stays must be in the model.
enum class PrunedSuffixes {
  kKeep,     // it stays as it is
  kBackOff,  // its probability becomes the backed-off one: SRILM's model, which leaves it out
};

struct PruneOptions {
  double threshold = 0;             // what changes the perplexity by less (relatively) goes
  std::vector<std::size_t> ngrams;  // not the threshold but a number: of all, or one per order
  int min_order = 2;                // n-grams shorter than this stay
  PrunedSuffixes suffixes = PrunedSuffixes::kKeep;
};

struct PruneFigures {
  double threshold = 0;           // the smallest change by an n-gram that stayed, or what was asked
  std::vector<std::size_t> kept;  // per order: n-grams of their own right
  std::vector<std::size_t> suffixes;  // per order: n-grams that are there as suffixes alone
};

// What the perplexity changes by, relatively, when one n-gram goes: exp(change of the entropy) - 1.
// changes[k - 1][node], empty for k = 1; infinite where the n-gram cannot be done without.
std::vector<std::vector<double>> perplexity_changes(const NgramTrie& trie,
                                                    const ContextProbs& contexts);

// Unigrams stay, and so does what is the context of an n-gram that stays. The probabilities that
// stay are what they were; the backoffs of contexts that lost n-grams are made anew, so that the
// sum after every context is what it was. Throws Error(kOption): fewer n-grams asked for than must
// stay.
NgramTrie prune(const NgramTrie& trie, const ContextProbs& contexts, const PruneOptions& options,
                PruneFigures* figures);

}  // namespace tlg::lm
