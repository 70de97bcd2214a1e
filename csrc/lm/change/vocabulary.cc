#include "lm/change/vocabulary.h"

#include <algorithm>
#include <cmath>

#include "lm/change/renormalise.h"
#include "lm/change/trie_filter.h"
#include "lm/context_index.h"
#include "lm/ngram_sums.h"
#include "lm/word_table.h"
#include "util/error.h"

namespace tlg::lm {
namespace {

using Flags = std::vector<std::uint8_t>;

// The mass of some words after each context, [k][context of k words], and which contexts one of
// them has been seen after.
struct WordsMass {
  std::vector<util::Array<double>> mass;
  std::vector<Flags> seen;
};

WordsMass mass_of(const NgramTrie& trie, const Flags& words) {
  WordsMass made;
  made.mass.emplace_back(1, 0.0);
  made.seen.emplace_back(1, std::uint8_t{1});
  for (std::size_t word = 0; word < words.size(); ++word)
    if (words[word]) made.mass[0][0] += prob_of(trie.level(1).log10_prob[word]);
  for (int k = 2; k <= trie.order(); ++k) {
    const NgramLevel& level = trie.level(k);
    const NgramLevel& below = trie.level(k - 1);
    util::Array<double> mass(below.size(), 0.0), lower(below.size(), 0.0);
    Flags seen(below.size(), 0);
    for (WordId last = 0; last < words.size(); ++last) {
      if (!words[last]) continue;
      const NodeRange from = ending_with(trie, k - 1, last);
      for (std::size_t parent = from.begin; parent < from.end; ++parent)
        for (NodeId i = below.first_child[parent]; i < below.first_child[parent + 1]; ++i) {
          mass[level.context[i]] += prob_of(level.log10_prob[i]);
          lower[level.context[i]] += prob_of(below.log10_prob[parent]);
          seen[level.context[i]] = 1;
        }
    }
    const util::Array<NodeId> suffix = k == 2 ? util::Array<NodeId>() : parents(trie, k - 1);
    for (std::size_t i = 0; i < below.size(); ++i)
      mass[i] +=
          prob_of(below.log10_backoff[i]) * (made.mass.back()[k == 2 ? 0 : suffix[i]] - lower[i]);
    made.mass.push_back(std::move(mass));
    made.seen.push_back(std::move(seen));
  }
  return made;
}

// N-grams of words that stay alone.
std::vector<Flags> ngrams_of(const NgramTrie& trie, Flags words) {
  std::vector<Flags> keep{std::move(words)};
  for (int k = 2; k <= trie.order(); ++k) {
    const util::Array<NodeId>& first_child = trie.level(k - 1).first_child;
    Flags here(trie.level(k).size(), 0);
    for (std::size_t parent = 0; parent + 1 < first_child.size(); ++parent)
      for (NodeId i = first_child[parent]; i < first_child[parent + 1]; ++i)
        here[i] = keep.back()[parent] && keep.back()[trie.level(k).context[i]];
    keep.push_back(std::move(here));
  }
  return keep;
}

NgramValues spread(const NgramTrie& trie, const Flags& keep) {
  Flags events = keep;
  if (trie.bos >= 0) events[static_cast<std::size_t>(trie.bos)] = 0;
  const WordsMass stay = mass_of(trie, events);
  if (stay.mass[0][0] <= 0)
    throw Error(ErrorKind::kOption, "the words that stay have probability 0",
                "Keep words of the model");
  NgramValues made;
  for (int k = 1; k <= trie.order(); ++k) {
    const NgramLevel& level = trie.level(k);
    const util::Array<double>& mass = stay.mass[static_cast<std::size_t>(k) - 1];
    util::Array<float> prob(level.size());
    for (std::size_t i = 0; i < prob.size(); ++i) {
      const double whole = mass[k == 1 ? 0 : level.context[i]];
      prob[i] = whole > 0 ? std::min(log10_of(prob_of(level.log10_prob[i]) / whole), 0.0f)
                          : level.log10_prob[i];
    }
    if (k == 1 && trie.bos >= 0)
      prob[static_cast<std::size_t>(trie.bos)] =
          level.log10_prob[static_cast<std::size_t>(trie.bos)];
    made.log10_prob.push_back(std::move(prob));
    if (k == trie.order()) break;
    const util::Array<NodeId> suffix = k == 1 ? util::Array<NodeId>() : parents(trie, k);
    const util::Array<double>& own = stay.mass[static_cast<std::size_t>(k)];
    const Flags& seen = stay.seen[static_cast<std::size_t>(k)];
    util::Array<float> backoff(level.size());
    for (std::size_t i = 0; i < backoff.size(); ++i) {
      const double shorter = mass[k == 1 ? 0 : suffix[i]];
      // Where nothing that stays has been seen the quotient is 1, but for rounding.
      backoff[i] = !seen[i] || own[i] <= 0
                       ? 0.0f
                       : log10_of(prob_of(level.log10_backoff[i]) * shorter / own[i]);
    }
    made.log10_backoff.push_back(std::move(backoff));
  }
  return made;
}

// Gives <unk>, after every context where a word that goes was seen, an n-gram of its own.
class UnkTaker {
 public:
  UnkTaker(const NgramTrie& trie, const Flags& keep)
      : trie_(trie), unk_(static_cast<WordId>(trie.unk)), keep_(ngrams_of(trie, keep)) {
    Flags goes(keep.size());
    for (std::size_t i = 0; i < keep.size(); ++i) goes[i] = !keep[i] || i == unk_;
    taken_ = mass_of(trie, goes);
  }

