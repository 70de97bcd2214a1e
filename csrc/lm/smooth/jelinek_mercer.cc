#include "lm/smooth/jelinek_mercer.h"

#include <algorithm>
#include <cmath>

#include "util/error.h"

namespace tlg::lm {
namespace {

constexpr std::size_t kGroups = 33;  // by the number of bits of a count
constexpr int kMostRounds = 1000;
constexpr double kStill = 1e-7;  // no weight moves more: the end of learning

// The group of a context that was not seen.
constexpr std::uint8_t kUnseen = 0xff;

class Learner {
 public:
  Learner(const CountTrie& trie, const std::vector<util::Array<std::uint32_t>>& contexts,
          bool grouped, util::Workspace* workspace)
      : trie_(trie), grouped_(grouped) {
    for (const std::uint32_t count : trie.levels[0].count) total_ += count;
    for (int k = 2; k <= trie.order(); ++k) {
      totals_.push_back(workspace->make_zeroed<std::uint32_t>(trie.levels[k - 2].count.size()));
      const util::Array<std::uint32_t>& counts = trie.levels[k - 1].count;
      for (std::size_t node = 0; node < counts.size(); ++node)
        totals_.back()[contexts[k - 1][node]] += counts[node];
    }
  }

  void add(const std::vector<WordId>& sentence, bool closed) {
    const auto order = static_cast<std::size_t>(trie_.order());
    std::vector<WordId> history = {kBosId};
    // The nodes of the n-grams that end where the history does, as long as they are there.
    std::vector<std::size_t> contexts = {kBosId};
    for (const WordId word : sentence) {
      history.push_back(word);
      const std::vector<std::size_t> nodes = find(history);
      if (!(closed && word == kUnkId)) {
        for (std::size_t k = 1; k <= order; ++k) {
          double total = k == 1 ? total_ : 0;
          if (k > 1 && k - 1 <= contexts.size()) total = totals_[k - 2][contexts[k - 2]];
          const double count = k <= nodes.size() ? trie_.levels[k - 1].count[nodes[k - 1]] : 0;
          ratios_.push_back(total > 0 ? count / total : 0);
          groups_.push_back(total > 0 ? group_of(total) : kUnseen);
        }
        ++events_;
      }
      contexts = nodes;
    }
  }

  std::size_t events() const { return events_; }

  MixtureWeights learn(double size) const {
    const auto order = static_cast<std::size_t>(trie_.order());
    std::vector<std::vector<double>> weights(order, std::vector<double>(groups(), 0.5));
    for (int round = 0; round < kMostRounds; ++round) {
      // One token for each side, so that no weight becomes 0 or 1: that would be a verdict on all
      // texts from one.
      std::vector<std::vector<double>> own(order, std::vector<double>(groups(), 1.0));
      std::vector<std::vector<double>> all(order, std::vector<double>(groups(), 2.0));
      std::vector<double> mixed(order + 1);
      for (std::size_t event = 0; event < events_; ++event) {
        const double* ratio = ratios_.data() + event * order;
        const std::uint8_t* group = groups_.data() + event * order;
        mixed[0] = 1 / size;
        for (std::size_t k = 1; k <= order; ++k) {
          mixed[k] = mixed[k - 1];
          if (group[k - 1] == kUnseen) continue;
          const double weight = weights[k - 1][group[k - 1]];
          mixed[k] = weight * ratio[k - 1] + (1 - weight) * mixed[k - 1];
        }
        // How much of the token came down to this order.
        double share = 1;
        for (std::size_t k = order; k >= 1; --k) {
          if (group[k - 1] == kUnseen) {
            // One weight for all contexts is also that of contexts which say nothing.
            if (!grouped_) all[k - 1][0] += share;
            continue;
          }
          const double taken = share * weights[k - 1][group[k - 1]] * ratio[k - 1] / mixed[k];
          own[k - 1][group[k - 1]] += taken;
          all[k - 1][group[k - 1]] += share;
          share -= taken;
        }
      }
      double moved = 0;
      for (std::size_t k = 0; k < order; ++k) {
        for (std::size_t g = 0; g < groups(); ++g) {
          const double weight = own[k][g] / all[k][g];
          moved = std::max(moved, std::fabs(weight - weights[k][g]));
          weights[k][g] = weight;
        }
      }
      if (moved < kStill) break;
    }
    // Contexts seen more often than any in the held-out text share the last weight learnt.
    for (std::size_t k = 0; k < order; ++k) {
      std::size_t used = 1;
      for (std::size_t event = 0; event < events_; ++event) {
        const std::uint8_t group = groups_[event * order + k];
        if (group != kUnseen) used = std::max<std::size_t>(used, group + std::size_t{1});
      }
      weights[k].resize(used);
    }
    return {weights};
  }

 private:
  std::size_t groups() const { return grouped_ ? kGroups : 1; }
  std::uint8_t group_of(double count) const {
    return grouped_ ? static_cast<std::uint8_t>(std::ilogb(count)) : 0;
  }

  std::vector<std::size_t> find(const std::vector<WordId>& history) const {
    std::vector<std::size_t> nodes = {history.back()};
    for (std::size_t k = 1; k < trie_.levels.size() && k < history.size(); ++k) {
      const util::Array<std::uint32_t>& first = trie_.levels[k - 1].first_child;
      const WordId* const words = trie_.levels[k].word.data();
      const WordId* const end = words + first[nodes.back() + 1];
      const WordId wanted = history[history.size() - 1 - k];
      const WordId* const at = std::lower_bound(words + first[nodes.back()], end, wanted);
      if (at == end || *at != wanted) break;
      nodes.push_back(static_cast<std::size_t>(at - words));
    }
    return nodes;
  }

  const CountTrie& trie_;
  bool grouped_;
  double total_ = 0;                                // of all unigrams
  std::vector<util::Array<std::uint32_t>> totals_;  // of each context of order 1, 2, ...
  std::size_t events_ = 0;
  std::vector<double> ratios_;        // c(hw) / c(h), per event and order
  std::vector<std::uint8_t> groups_;  // of the context, or kUnseen
};

}  // namespace

MixtureWeights learn_weights(const CountTrie& trie,
                             const std::vector<util::Array<std::uint32_t>>& contexts,
                             const Cutoffs& cutoffs, const Corpus& corpus, const Corpus& heldout,
                             double size, bool grouped) {
  Learner learner(trie, contexts, grouped, &corpus.job().workspace);
  const WordTable& words = corpus.words();
  std::vector<WordId> ids(heldout.words().size());  // of held-out words, in the training text
  for (WordId id = 0; id < ids.size(); ++id) {
    ids[id] = words.find(heldout.words().word(id));
    const bool known =
        ids[id] != kNoWord && (cutoffs.empty() || cutoffs[0][ids[id]] != Keep::kDropped);
    if (!known) ids[id] = kUnkId;
  }
  std::vector<WordId> sentence;
  for (const IdBlock& block : heldout.blocks()) {
    for (const WordId id : block) {
      sentence.push_back(ids[id]);
      if (id != kEosId) continue;
      learner.add(sentence, corpus.options().closed);
      sentence.clear();
    }
  }
  if (!learner.events())
    throw Error(ErrorKind::kText, "the held-out text has no word to learn weights from",
                "Give some text like the one the model is for");
  return learner.learn(size);
}

}  // namespace tlg::lm
