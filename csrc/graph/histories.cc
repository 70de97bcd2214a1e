#include "graph/histories.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <unordered_map>

#include "fst/fst.h"
#include "graph/hash.h"
#include "util/error.h"

namespace tlg::graph {
namespace {

using fst::kInfinity;

constexpr double kLn10 = 2.302585092994045684;

float to_cost(float log10_value) { return static_cast<float>(-kLn10 * log10_value) + 0.0f; }

double probability(float cost) { return std::exp(-static_cast<double>(cost)); }

std::size_t at(std::int32_t index) { return static_cast<std::size_t>(index); }

void check_number(float cost, const lm::NgramTrie& model, std::uint32_t last, int k) {
  if (!std::isnan(cost) && cost != -kInfinity) return;
  throw Error(ErrorKind::kArpa,
              "an n-gram of order " + std::to_string(k) + " that ends in '" +
                  model.vocabulary[last] + "' has a probability or backoff that is no number",
              "Train or convert the model again");
}

enum class Use { kNone, kWord, kEnd, kOov, kSlot, kHistoryOnly };

// What an n-gram is good for, by its words.
Use use_of(const std::uint32_t* words, int k, const std::vector<std::int32_t>& classes,
           GrammarReport* report) {
  bool known = true, misplaced = false;
  for (int j = 0; j + 1 < k; ++j) {
    const std::int32_t kind = classes[words[j]];
    known &= kind != kOov;
    misplaced |= kind == kEos || (kind == kBos && j > 0);
  }
  const std::int32_t kind = classes[words[k - 1]];
  misplaced |= k > 1 && kind == kBos;
  if (!known || kind == kOov) ++report->dropped_ngrams;
  if (known && misplaced) ++report->skipped_ngrams;
  if (!known || misplaced) return Use::kNone;
  if (kind == kOov) return Use::kOov;
  if (kind == kEos) return Use::kEnd;
  if (is_slot(kind)) return Use::kSlot;
  return kind >= 0 ? Use::kWord : Use::kHistoryOnly;
}

// p(word | history) by the ARPA rule, from what `listed` says for single histories.
template <typename Listed>
double backed_off(const Histories& histories, std::int32_t history, const Listed& listed) {
  double scale = 1.0, found = 0.0;
  for (; !listed(history, &found); history = histories.suffix[at(history)]) {
    if (history == 0) return 0.0;
    scale *= probability(histories.backoff[at(history)]);
  }
  return scale * found;
}

}  // namespace

Histories list_histories(const lm::NgramTrie& model, const std::vector<std::int32_t>& classes,
                         bool keep_oov, GrammarReport* report) {
  const int orders = model.order();
  std::size_t total = 1, count = 1;
  for (int k = 1; k <= orders; ++k) {
    total += model.level(k).size();
    if (k < orders || k == 1) count = total;
  }
  if (total > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()))
    throw Error(ErrorKind::kArpa, "the model has too many n-grams for one graph",
                "Prune it: tlg lm prune");
  Histories histories;
  histories.suffix.assign(count, 0);
  histories.backoff.assign(count, 0.0f);
  histories.backoff[0] = kInfinity;
  histories.final_cost.assign(count, kInfinity);
  histories.ngrams.reserve(total);
  std::int32_t below = 0;  // number of the history of the first n-gram one order down
  std::int32_t base = 1;   // and of this order
  for (int k = 1; k <= orders; ++k) {
    const lm::NgramLevel& level = model.level(k);
    const bool highest = k == orders && k > 1;
    for (lm::LevelWalk walk(model, k); !walk.done(); walk.next()) {
      const std::size_t i = walk.node();
      const std::uint32_t* words = walk.words();
      std::int32_t prefix = 0, suffix = 0;
      if (k > 1) {
        prefix = below + static_cast<std::int32_t>(level.context[i]);
        suffix = below + static_cast<std::int32_t>(walk.parent());
      }
      const std::int32_t self = base + static_cast<std::int32_t>(i);
      if (!highest) {
        histories.suffix[at(self)] = suffix;
        const float backoff = level.log10_backoff.empty() ? 0.0f : to_cost(level.log10_backoff[i]);
        check_number(backoff, model, words[k - 1], k);
        histories.backoff[at(self)] = backoff;
      }
      if (k == 1 && words[0] == model.bos) {
        histories.start = self;
        continue;  // what the file gives as its probability is never used
      }
      const float cost = to_cost(level.log10_prob[i]);
      check_number(cost, model, words[k - 1], k);
      const Use use = use_of(words, k, classes, report);
      if (cost == kInfinity && (use == Use::kWord || use == Use::kEnd || use == Use::kSlot)) {
        ++report->skipped_ngrams;
        continue;
      }
      if (use == Use::kEnd) {
        histories.final_cost[at(prefix)] = cost;
      } else if (use == Use::kWord) {
        histories.ngrams.push_back({prefix, static_cast<std::uint32_t>(classes[words[k - 1]]), cost,
                                    highest ? suffix : self});
      } else if (use == Use::kOov && keep_oov) {
        histories.oov.push_back({prefix, words[k - 1], cost, highest ? suffix : self});
      } else if (use == Use::kSlot) {
        const auto slot = static_cast<std::uint32_t>(kFirstSlot - classes[words[k - 1]]);
        histories.slots.push_back({prefix, slot, cost, highest ? suffix : self});
      }
    }
    below = base;
    base += static_cast<std::int32_t>(level.size());
  }
  return histories;
}