  NgramTrie take() {
    made_.levels.resize(static_cast<std::size_t>(trie_.order()));
    unigrams();
    for (int k = 2; k <= trie_.order(); ++k) longer(k);
    while (made_.order() > 1 && made_.levels.back().size() == 0) {
      made_.levels.pop_back();
      made_.levels.back().first_child = util::Array<NodeId>();
      made_.levels.back().log10_backoff = util::Array<float>();
    }
    name_specials(&made_);
    return std::move(made_);
  }

 private:
  void unigrams() {
    const NgramLevel& from = trie_.level(1);
    std::vector<float> prob, backoff;
    own_.assign(from.size(), kNoNode);
    for (std::size_t i = 0; i < from.size(); ++i) {
      if (!keep_[0][i]) continue;
      own_[i] = static_cast<NodeId>(prob.size());
      made_.vocabulary.push_back(trie_.vocabulary[i]);
      prob.push_back(i == unk_ ? std::min(log10_of(taken_.mass[0][0]), 0.0f) : from.log10_prob[i]);
      if (trie_.order() > 1) backoff.push_back(from.log10_backoff[i]);
    }
    words_ = own_;
    unk_node_.assign(1, own_[unk_]);
    made_.levels[0].log10_prob = std::move(prob);
    made_.levels[0].log10_backoff = std::move(backoff);
  }

  // The n-grams of order k that end with <unk> are in the order of their contexts.
  void longer(int k) {
    const std::size_t at = static_cast<std::size_t>(k) - 1;
    const NgramLevel& from = trie_.level(k);
    const NgramLevel& contexts = trie_.level(k - 1);
    const util::Array<NodeId> parent = parents(trie_, k);
    const util::Array<NodeId> suffix = k == 2 ? util::Array<NodeId>() : parents(trie_, k - 1);
    std::vector<WordId> word;
    std::vector<NodeId> context, parent_of;
    std::vector<float> prob, backoff;
    std::vector<NodeId> here(from.size(), kNoNode), unk_here(contexts.size(), kNoNode);
    for (WordId last = 0; last < trie_.level(1).size(); ++last) {
      const NodeRange range = ending_with(trie_, k, last);
      if (last != unk_) {
        for (std::size_t i = range.begin; i < range.end; ++i) {
          if (!keep_[at][i]) continue;
          here[i] = static_cast<NodeId>(prob.size());
          word.push_back(words_[from.word[i]]);
          context.push_back(own_[from.context[i]]);
          parent_of.push_back(own_[parent[i]]);
          prob.push_back(from.log10_prob[i]);
          if (k < trie_.order()) backoff.push_back(from.log10_backoff[i]);
        }
        continue;
      }
      for (std::size_t h = 0; h < contexts.size(); ++h) {
        if (!keep_[at - 1][h] || !taken_.seen[at][h]) continue;
        unk_here[h] = static_cast<NodeId>(prob.size());
        word.push_back(words_[k == 2 ? static_cast<WordId>(h) : contexts.word[h]]);
        context.push_back(own_[h]);
        parent_of.push_back(unk_node_[k == 2 ? 0 : suffix[h]]);
        prob.push_back(std::min(log10_of(taken_.mass[at][h]), 0.0f));
      }
      if (k < trie_.order()) backoff.resize(prob.size(), 0.0f);
      for (std::size_t i = range.begin; i < range.end; ++i) {
        if (!keep_[at][i]) continue;
        here[i] = unk_here[from.context[i]];
        if (k < trie_.order()) backoff[here[i]] = from.log10_backoff[i];
      }
    }
    NgramLevel& to = made_.levels[at];
    NgramLevel& below = made_.levels[at - 1];
    below.first_child = util::Array<NodeId>(below.size() + 1, 0);
    for (const NodeId one : parent_of) ++below.first_child[one + 1];
    for (std::size_t i = 0; i < below.size(); ++i) below.first_child[i + 1] += below.first_child[i];
    to.word = std::move(word);
    to.context = std::move(context);
    to.log10_prob = std::move(prob);
    to.log10_backoff = std::move(backoff);
    own_.swap(here);
    unk_node_.swap(unk_here);
  }

