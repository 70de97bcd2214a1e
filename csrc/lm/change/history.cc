#include "lm/change/history.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "lm/change/project.h"
#include "lm/context_index.h"
#include "lm/ngram_sums.h"

namespace tlg::lm {
namespace {

constexpr int kMaxRounds = 200;
constexpr double kMoved = 1e-6;

// probs(k): the log10 probabilities of order k.
template <typename Probs>
ContextProbs chain(const NgramTrie& trie, Probs&& probs) {
  ContextProbs made;
  for (int k = 1; k < trie.order(); ++k) {
    const util::Array<float>& log10_prob = probs(k);
    util::Array<double> here(log10_prob.size());
    for (std::size_t i = 0; i < here.size(); ++i) {
      here[i] = prob_of(log10_prob[i]);
      if (k > 1) here[i] *= made.back()[trie.level(k).context[i]];
    }
    // <s> is never predicted; there are as many of it as of </s>.
    if (k == 1 && trie.bos >= 0 && trie.eos >= 0)
      here[static_cast<std::size_t>(trie.bos)] = here[static_cast<std::size_t>(trie.eos)];
    made.push_back(std::move(here));
  }
  return made;
}

// The states of a model are its contexts; a text is in the longest that its last words are.
class Chain {
 public:
  explicit Chain(const NgramTrie& trie) : trie_(trie) {
    const int order = trie.order();
    for (int k = 1; k <= order; ++k) {
      const NgramLevel& level = trie.level(k);
      util::Array<float> prob(level.size());
      for (std::size_t i = 0; i < prob.size(); ++i)
        prob[i] = static_cast<float>(prob_of(level.log10_prob[i]));
      if (trie.bos >= 0) {  // no event
        const NodeRange range = ending_with(trie, k, static_cast<WordId>(trie.bos));
        std::fill(prob.begin() + range.begin, prob.begin() + range.end, 0.0f);
      }
      prob_.push_back(std::move(prob));
      if (k == order) break;
      util::Array<float> weight(level.size());
      for (std::size_t i = 0; i < weight.size(); ++i)
        weight[i] = static_cast<float>(prob_of(level.log10_backoff[i]));
      weight_.push_back(std::move(weight));
      mass_.emplace_back(level.size(), 0.0);
      next_.emplace_back(level.size(), 0.0);
    }
    mass_[0][trie.bos >= 0 ? static_cast<std::size_t>(trie.bos) : 0] = 1;
  }

  ContextProbs run() {
    for (int round = 0; round < kMaxRounds && step() > kMoved; ++round) {
    }
    // A context is met in its own state and in those of the contexts that end with it.
    for (int k = trie_.order() - 1; k > 1; --k) {
      const util::Array<NodeId>& first_child = trie_.level(k - 1).first_child;
      util::Array<double>& below = mass_[static_cast<std::size_t>(k) - 2];
      for (std::size_t parent = 0; parent < below.size(); ++parent)
        for (NodeId i = first_child[parent]; i < first_child[parent + 1]; ++i)
          below[parent] += mass_[static_cast<std::size_t>(k) - 1][i];
    }
    return std::move(mass_);
  }

 private:
  // One word on; returns how much moved.
  double step() {
    const int order = trie_.order();
    // What looks a word up in each context: those in its state, and those that back off to it.
    double empty = 0;
    for (int k = order - 1; k >= 1; --k) {
      const util::Array<double>& own = mass_[static_cast<std::size_t>(k) - 1];
      const util::Array<float>& weight = weight_[static_cast<std::size_t>(k) - 1];
      if (k == 1) {
        for (std::size_t i = 0; i < own.size(); ++i) empty += own[i] * weight[i];
        break;
      }
      const util::Array<NodeId>& first_child = trie_.level(k - 1).first_child;
      util::Array<double>& below = mass_[static_cast<std::size_t>(k) - 2];
      for (std::size_t parent = 0; parent < below.size(); ++parent)
        for (NodeId i = first_child[parent]; i < first_child[parent + 1]; ++i)
          below[parent] += own[i] * weight[i];
    }
    for (util::Array<double>& one : next_) std::fill(one.begin(), one.end(), 0.0);
    for (int k = 1; k <= order; ++k) predict(k, empty);
    if (trie_.bos >= 0 && trie_.eos >= 0) begin_sentences();
    return settle();
  }

