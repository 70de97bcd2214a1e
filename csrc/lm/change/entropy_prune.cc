#include "lm/change/entropy_prune.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "lm/change/renormalise.h"
#include "lm/change/trie_filter.h"
#include "lm/ngram_sums.h"
#include "util/error.h"

namespace tlg::lm {
namespace {

using Changes = std::vector<std::vector<double>>;
using Keep = std::vector<std::vector<std::uint8_t>>;

constexpr double kInfinite = std::numeric_limits<double>::infinity();

// What must stay with an n-gram changes as much as it does: its context, and its suffix where that
// is not made up. A choice of the largest changes is closed then.
void raise_what_is_needed(const NgramTrie& trie, bool suffixes, Changes* changes) {
  for (int k = trie.order(); k > 2; --k) {
    const std::vector<double>& here = (*changes)[static_cast<std::size_t>(k) - 1];
    std::vector<double>& below = (*changes)[static_cast<std::size_t>(k) - 2];
    const NgramLevel& level = trie.level(k);
    const util::Array<NodeId>& first_child = trie.level(k - 1).first_child;
    for (std::size_t parent = 0; parent < below.size(); ++parent)
      for (NodeId i = first_child[parent]; i < first_child[parent + 1]; ++i) {
        double& context = below[level.context[i]];
        context = std::max(context, here[i]);
        if (suffixes) below[parent] = std::max(below[parent], here[i]);
      }
  }
}

struct Ngram {
  double change;
  int k;
  NodeId node;
  // The order in which they stay: a context and a suffix before what needs them.
  friend bool operator<(const Ngram& a, const Ngram& b) {
    if (a.change != b.change) return a.change > b.change;
    return a.k != b.k ? a.k < b.k : a.node < b.node;
  }
};

[[noreturn]] void too_few(std::size_t wanted, std::size_t needed, const std::string& which) {
  throw Error(ErrorKind::kOption,
              "ngrams: " + std::to_string(wanted) + which + " are fewer than the " +
                  std::to_string(needed) + " that must stay",
              "Ask for more, or limit the vocabulary first");
}

// The `wanted` first of the n-grams; returns the smallest change among them.
double choose(std::vector<Ngram>* listed, std::size_t wanted, Keep* keep) {
  wanted = std::min(wanted, listed->size());
  const auto end = listed->begin() + static_cast<std::ptrdiff_t>(wanted);
  if (end != listed->end()) std::nth_element(listed->begin(), end, listed->end());
  double smallest = kInfinite;
  for (auto one = listed->begin(); one != end; ++one) {
    (*keep)[static_cast<std::size_t>(one->k) - 1][one->node] = 1;
    smallest = std::min(smallest, one->change);
  }
  return smallest;
}

double choose_total(const Changes& changes, int min_order, std::size_t wanted, Keep* keep) {
  std::size_t stay = 0, longer = 0;
  for (std::size_t k = 1; k <= keep->size(); ++k) {
    if (static_cast<int>(k) < min_order)
      stay += (*keep)[k - 1].size();
    else
      longer += (*keep)[k - 1].size();
  }
  if (wanted < stay) too_few(wanted, stay, "");
  std::vector<Ngram> listed;
  listed.reserve(longer);
  for (int k = min_order; k <= static_cast<int>(keep->size()); ++k)
    for (std::size_t i = 0; i < changes[static_cast<std::size_t>(k) - 1].size(); ++i)
      listed.push_back({changes[static_cast<std::size_t>(k) - 1][i], k, static_cast<NodeId>(i)});
  return choose(&listed, wanted - stay, keep);
}

double choose_per_order(const NgramTrie& trie, const Changes& changes, int min_order, bool suffixes,
                        const std::vector<std::size_t>& wanted, Keep* keep) {
  double smallest = kInfinite;
  for (int k = 1; k <= trie.order(); ++k) {
    const std::size_t at = static_cast<std::size_t>(k) - 1;
    const std::size_t size = (*keep)[at].size();
    if (k < min_order) {
      if (wanted[at] < size) too_few(wanted[at], size, " of order " + std::to_string(k));
      continue;
    }
    std::vector<Ngram> listed;
    const util::Array<NodeId>& first_child = trie.level(k - 1).first_child;
    for (std::size_t parent = 0; parent + 1 < first_child.size(); ++parent)
      for (NodeId i = first_child[parent]; i < first_child[parent + 1]; ++i)
        if ((*keep)[at - 1][trie.level(k).context[i]] && (!suffixes || (*keep)[at - 1][parent]))
          listed.push_back({changes[at][i], k, i});
    smallest = std::min(smallest, choose(&listed, wanted[at], keep));
  }
  return smallest;
}

// The suffixes of what stays, where they do not stay themselves: marked with 2.
void add_suffixes(const NgramTrie& trie, Keep* keep) {
  for (int k = trie.order(); k > 2; --k) {
    const std::vector<std::uint8_t>& here = (*keep)[static_cast<std::size_t>(k) - 1];
    std::vector<std::uint8_t>& below = (*keep)[static_cast<std::size_t>(k) - 2];
    const util::Array<NodeId>& first_child = trie.level(k - 1).first_child;
    for (std::size_t parent = 0; parent < below.size(); ++parent)
      for (NodeId i = first_child[parent]; i < first_child[parent + 1] && !below[parent]; ++i)
        if (here[i]) below[parent] = 2;
  }
}

}  // namespace

Changes perplexity_changes(const NgramTrie& trie, const ContextProbs& contexts) {
  const std::vector<util::Array<double>> sums = context_sums(trie);
  Changes changes(static_cast<std::size_t>(trie.order()));
  for (int k = 2; k <= trie.order(); ++k) {
    const NgramLevel& level = trie.level(k);
    const NgramLevel& below = trie.level(k - 1);
    const ContextMasses masses = context_masses(trie, k, sums);
    std::vector<double>& here = changes[static_cast<std::size_t>(k) - 1];
    here.resize(level.size());
    for (std::size_t parent = 0; parent < below.size(); ++parent) {
      const double lower = prob_of(below.log10_prob[parent]);
      const double log_lower = std::log(lower);
      for (NodeId i = below.first_child[parent]; i < below.first_child[parent + 1]; ++i) {
        const NodeId context = level.context[i];
        const double prob = prob_of(level.log10_prob[i]);
        // What the context leaves to backing off, and what the words it backs off for have there;
        // without the n-gram both are larger.
        const double unseen = masses.unseen[context], unseen_lower = masses.unseen_lower[context];
        const double log_backoff = std::log((unseen + prob) / (unseen_lower + lower));
        double change = prob > 0 ? prob * (log_lower + log_backoff - std::log(prob)) : 0;
        if (unseen > 0)
          change += unseen * (log_backoff - std::log(prob_of(below.log10_backoff[context])));
        const double entropy = -contexts[static_cast<std::size_t>(k) - 2][context] * change;
        here[i] = lower > 0 && !std::isnan(entropy) ? std::expm1(entropy) : kInfinite;
      }
    }
  }
  return changes;
}

NgramTrie prune(const NgramTrie& trie, const ContextProbs& contexts, const PruneOptions& options,
                PruneFigures* figures) {
  const auto order = static_cast<std::size_t>(trie.order());
  const int min_order = std::max(options.min_order, 2);
  const bool suffixes = options.suffixes == PrunedSuffixes::kKeep;
  if (options.ngrams.size() > 1 && options.ngrams.size() != order)
    throw Error(ErrorKind::kOption,
                "ngrams: " + std::to_string(options.ngrams.size()) +
                    " numbers for a model of order " + std::to_string(order),
                "Give one number, or one per order");
  Changes changes = perplexity_changes(trie, contexts);
  raise_what_is_needed(trie, suffixes, &changes);
  *figures = PruneFigures();
  figures->threshold = options.threshold;
  Keep keep(order);
  for (std::size_t k = 1; k <= order; ++k)
    keep[k - 1].assign(trie.levels[k - 1].size(), static_cast<int>(k) < min_order);
  if (options.ngrams.size() == 1) {
    figures->threshold = choose_total(changes, min_order, options.ngrams[0], &keep);
  } else if (!options.ngrams.empty()) {
    figures->threshold =
        choose_per_order(trie, changes, min_order, suffixes, options.ngrams, &keep);
  } else {
    for (std::size_t k = static_cast<std::size_t>(min_order); k <= order; ++k)
      for (std::size_t i = 0; i < keep[k - 1].size(); ++i)
        keep[k - 1][i] = options.threshold <= 0 || !(changes[k - 1][i] < options.threshold);
  }
  Changes().swap(changes);
  add_suffixes(trie, &keep);
  for (const std::vector<std::uint8_t>& level : keep) {
    figures->kept.push_back(static_cast<std::size_t>(std::count(level.begin(), level.end(), 1)));
    figures->suffixes.push_back(
        static_cast<std::size_t>(std::count(level.begin(), level.end(), 2)));
  }
  return filter(trie, keep, values_of_part(trie, keep));
}

}  // namespace tlg::lm