  const NgramTrie& trie_;
  WordId unk_;
  std::vector<Flags> keep_;
  WordsMass taken_;  // of <unk> and the words that go
  NgramTrie made_;
  // In the model being made: words; the n-grams of the order below; "h <unk>" of the contexts h
  // of the order two below.
  std::vector<NodeId> words_, own_, unk_node_;
};

NgramLevel copy_of(const NgramLevel& level) {
  return {level.word.copy(), level.context.copy(), level.first_child.copy(),
          level.log10_prob.copy(), level.log10_backoff.copy()};
}

}  // namespace

std::vector<std::uint8_t> mark_words(const NgramTrie& trie, const std::vector<std::string>& words,
                                     std::vector<std::string>* missing) {
  WordTable table;
  for (const std::string& word : trie.vocabulary) table.insert(word);
  Flags marked(trie.vocabulary.size(), 0);
  for (const std::string& word : words) {
    const WordId id = table.find(word);
    if (id < marked.size()) {
      marked[id] = 1;
    } else if (id == kNoWord) {
      table.insert(word);
      missing->push_back(word);
    }
  }
  return marked;
}

NgramTrie limit_vocabulary(const NgramTrie& trie, const std::vector<std::uint8_t>& keep,
                           RemovedMass removed) {
  Flags words = keep;
  for (const std::int64_t special : {trie.bos, trie.eos, trie.unk})
    if (special >= 0) words[static_cast<std::size_t>(special)] = 1;
  if (removed == RemovedMass::kSpread)
    return filter(trie, ngrams_of(trie, words), spread(trie, words));
  if (trie.unk < 0)
    throw Error(ErrorKind::kOption, "the model has no <unk> to take the probability of other words",
                "Spread it over the words that stay");
  return UnkTaker(trie, words).take();
}

NgramTrie add_words(const NgramTrie& trie,
                    const std::vector<std::pair<std::string, double>>& shares) {
  const auto unk = static_cast<std::size_t>(trie.unk);
  const double unk_prob = trie.unk < 0 ? 0 : prob_of(trie.level(1).log10_prob[unk]);
  if (unk_prob <= 0)
    throw Error(ErrorKind::kOption, "the model has no <unk> with a probability to share",
                "Train it with <unk>");
  double total = 0;
  for (const auto& [word, share] : shares) {
    if (!(share > 0)) throw Error(ErrorKind::kOption, "the share of '" + word + "' is not above 0");
    total += share;
  }
  if (total > 1 + 1e-9)
    throw Error(ErrorKind::kOption, "the shares add to more than all of <unk>",
                "Give shares of its probability that add to 1 or less");
  const std::vector<util::Array<double>> sums = context_sums(trie);
  NgramTrie made;
  made.vocabulary = trie.vocabulary;
  for (const NgramLevel& level : trie.levels) made.levels.push_back(copy_of(level));
  std::vector<float> prob(trie.level(1).log10_prob.begin(), trie.level(1).log10_prob.end());
  const float unk_left = log10_of(unk_prob * std::max(1 - total, 0.0));
  if (total > 0) prob[unk] = unk_left;
  for (const auto& [word, share] : shares) {
    made.vocabulary.push_back(word);
    prob.push_back(log10_of(unk_prob * share));
  }
  const std::size_t size = prob.size();
  made.levels[0].log10_prob = std::move(prob);
  if (trie.order() > 1) {
    std::vector<float> backoff(trie.level(1).log10_backoff.begin(),
                               trie.level(1).log10_backoff.end());
    std::vector<NodeId> first_child(trie.level(1).first_child.begin(),
                                    trie.level(1).first_child.end());
    backoff.resize(size, 0.0f);
    first_child.resize(size + 1, first_child.back());
    // After a word that <unk> was seen after, <unk> keeps what it has there, so that the words it
    // backs off for are more than they were.
    const ContextMasses masses = context_masses(trie, 2, sums);
    const NodeRange range = ending_with(trie, 2, static_cast<WordId>(unk));
    for (std::size_t i = range.begin; i < range.end && total > 0; ++i) {
      const NodeId context = trie.level(2).context[i];
      const double lower = masses.unseen_lower[context] + unk_prob * std::min(total, 1.0);
      backoff[context] =
          masses.unseen[context] > 0 ? log10_of(masses.unseen[context] / lower) : kLog10Zero;
    }
    made.levels[0].log10_backoff = std::move(backoff);
    made.levels[0].first_child = std::move(first_child);
  }
  name_specials(&made);
  return made;
}

}  // namespace tlg::lm
