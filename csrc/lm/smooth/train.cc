// Chooses counts, discounts and cutoffs as a method asks, and runs the engine.
#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "lm/smooth/estimate.h"
#include "lm/smooth/occurrences.h"
#include "util/error.h"

namespace tlg::lm {
namespace {

constexpr int kHighestOrder = 9;

[[noreturn]] void refuse(const std::string& what, const std::string& remedy = "") {
  throw Error(ErrorKind::kOption, what, remedy);
}

void check_options(const SmoothingOptions& options, int order, bool closed) {
  if (order < 1 || order > kHighestOrder)
    refuse("order " + std::to_string(order) + " is not from 1 to 9");
  if (options.prune.size() > static_cast<std::size_t>(order))
    refuse("prune has " + std::to_string(options.prune.size()) +
               " thresholds for a model of order " + std::to_string(order),
           "Give one per order at most; the last repeats");
  if (!std::is_sorted(options.prune.begin(), options.prune.end()))
    refuse("the thresholds of prune decrease",
           "Give them in non-decreasing order: an n-gram that is kept needs its parts");
  if (options.vocab_pad && !options.interpolate_unigrams)
    refuse("vocab_pad needs interpolate_unigrams",
           "Leave out one of the two: without it there is no uniform distribution to pad");
  if (closed && !options.interpolate_unigrams)
    refuse("a closed vocabulary needs interpolate_unigrams",
           "Leave out one of the two: there is no <unk> to give the mass to");
  for (std::size_t j = 0; j < options.fallback.size(); ++j) {
    const double highest = options.fallback.size() == 1 ? 1 : static_cast<double>(j + 1);
    if (!(options.fallback[j] >= 0 && options.fallback[j] <= highest))
      refuse("the fallback discount for the count " + std::to_string(j + 1) + " is not from 0 to " +
             std::to_string(j + 1));
  }
}

// Add-k keeps the counts of the longest contexts and of those that begin with <s>, whose n-grams
// begin so too; all other n-grams are listed as contexts, with the uniform distribution.
void keep_longest_counts(CountTrie* trie) {
  for (int k = 1; k < trie->order(); ++k) {
    CountLevel& level = trie->levels[k - 1];
    for (std::size_t node = 0; node < level.count.size(); ++node)
      if (k == 1 || level.word[node] != kBosId) level.count[node] = 0;
  }
}

std::vector<OrderReport> find_all_discounts(Estimation* given, bool all_words,
                                            const SmoothingOptions& options,
                                            util::Workspace* workspace) {
  const CountTrie& trie = given->trie;
  given->discounts.resize(trie.levels.size());
  std::vector<OrderReport> reports(trie.levels.size());
  const auto find = [&](int k, const util::Array<std::uint32_t>& counts) {
    const bool lmplz =
        counts_adjusted(options.smoothing) && options.count_of_counts == CountOfCounts::kLmplz;
    FoundDiscounts found = find_discounts(counts, k, lmplz ? trie.last_raw_count[k - 1] : 0,
                                          k == 1 && all_words, options);
    given->discounts[k - 1] = std::move(found.discounts);
    reports[k - 1] = std::move(found.report);
  };
  if (counts_adjusted(options.smoothing) && options.count_of_counts == CountOfCounts::kRaw) {
    for_occurrences(trie, workspace, find);
  } else {
    for (int k = 1; k <= trie.order(); ++k) find(k, trie.levels[k - 1].count);
  }
  return reports;
}

TrainedModel smooth(CountTrie counted, const Corpus& corpus, const SmoothingOptions& options,
                    const Corpus* heldout) {
  util::Job& job = corpus.job();
  const WordTable& words = corpus.words();
  Estimation given;
  given.trie = std::move(counted);
  CountTrie& trie = given.trie;
  const int order = trie.order();
  const bool occurs = !counts_adjusted(options.smoothing);
  if (occurs) count_occurrences(&trie);
  given.contexts.resize(trie.levels.size());
  const bool learns = options.smoothing == Smoothing::kJelinekMercer;
  if (options.prune_counts == PruneCounts::kAdjusted || learns)
    for (int k = 2; k <= order; ++k)
      given.contexts[k - 1] = find_contexts(trie, k, given.contexts[k - 2], &job);
  given.cutoffs = find_cutoffs(trie, occurs, corpus, given.contexts, options);

  const util::Array<std::uint32_t>& unigrams = trie.levels[0].count;
  std::size_t listed = 0, seen = 0;
  for (std::size_t word = 0; word < unigrams.size(); ++word) {
    const bool kept = given.cutoffs.empty() || given.cutoffs[0][word] != Keep::kDropped;
    listed += kept && word != kBosId;
    seen += kept && unigrams[word] > 0;
  }
  given.num_words = static_cast<double>(listed);
  given.uniform_size = static_cast<double>(std::max<std::uint64_t>(options.vocab_pad, listed));

  TrainedModel model;
  model.orders = find_all_discounts(&given, corpus.options().closed && seen == listed, options,
                                    &job.workspace);
  if (learns) {
    given.weights = learn_weights(given.trie, given.contexts, given.cutoffs, corpus, *heldout,
                                  given.uniform_size, options.weight_buckets);
    for (int k = 1; k <= order; ++k) model.orders[k - 1].weight = given.weights.weights[k - 1];
  }
  if (options.smoothing == Smoothing::kAddK) keep_longest_counts(&trie);

  model.trie.levels = estimate(&given, options, &job);
  model.trie.vocabulary.reserve(words.size());
  for (WordId word = 0; word < words.size(); ++word)
    model.trie.vocabulary.emplace_back(words.word(word));
  if (!given.cutoffs.empty()) leave_out(given.cutoffs, &job.workspace, &model.trie);
  name_specials(&model.trie);
  for (int k = 1; k <= order; ++k) model.orders[k - 1].kept = model.trie.level(k).size();
  return model;
}

}  // namespace

TrainedModel train(CountTrie counted, const Corpus& corpus, const SmoothingOptions& options,
                   const Corpus* heldout) {
  check_options(options, counted.order(), corpus.options().closed);
  SmoothingOptions asked = options;
  if (options.smoothing == Smoothing::kKatz || options.smoothing == Smoothing::kMaximumLikelihood)
    asked.backoff = true;
  return smooth(std::move(counted), corpus, asked, heldout);
}

TrainedModel train(Corpus* corpus, int order, const SmoothingOptions& options,
                   const Corpus* heldout) {
  check_options(options, order, corpus->options().closed);
  if (corpus->num_sentences() == 0)
    throw Error(ErrorKind::kText, "the text is empty: there is no sentence to train on",
                "Give some text");
  return train(count_ngrams(corpus, order), *corpus, options, heldout);
}

}  // namespace tlg::lm
