#include "lm/change/mix.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "lm/change/renormalise.h"
#include "lm/context_index.h"
#include "lm/ngram_sums.h"

namespace tlg::lm {
namespace {

constexpr double kLn10 = 2.302585092994045684;

// <s> is no event: it has what the first model that has it gives it.
float log10_of_bos(const Models& models) {
  for (const NgramTrie* model : models)
    if (model->bos >= 0) return model->level(1).log10_prob[static_cast<std::size_t>(model->bos)];
  return kLog10Zero;
}

float log10_prob_of(double prob) { return std::min(log10_of(prob), 0.0f); }

}  // namespace

NgramTrie mix_linear(const Models& models, const std::vector<double>& weights,
                     UnknownWords unknown) {
  NgramTrie all = unite(models);
  std::vector<util::Array<double>> probs;
  for (const NgramLevel& level : all.levels) probs.emplace_back(level.size(), 0.0);
  for (std::size_t m = 0; m < models.size(); ++m) {
    if (weights[m] <= 0) continue;
    const Projection says = project(all, *models[m], unknown);
    for (std::size_t k = 0; k < probs.size(); ++k)
      for (std::size_t i = 0; i < probs[k].size(); ++i)
        probs[k][i] += weights[m] * prob_of(says.log10_prob[k][i]);
  }
  for (std::size_t k = 0; k < probs.size(); ++k)
    for (std::size_t i = 0; i < probs[k].size(); ++i)
      all.levels[k].log10_prob[i] = log10_prob_of(probs[k][i]);
  if (all.bos >= 0)
    all.levels[0].log10_prob[static_cast<std::size_t>(all.bos)] = log10_of_bos(models);
  renormalise(&all);
  return all;
}

LoglinearMix::LoglinearMix(const Models& models, UnknownWords unknown)
    : all_(unite(models)), log10_bos_(log10_of_bos(models)) {
  for (const NgramTrie* model : models) parts_.push_back(project(all_, *model, unknown));
}

// ln u of an n-gram: the product before it is normalised.
double LoglinearMix::score(int k, std::size_t node, const std::vector<double>& weights) const {
  double sum = 0;
  for (std::size_t m = 0; m < parts_.size(); ++m)
    sum += weights[m] *
           static_cast<double>(parts_[m].log10_prob[static_cast<std::size_t>(k) - 1][node]);
  return sum * kLn10;
}

// ln of the factor from u after the context's suffix to u after the context.
double LoglinearMix::backoff(int k, std::size_t node, const std::vector<double>& weights) const {
  double sum = 0;
  for (std::size_t m = 0; m < parts_.size(); ++m)
    sum += weights[m] *
           static_cast<double>(parts_[m].log10_backoff[static_cast<std::size_t>(k) - 1][node]);
  return sum * kLn10;
}

// One pass over the n-grams, as in context_sums(): what backs off is counted once for all words.
LoglinearMix::Sums LoglinearMix::sums(const std::vector<double>& weights, bool with_scores) const {
  const std::size_t models = with_scores ? parts_.size() : 0;
  const auto ln_prob = [&](std::size_t m, int k, std::size_t node) {
    return kLn10 * static_cast<double>(parts_[m].log10_prob[static_cast<std::size_t>(k) - 1][node]);
  };
  Sums made;
  made.total.emplace_back(1, 0.0);
  made.scores.emplace_back(models, 0.0);
  for (std::size_t word = 0; word < all_.level(1).size(); ++word) {
    if (static_cast<std::int64_t>(word) == all_.bos) continue;
    const double u = std::exp(score(1, word, weights));
    made.total[0][0] += u;
    for (std::size_t m = 0; m < models; ++m) made.scores[0][m] += u * ln_prob(m, 1, word);
  }
  for (int k = 2; k <= all_.order(); ++k) {
    const NgramLevel& level = all_.level(k);
    const NgramLevel& below = all_.level(k - 1);
    const std::size_t contexts = below.size();
    util::Array<double> seen(contexts, 0.0), lower(contexts, 0.0);
    util::Array<double> scores(contexts * models, 0.0), lower_scores(contexts * models, 0.0);
    for (WordId last = 0; last < all_.level(1).size(); ++last) {
      if (static_cast<std::int64_t>(last) == all_.bos) continue;
      const NodeRange from = ending_with(all_, k - 1, last);
      for (std::size_t parent = from.begin; parent < from.end; ++parent) {
        if (below.first_child[parent] == below.first_child[parent + 1]) continue;
        const double u_lower = std::exp(score(k - 1, parent, weights));
        for (NodeId i = below.first_child[parent]; i < below.first_child[parent + 1]; ++i) {
          const std::size_t context = level.context[i];
          const double u = std::exp(score(k, i, weights));
          seen[context] += u;
          lower[context] += u_lower;
          for (std::size_t m = 0; m < models; ++m) {
            scores[context * models + m] += u * ln_prob(m, k, i);
            lower_scores[context * models + m] += u_lower * ln_prob(m, k - 1, parent);
          }
        }
      }
    }
    const util::Array<NodeId> suffix = k == 2 ? util::Array<NodeId>() : parents(all_, k - 1);
    for (std::size_t i = 0; i < contexts; ++i) {
      const std::size_t shorter = k == 2 ? 0 : suffix[i];
      const double factor = std::exp(backoff(k - 1, i, weights));
      const double rest = made.total.back()[shorter] - lower[i];
      seen[i] += factor * rest;
      for (std::size_t m = 0; m < models; ++m) {
        const double ln_backoff =
            kLn10 *
            static_cast<double>(parts_[m].log10_backoff[static_cast<std::size_t>(k) - 2][i]);
        scores[i * models + m] += factor * (made.scores.back()[shorter * models + m] -
                                            lower_scores[i * models + m] + ln_backoff * rest);
      }
    }
    made.total.push_back(std::move(seen));
    made.scores.push_back(std::move(scores));
  }
  return made;
}

NgramTrie LoglinearMix::model(const std::vector<double>& weights) const {
  const Sums z = sums(weights, false);
  NgramTrie made;
  made.vocabulary = all_.vocabulary;
  made.bos = all_.bos;
  made.eos = all_.eos;
  made.unk = all_.unk;
  for (int k = 1; k <= all_.order(); ++k) {
    const NgramLevel& from = all_.level(k);
    NgramLevel level;
    level.log10_prob = util::Array<float>(from.size());
    for (std::size_t i = 0; i < from.size(); ++i) {
      const double total = z.total[static_cast<std::size_t>(k) - 1][k == 1 ? 0 : from.context[i]];
      level.log10_prob[i] =
          total > 0 ? log10_prob_of(std::exp(score(k, i, weights) - std::log(total))) : kLog10Zero;
    }
    if (k > 1) {
      level.word = from.word.copy();
      level.context = from.context.copy();
    }
    if (k < all_.order()) {
      level.first_child = from.first_child.copy();
      level.log10_backoff = util::Array<float>(from.size());
    }
    made.levels.push_back(std::move(level));
  }
  if (made.bos >= 0) made.levels[0].log10_prob[static_cast<std::size_t>(made.bos)] = log10_bos_;
  renormalise(
      &made);  // gives the backoffs that they are, with the rounding of the numbers made good
  return made;
}

void LoglinearMix::set_text(const HeldOut& text) {
  const int order = all_.order();
  part_scores_.assign(parts_.size(), 0.0);
  context_counts_.clear();
  context_counts_.emplace_back(1, 0);
  for (int k = 1; k < order; ++k) context_counts_.emplace_back(all_.level(k).size(), 0);
  tokens_ = 0;
  const auto special = [](std::int64_t id) { return id < 0 ? kNoWord : static_cast<WordId>(id); };
  std::vector<WordId> words{special(all_.bos)};
  for (const WordId id : text.ids()) {
    const WordId word = id == HeldOut::kEnd ? special(all_.eos)
                        : id == kNoWord     ? special(all_.unk)
                                            : id;
    // The contexts, and what follows them, from the shortest on.
    std::vector<NodeId> contexts;
    for (int k = 1; k < order && static_cast<std::size_t>(k) <= words.size(); ++k) {
      const WordId oldest = words[words.size() - static_cast<std::size_t>(k)];
      const NodeId node = oldest == kNoWord ? kNoNode
                          : k == 1          ? oldest
                                            : find_child(all_, k, contexts.back(), oldest);
      if (node == kNoNode) break;
      contexts.push_back(node);
    }
    if (id != kNoWord && word != kNoWord) {
      NodeId node = word;
      std::size_t length = 1;
      for (; length <= contexts.size(); ++length) {
        const NodeId longer =
            find_child(all_, static_cast<int>(length) + 1, node, words[words.size() - length]);
        if (longer == kNoNode) break;
        node = longer;
      }
      for (std::size_t m = 0; m < parts_.size(); ++m) {
        double log10_prob = parts_[m].log10_prob[length - 1][node];
        for (std::size_t k = length; k <= contexts.size(); ++k)
          log10_prob += parts_[m].log10_backoff[k - 1][contexts[k - 1]];
        part_scores_[m] += kLn10 * log10_prob;
      }
      ++context_counts_[contexts.size()][contexts.empty() ? 0 : contexts.back()];
      ++tokens_;
    }
    words.push_back(word);
    if (id == HeldOut::kEnd) words.assign(1, special(all_.bos));
  }
}

LoglinearMix::Value LoglinearMix::evaluate(const std::vector<double>& weights) const {
  const std::size_t models = parts_.size();
  const Sums z = sums(weights, true);
  Value value{0, part_scores_};
  for (std::size_t m = 0; m < models; ++m) value.score += weights[m] * part_scores_[m];
  for (std::size_t k = 0; k < context_counts_.size(); ++k)
    for (std::size_t i = 0; i < context_counts_[k].size(); ++i) {
      if (!context_counts_[k][i]) continue;
      value.score -= context_counts_[k][i] * std::log(z.total[k][i]);
      for (std::size_t m = 0; m < models; ++m)
        value.gradient[m] -= context_counts_[k][i] * z.scores[k][i * models + m] / z.total[k][i];
    }
  const auto tokens = static_cast<double>(std::max<std::size_t>(tokens_, 1));
  value.score /= tokens;
  for (double& one : value.gradient) one /= tokens;
  return value;
}

}  // namespace tlg::lm