  // Each n-gram takes what looks it up in its context, but for what found a longer one.
  void predict(int k, double empty) {
    const NgramLevel& level = trie_.level(k);
    const bool top = k == trie_.order();
    const util::Array<float>& prob = prob_[static_cast<std::size_t>(k) - 1];
    const auto take = [&](std::size_t i) {
      double mass = k == 1 ? empty : mass_[static_cast<std::size_t>(k) - 2][level.context[i]];
      if (top) return mass * prob[i];
      const util::Array<NodeId>& longer = trie_.level(k + 1).context;
      for (NodeId child = level.first_child[i]; child < level.first_child[i + 1]; ++child)
        mass -= mass_[static_cast<std::size_t>(k) - 1][longer[child]] *
                weight_[static_cast<std::size_t>(k) - 1][longer[child]];
      return std::max(mass, 0.0) * prob[i];
    };
    if (!top) {
      for (std::size_t i = 0; i < level.size(); ++i)
        next_[static_cast<std::size_t>(k) - 1][i] = take(i);
      return;
    }
    const util::Array<NodeId>& first_child = trie_.level(k - 1).first_child;
    util::Array<double>& to = next_[static_cast<std::size_t>(k) - 2];
    for (std::size_t parent = 0; parent < to.size(); ++parent)
      for (NodeId i = first_child[parent]; i < first_child[parent + 1]; ++i) to[parent] += take(i);
  }

  void begin_sentences() {
    double ended = 0;
    for (int k = 1; k < trie_.order(); ++k) {
      const NodeRange range = ending_with(trie_, k, static_cast<WordId>(trie_.eos));
      util::Array<double>& next = next_[static_cast<std::size_t>(k) - 1];
      for (std::size_t i = range.begin; i < range.end; ++i) {
        ended += next[i];
        next[i] = 0;
      }
    }
    next_[0][static_cast<std::size_t>(trie_.bos)] += ended;
  }

  double settle() {
    double total = 0, moved = 0;
    for (const util::Array<double>& one : next_)
      for (const double mass : one) total += mass;
    if (total <= 0) return 0;
    for (std::size_t k = 0; k < next_.size(); ++k) {
      for (std::size_t i = 0; i < next_[k].size(); ++i) next_[k][i] /= total;
      if (last_.size() == next_.size())
        for (std::size_t i = 0; i < next_[k].size(); ++i)
          moved += std::abs(next_[k][i] - last_[k][i]);
    }
    const bool first = last_.size() != next_.size();
    last_.clear();
    for (const util::Array<double>& one : next_) last_.push_back(one.copy());
    mass_.swap(next_);
    return first ? 1 : moved;
  }

  const NgramTrie& trie_;
  std::vector<util::Array<float>> prob_, weight_;
  ContextProbs mass_, next_, last_;
};

}  // namespace

ContextProbs chain_context_probs(const NgramTrie& trie) {
  return chain(trie, [&](int k) -> const util::Array<float>& { return trie.level(k).log10_prob; });
}

ContextProbs chain_context_probs(const NgramTrie& trie, const NgramTrie& history) {
  const Projection says = project(trie, history, UnknownWords::kShare);
  return chain(trie, [&](int k) -> const util::Array<float>& {
    return says.log10_prob[static_cast<std::size_t>(k) - 1];
  });
}

ContextProbs stationary_context_probs(const NgramTrie& trie) {
  return trie.order() == 1 ? ContextProbs() : Chain(trie).run();
}

}  // namespace tlg::lm