void map_oov_to_unk(std::uint32_t unk, Histories* histories) {
  // Words by LM number, `<unk>` under a number that no LM word has.
  constexpr std::uint32_t kUnk = ~std::uint32_t{0} - 1;
  std::unordered_map<std::uint64_t, double> listed;
  std::unordered_map<std::int32_t, std::size_t> unk_ngram;  // history -> place in ngrams
  std::unordered_map<std::int32_t, double> mass;            // history -> new probability of `<unk>`
  std::vector<Ngram> all = histories->oov;
  for (std::size_t i = 0; i < histories->ngrams.size(); ++i) {
    const Ngram& ngram = histories->ngrams[i];
    if (ngram.word != unk) continue;
    unk_ngram.emplace(ngram.history, i);
    all.push_back({ngram.history, kUnk, ngram.cost, ngram.target});
  }
  // Shorter histories first, and an order that no hash table decides: the sums depend on it.
  std::sort(all.begin(), all.end(), [](const Ngram& a, const Ngram& b) {
    return a.history != b.history ? a.history < b.history : a.word < b.word;
  });
  for (const Ngram& n : all)
    listed[pair_key(static_cast<std::uint32_t>(n.history), n.word)] = probability(n.cost);
  const auto of_word = [&](std::uint32_t word) {
    return [&listed, word](std::int32_t history, double* found) {
      const auto place = listed.find(pair_key(static_cast<std::uint32_t>(history), word));
      if (place != listed.end()) *found = place->second;
      return place != listed.end();
    };
  };
  const auto of_mass = [&](std::int32_t history, double* found) {
    const auto place = mass.find(history);
    if (place != mass.end()) *found = place->second;
    return place != mass.end();
  };
  for (std::size_t i = 0; i < all.size();) {
    const std::int32_t history = all[i].history, shorter = histories->suffix[at(history)];
    double own = 0.0, below = 0.0;
    for (; i < all.size() && all[i].history == history; ++i) {
      own += probability(all[i].cost);
      if (history != 0) below += backed_off(*histories, shorter, of_word(all[i].word));
    }
    const double rest = std::max(0.0, backed_off(*histories, shorter, of_mass) - below);
    mass[history] = history == 0 ? own : own + probability(histories->backoff[at(history)]) * rest;
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::int32_t history = all[i].history;
    if ((i > 0 && all[i - 1].history == history) || mass[history] <= 0.0) continue;
    const auto cost = static_cast<float>(-std::log(mass[history]));
    if (const auto known = unk_ngram.find(history); known != unk_ngram.end()) {
      histories->ngrams[known->second].cost = cost;
      continue;
    }
    // A history "history <unk>" would have no n-grams and backoff 0: go where it backs off to.
    std::int32_t shorter = history, target = 0;
    while (target == 0 && shorter != 0) {
      shorter = histories->suffix[at(shorter)];
      if (const auto known = unk_ngram.find(shorter); known != unk_ngram.end())
        target = histories->ngrams[known->second].target;
    }
    histories->ngrams.push_back({history, unk, cost, target});
  }
  histories->oov.clear();
}

