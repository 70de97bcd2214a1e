#include "graph/histories.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "fst/fst.h"
#include "util/error.h"

namespace tlg::graph {
namespace {

constexpr double kLn10 = 2.302585092994045684;

float to_cost(float log10_value) { return static_cast<float>(-kLn10 * log10_value) + 0.0f; }

}  // namespace

Histories::Histories(const lm::ArpaModel& model, const std::vector<std::int32_t>& classes,
                     bool keep_oov, GrammarReport* report)
    : model_(model), classes_(classes), keep_oov_(keep_oov), report_(report) {
  std::size_t nodes = 1, deep = 0;
  for (std::size_t k = 0; k + 1 < model.orders.size(); ++k) {
    nodes += model.orders[k].size();
    if (k > 0) deep += model.orders[k].size();
  }
  if (nodes > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()))
    throw Error(ErrorKind::kArpa, "the model has too many n-grams for one graph",
                "Prune it: tlg lm prune");
  for (auto* array : {&cost, &backoff, &final_cost}) array->reserve(nodes);
  parent.reserve(nodes);
  word.reserve(nodes);
  depth.reserve(nodes);
  if (model.orders.size() > 1) top.reserve(model.orders.back().size());
  children_ = PairTable(deep);
  unigram_.assign(model.vocabulary.size(), -1);
  parent.push_back(-1);
  word.push_back(0);
  cost.push_back(0.0f);
  backoff.push_back(fst::kInfinity);
  final_cost.push_back(fst::kInfinity);
  depth.push_back(0);
  for (int k = 1; k <= model.order(); ++k)
    add_order(model.orders[static_cast<std::size_t>(k - 1)], k);
  if (model.bos >= 0) start = unigram_[static_cast<std::size_t>(model.bos)];
  link();
}

std::int32_t Histories::child(std::int32_t node, std::uint32_t last) const {
  if (node == 0) return unigram_[last];
  return children_.find(pair_key(static_cast<std::uint32_t>(node), last));
}

std::int32_t Histories::extend(std::int32_t node, std::uint32_t last) const {
  for (;;) {
    const std::int32_t found = child(node, last);
    if (found >= 0) return found;
    if (node == 0) return 0;
    node = suffix[static_cast<std::size_t>(node)];
  }
}

void Histories::set_cost(std::int32_t node, std::uint32_t last, float value) {
  const std::int32_t found = child(node, last);
  if (found >= 0) {
    cost[static_cast<std::size_t>(found)] = value;
  } else if (depth[static_cast<std::size_t>(node)] + 1 < model_.order()) {
    add_node(node, last, value, 0.0f);
  } else {
    for (TopNgram& ngram : top)
      if (ngram.history == node && ngram.word == last) {
        ngram.cost = value;
        return;
      }
    top.push_back({node, last, value});
  }
}

