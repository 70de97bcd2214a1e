#include "lm/change/renormalise.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "lm/context_index.h"
#include "lm/ngram_sums.h"

namespace tlg::lm {
namespace {

// Less than this is what rounding leaves of nothing.
constexpr double kNothing = 1e-12;
// What rounding to the digits of a file may make of a sum of 1.
constexpr double kRounding = 1e-4;

float backoff_of(double mass, double lower) {
  if (mass <= kNothing) return kLog10Zero;
  return lower <= kNothing ? 0.0f : log10_of(mass / lower);
}

// Adds, over the n-grams of order k that count, their probabilities and those of their suffixes to
// what their contexts have.
template <typename Counts>
void add_seen(const NgramTrie& trie, int k, Counts&& counts, util::Array<double>* seen,
              util::Array<double>* lower) {
  const NgramLevel& level = trie.level(k);
  const NgramLevel& below = trie.level(k - 1);
  for (WordId word = 0; word < trie.level(1).size(); ++word) {
    if (static_cast<std::int64_t>(word) == trie.bos) continue;  // no event
    const NodeRange from = ending_with(trie, k - 1, word);
    for (std::size_t parent = from.begin; parent < from.end; ++parent) {
      const double suffix = prob_of(below.log10_prob[parent]);
      for (NodeId i = below.first_child[parent]; i < below.first_child[parent + 1]; ++i) {
        if (!counts(i)) continue;
        (*seen)[level.context[i]] += prob_of(level.log10_prob[i]);
        (*lower)[level.context[i]] += suffix;
      }
    }
  }
}

}  // namespace

ContextMasses context_masses(const NgramTrie& trie, int k,
                             const std::vector<util::Array<double>>& sums) {
  const NgramLevel& below = trie.level(k - 1);
  ContextMasses made{util::Array<double>(below.size(), 0.0),
                     util::Array<double>(below.size(), 0.0)};
  add_seen(trie, k, [](NodeId) { return true; }, &made.unseen, &made.unseen_lower);
  const util::Array<NodeId> suffix = k == 2 ? util::Array<NodeId>() : parents(trie, k - 1);
  const util::Array<double>& lower_sums = sums[static_cast<std::size_t>(k) - 2];
  // A sum that is 1 but for rounding is 1, as in SRILM: then n-grams at the very threshold go or
  // stay as they do there.
  const auto whole = [](double sum) { return std::abs(sum - 1) < kRounding ? 1.0 : sum; };
  for (std::size_t i = 0; i < below.size(); ++i) {
    const double sum = sums[static_cast<std::size_t>(k) - 1][i];
    made.unseen[i] = std::max(whole(sum) - made.unseen[i], 0.0);
    made.unseen_lower[i] =
        std::max(whole(lower_sums[k == 2 ? 0 : suffix[i]]) - made.unseen_lower[i], 0.0);
  }
  return made;
}

NgramValues values_of_part(const NgramTrie& trie,
                           const std::vector<std::vector<std::uint8_t>>& keep) {
  const std::vector<util::Array<double>> sums = context_sums(trie);
  NgramValues made;
  made.log10_prob.push_back(trie.level(1).log10_prob.copy());
  for (int k = 2; k <= trie.order(); ++k) {
    const NgramLevel& level = trie.level(k);
    const NgramLevel& below = trie.level(k - 1);
    const std::vector<std::uint8_t>& stays = keep[static_cast<std::size_t>(k) - 1];
    const util::Array<NodeId> parent = parents(trie, k);
    // A context's backoff changes when it loses an n-gram, or when the suffix of one that stays is
    // made up: what it backs off for has another sum then.
    std::vector<std::uint8_t> changes(below.size(), 0), left(below.size(), 0);
    for (std::size_t i = 0; i < level.size(); ++i) {
      (stays[i] == 1 ? left : changes)[level.context[i]] = 1;
      if (stays[i] == 1 && keep[static_cast<std::size_t>(k) - 2][parent[i]] == 2)
        changes[level.context[i]] = 1;
    }
    util::Array<double> seen(below.size(), 0.0), seen_lower(below.size(), 0.0);
    const util::Array<float>& lower_probs = made.log10_prob.back();
    const NodeRange starts =
        trie.bos < 0 ? NodeRange{0, 0} : ending_with(trie, k, static_cast<WordId>(trie.bos));
    for (std::size_t i = 0; i < level.size(); ++i) {
      if (stays[i] != 1 || (i >= starts.begin && i < starts.end)) continue;
      const NodeId context = level.context[i];
      if (!changes[context]) continue;
      seen[context] += prob_of(level.log10_prob[i]);
      seen_lower[context] += prob_of(lower_probs[parent[i]]);
    }
    const util::Array<NodeId> suffix = k == 2 ? util::Array<NodeId>() : parents(trie, k - 1);
    const util::Array<double>& wanted = sums[static_cast<std::size_t>(k) - 1];
    const util::Array<double>& lower_sums = sums[static_cast<std::size_t>(k) - 2];
    util::Array<float> backoff = below.log10_backoff.copy();
    for (std::size_t i = 0; i < below.size(); ++i) {
      if (!changes[i]) continue;
      backoff[i] =
          backoff_of(wanted[i] - seen[i], lower_sums[k == 2 ? 0 : suffix[i]] - seen_lower[i]);
      // A context that nothing follows any more costs nothing: rounding must not say otherwise.
      if (!left[i] && std::abs(backoff[i]) < 1e-6f) backoff[i] = 0;
    }
    util::Array<float> prob = level.log10_prob.copy();
    for (std::size_t i = 0; i < level.size(); ++i)
      if (stays[i] == 2)
        prob[i] = std::min(std::max(backoff[level.context[i]] + lower_probs[parent[i]], kLog10Zero),
                           0.0f);
    made.log10_prob.push_back(std::move(prob));
    made.log10_backoff.push_back(std::move(backoff));
  }
  return made;
}

void renormalise(NgramTrie* trie) {
  util::Array<double> lower_sums(1, 0.0);
  for (std::size_t word = 0; word < trie->level(1).size(); ++word)
    if (static_cast<std::int64_t>(word) != trie->bos)
      lower_sums[0] += prob_of(trie->level(1).log10_prob[word]);
  for (int k = 2; k <= trie->order(); ++k) {
    NgramLevel& below = trie->levels[static_cast<std::size_t>(k) - 2];
    std::vector<std::uint8_t> followed(below.size(), 0);
    for (const NodeId context : trie->level(k).context) followed[context] = 1;
    util::Array<double> seen(below.size(), 0.0), seen_lower(below.size(), 0.0);
    add_seen(*trie, k, [](NodeId) { return true; }, &seen, &seen_lower);
    const util::Array<NodeId> suffix = k == 2 ? util::Array<NodeId>() : parents(*trie, k - 1);
    for (std::size_t i = 0; i < below.size(); ++i) {
      const double lower = lower_sums[k == 2 ? 0 : suffix[i]] - seen_lower[i];
      below.log10_backoff[i] = followed[i] ? backoff_of(1 - seen[i], lower) : 0.0f;
      seen[i] += prob_of(below.log10_backoff[i]) * lower;
    }
    lower_sums = std::move(seen);
  }
}

}  // namespace tlg::lm
