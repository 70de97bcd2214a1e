#include "lm/ngram_sums.h"

#include <cmath>

#include "lm/context_index.h"

namespace tlg::lm {
namespace {

constexpr double kLn10 = 2.302585092994045684;

// The n-gram as a node of order `length`; kNoNode where the model lacks it.
NodeId find_ngram(const NgramTrie& trie, const WordId* words, int length) {
  NodeId node = words[length - 1];
  for (int k = 2; k <= length && node != kNoNode; ++k)
    node = find_child(trie, k, node, words[length - k]);
  return node;
}

}  // namespace

double prob_of(float log10_prob) {
  return log10_prob <= kLog10Zero ? 0.0 : std::exp(log10_prob * kLn10);
}

float log10_of(double value) {
  return value <= 0 ? kLog10Zero : std::max(kLog10Zero, static_cast<float>(std::log10(value)));
}

std::vector<util::Array<double>> context_sums(const NgramTrie& trie) {
  const int order = trie.order();
  std::vector<util::Array<double>> sums;
  sums.emplace_back(1, 0.0);
  for (std::size_t word = 0; word < trie.level(1).size(); ++word)
    if (static_cast<std::int64_t>(word) != trie.bos)
      sums[0][0] += prob_of(trie.level(1).log10_prob[word]);
  for (int k = 1; k < order; ++k) {
    const NgramLevel& level = trie.level(k);
    const NgramLevel& above = trie.level(k + 1);
    util::Array<double> seen(level.size(), 0.0), backed_off(level.size(), 0.0);
    for (NodeId parent = 0; parent < level.size(); ++parent) {
      const double lower = prob_of(level.log10_prob[parent]);
      for (NodeId i = level.first_child[parent]; i < level.first_child[parent + 1]; ++i) {
        seen[above.context[i]] += prob_of(above.log10_prob[i]);
        backed_off[above.context[i]] += lower;
      }
    }
    if (trie.bos >= 0) {  // what the n-grams that end with <s> added
      const NodeRange range = ending_with(trie, k + 1, static_cast<WordId>(trie.bos));
      const util::Array<NodeId> parent =
          range.begin < range.end ? parents(trie, k + 1) : util::Array<NodeId>();
      for (std::size_t i = range.begin; i < range.end; ++i) {
        seen[above.context[i]] -= prob_of(above.log10_prob[i]);
        backed_off[above.context[i]] -= prob_of(level.log10_prob[parent[i]]);
      }
    }
    const util::Array<NodeId> suffix = k == 1 ? util::Array<NodeId>() : parents(trie, k);
    for (NodeId node = 0; node < level.size(); ++node) {
      const double lower = sums.back()[k == 1 ? 0 : suffix[node]];
      seen[node] += prob_of(level.log10_backoff[node]) * (lower - backed_off[node]);
    }
    sums.push_back(std::move(seen));
  }
  return sums;
}

double backed_off_prob(const NgramTrie& trie, const WordId* words, int length) {
  for (; length > trie.order(); --length) ++words;
  double weight = 1;
  for (; length > 1; --length, ++words) {
    const NodeId node = find_ngram(trie, words, length);
    if (node != kNoNode) return weight * prob_of(trie.level(length).log10_prob[node]);
    const NodeId context = find_ngram(trie, words, length - 1);
    if (context != kNoNode) weight *= prob_of(trie.level(length - 1).log10_backoff[context]);
  }
  return weight * prob_of(trie.level(1).log10_prob[words[0]]);
}

double brute_force_sum(const NgramTrie& trie, const WordId* context, int length) {
  std::vector<WordId> words(context, context + length);
  words.push_back(0);
  double sum = 0;
  for (WordId word = 0; word < trie.level(1).size(); ++word) {
    if (static_cast<std::int64_t>(word) == trie.bos) continue;
    words.back() = word;
    sum += backed_off_prob(trie, words.data(), length + 1);
  }
  return sum;
}

}  // namespace tlg::lm