void Histories::add_order(const lm::NgramOrder& order, int k) {
  const bool highest = k == model_.order() && k > 1;
  const std::uint32_t* words = order.words.data();
  const std::uint32_t* previous = nullptr;  // words of the last n-gram whose history is `history`
  std::int32_t history = 0;
  for (std::size_t i = 0; i < order.size(); ++i, words += k) {
    const std::uint32_t last = words[k - 1];
    bool known = true, misplaced = false;
    for (int j = 0; j + 1 < k; ++j) {
      const std::int32_t kind = classes_[words[j]];
      known &= kind != kOov;
      misplaced |= kind == kEos || (kind == kBos && j > 0);
    }
    const std::int32_t kind = classes_[last];
    misplaced |= k > 1 && kind == kBos;
    const float value = to_cost(order.log10_prob[i]);
    if (std::isnan(value) || value == -fst::kInfinity)
      throw Error(ErrorKind::kArpa, "the probability of an n-gram of order " + std::to_string(k) +
                                        " that ends in '" + model_.vocabulary[last] +
                                        "' is no number");
    const bool impossible = value == fst::kInfinity && kind != kBos;
    if (!known || kind == kOov) ++report_->dropped_ngrams;
    if (known && (misplaced || impossible)) ++report_->skipped_ngrams;
    if (!known || misplaced || (kind == kOov && !keep_oov_)) continue;
    if (previous == nullptr || !std::equal(words, words + k - 1, previous)) {
      history = find_or_create(words, k - 1);
      previous = words;
    }
    if (kind == kOov) {
      oov.push_back({history, last, value});
    } else if (kind == kEos) {
      final_cost[static_cast<std::size_t>(history)] = value;
    } else if (highest) {
      if (!impossible) top.push_back({history, last, value});
    } else if (child(history, last) < 0) {
      const float weight = i < order.log10_backoff.size() ? to_cost(order.log10_backoff[i]) : 0.0f;
      if (std::isnan(weight) || weight == -fst::kInfinity)
        throw Error(ErrorKind::kArpa, "the backoff of '" + model_.vocabulary[last] + "' in order " +
                                          std::to_string(k) + " is no number");
      add_node(history, last, value, weight);
    }
  }
}

std::int32_t Histories::add_node(std::int32_t history, std::uint32_t last, float node_cost,
                                 float node_backoff) {
  const auto node = static_cast<std::int32_t>(parent.size());
  const std::size_t above = static_cast<std::size_t>(history);
  parent.push_back(history);
  word.push_back(last);
  cost.push_back(node_cost);
  backoff.push_back(node_backoff);
  final_cost.push_back(fst::kInfinity);
  depth.push_back(static_cast<std::uint8_t>(depth[above] + 1));
  if (history == 0)
    unigram_[last] = node;
  else
    children_.insert(pair_key(static_cast<std::uint32_t>(history), last), node);
  return node;
}

std::int32_t Histories::find(const std::uint32_t* words, int count) const {
  std::int32_t node = 0;
  for (int j = 0; j < count && node >= 0; ++j) node = child(node, words[j]);
  return node;
}

std::int32_t Histories::find_or_create(const std::uint32_t* words, int count) {
  const std::int32_t found = find(words, count);
  if (found >= 0) return found;
  // A pruned prefix. Listing it with the score that the backoff rule gives, and with backoff 0,
  // changes no probability, and the n-gram that needs it can be reached.
  const double value = backed_off_cost(words, count);
  const std::int32_t above = find_or_create(words, count - 1);
  ++report_->created_prefixes;
  return add_node(above, words[count - 1], static_cast<float>(value), 0.0f);
}

double Histories::backed_off_cost(const std::uint32_t* words, int count) const {
  double total = 0.0;
  for (; count > 1; ++words, --count) {
    const std::int32_t history = find(words, count - 1);
    if (history < 0) continue;
    const std::int32_t node = child(history, words[count - 1]);
    if (node >= 0) return total + cost[static_cast<std::size_t>(node)];
    total += backoff[static_cast<std::size_t>(history)];
  }
  const std::int32_t node = unigram_[words[0]];
  return node >= 0 ? total + cost[static_cast<std::size_t>(node)]
                   : static_cast<double>(fst::kInfinity);
}

void Histories::link() {
  std::vector<std::size_t> places(static_cast<std::size_t>(model_.order()) + 2, 0);
  for (const std::uint8_t d : depth) ++places[d + 1u];
  for (std::size_t d = 1; d < places.size(); ++d) places[d] += places[d - 1];
  by_depth.resize(size());
  for (std::size_t n = 0; n < size(); ++n)
    by_depth[places[depth[n]]++] = static_cast<std::int32_t>(n);
  suffix.assign(size(), 0);
  for (const std::int32_t n : by_depth) {
    const auto node = static_cast<std::size_t>(n);
    if (depth[node] > 1)
      suffix[node] = extend(suffix[static_cast<std::size_t>(parent[node])], word[node]);
  }
}

}  // namespace tlg::graph