std::vector<std::uint32_t> sort_ngrams(std::size_t num_histories, std::vector<Ngram>* ngrams) {
  std::vector<std::uint32_t> first(num_histories + 1, 0);
  for (const Ngram& ngram : *ngrams) ++first[at(ngram.history) + 1];
  for (std::size_t h = 0; h < num_histories; ++h) first[h + 1] += first[h];
  std::vector<Ngram> sorted(ngrams->size());
  std::vector<std::uint32_t> next(first.begin(), first.end() - 1);
  for (const Ngram& ngram : *ngrams) sorted[next[at(ngram.history)]++] = ngram;
  for (std::size_t h = 0; h < num_histories; ++h)
    std::sort(sorted.begin() + first[h], sorted.begin() + first[h + 1],
              [](const Ngram& a, const Ngram& b) { return a.word < b.word; });
  *ngrams = std::move(sorted);
  return first;
}

void renormalise(const std::vector<std::uint32_t>& first, Histories* histories) {
  const std::vector<Ngram>& ngrams = histories->ngrams;
  const auto of_word = [&](std::uint32_t word) {
    return [&, word](std::int32_t history, double* found) {
      const auto end = ngrams.begin() + first[at(history) + 1];
      const auto place =
          std::lower_bound(ngrams.begin() + first[at(history)], end, word,
                           [](const Ngram& ngram, std::uint32_t w) { return ngram.word < w; });
      if (place == end || place->word != word) return false;
      *found = probability(place->cost);
      return true;
    };
  };
  const auto of_end = [&](std::int32_t history, double* found) {
    *found = probability(histories->final_cost[at(history)]);
    return histories->final_cost[at(history)] != kInfinity;
  };
  std::vector<double> log_z(histories->size(), 0.0);
  for (std::size_t h = 0; h < histories->size(); ++h) {
    const std::int32_t shorter = histories->suffix[h];
    double own = probability(histories->final_cost[h]), below = 0.0;
    if (h > 0 && histories->final_cost[h] != kInfinity)
      below = backed_off(*histories, shorter, of_end);
    for (std::uint32_t i = first[h]; i < first[h + 1]; ++i) {
      own += probability(ngrams[i].cost);
      if (h > 0) below += backed_off(*histories, shorter, of_word(ngrams[i].word));
    }
    if (h > 0)
      own +=
          probability(histories->backoff[h]) * std::max(0.0, std::exp(log_z[at(shorter)]) - below);
    log_z[h] = own > 0.0 ? std::log(own) : 0.0;
  }
  for (std::size_t h = 0; h < histories->size(); ++h) {
    const auto shift = static_cast<float>(log_z[h]);
    histories->final_cost[h] += shift;
    if (h > 0)
      histories->backoff[h] += static_cast<float>(log_z[h] - log_z[at(histories->suffix[h])]);
    for (std::uint32_t i = first[h]; i < first[h + 1]; ++i) histories->ngrams[i].cost += shift;
  }
  // A slot's probability is no part of the sum; it keeps its place among the words that are.
  for (Ngram& slot : histories->slots) slot.cost += static_cast<float>(log_z[at(slot.history)]);
}

}  // namespace tlg::graph
