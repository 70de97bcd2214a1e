#include "lm/files/ordered_levels.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "util/error.h"
#include "util/prefetch.h"

namespace tlg::lm {
namespace {

NgramLevel& level_of(NgramTrie* trie, int k) {
  return trie->levels[static_cast<std::size_t>(k) - 1];
}

// The nodes of order k that have children, by their context.
std::vector<NodeId> parents_by_context(const NgramTrie& trie, int k) {
  const NgramLevel& level = trie.level(k);
  std::vector<NodeId> next(trie.level(k - 1).size() + 1, 0);
  const auto is_parent = [&](std::size_t i) {
    return level.first_child[i] != level.first_child[i + 1];
  };
  for (std::size_t i = 0; i < level.size(); ++i) next[level.context[i] + 1] += is_parent(i);
  std::partial_sum(next.begin(), next.end(), next.begin());
  std::vector<NodeId> parents(next.back());
  for (std::size_t i = 0; i < level.size(); ++i)
    if (is_parent(i)) parents[next[level.context[i]]++] = static_cast<NodeId>(i);
  return parents;
}

// Finds the context of each n-gram of order k > 2: "w1 .. w(k-1)" is the child for w1 of "w2 ..
// w(k-1)", the context of its parent. Parents with the same context are treated together, so that
// one table from words to children serves them all. False where a context is missing.
bool link_contexts(NgramTrie* trie, int k) {
  NgramLevel& level = level_of(trie, k);
  const NgramLevel& below = trie->level(k - 1);
  const NgramLevel& two_below = trie->level(k - 2);
  const std::vector<NodeId> parents = parents_by_context(*trie, k - 1);
  level.context = util::Array<NodeId>(level.size());
  std::vector<NodeId> child_for(trie->level(1).size(), 0);  // of the context at hand; else anything
  std::size_t at = 0;
  while (at < parents.size()) {
    const NodeId context = below.context[parents[at]];
    const NodeId begin = two_below.first_child[context], end = two_below.first_child[context + 1];
    for (NodeId child = begin; child < end; ++child) child_for[below.word[child]] = child;
    for (; at < parents.size() && below.context[parents[at]] == context; ++at) {
      // Parents are far apart: ask for what the next ones need, in two steps.
      if (at + 32 < parents.size()) {
        util::prefetch(&below.first_child[parents[at + 32]]);
        util::prefetch(&below.context[parents[at + 32]]);
        const NodeId coming = below.first_child[parents[at + 12]];
        util::prefetch(level.word.data() + coming);
        util::prefetch(level.context.data() + coming);
      }
      const NodeId parent = parents[at];
      for (NodeId i = below.first_child[parent]; i < below.first_child[parent + 1]; ++i) {
        const WordId word = level.word[i];
        const NodeId child = child_for[word];
        if (child < begin || child >= end || below.word[child] != word) return false;
        level.context[i] = child;
      }
    }
  }
  return true;
}

}  // namespace

void OrderedLevels::begin(int k, bool top, std::size_t expected) {
  k_ = k;
  top_ = top;
  open_ = true;
  trie_.levels.emplace_back();
  if (k > 1) {
    word_.reserve(expected);
    first_child_.assign(trie_.level(k - 1).size() + 1, 0);
    parent_.emplace(trie_, k - 1);
    last_ = -1;
  }
  log10_prob_.reserve(expected);
  if (!top) log10_backoff_.reserve(expected);
}

std::size_t OrderedLevels::add(const NgramList& ngrams) {
  const auto order = static_cast<std::size_t>(k_);
  std::size_t taken = k_ == 1 ? ngrams.size() : 0;
  if (log10_prob_.size() + ngrams.size() >= kNoWord)
    throw Error(ErrorKind::kArpa, "more than 4.29 billion n-grams of one order", "Prune the model");
  if (k_ > 1) {
    const std::size_t before = word_.size();
    word_.resize(before + ngrams.size());
    for (; taken < ngrams.size(); ++taken) {
      const WordId* words = &ngrams.words[taken * order];
      if (parent_->done()) break;
      if (!std::equal(words + 1, words + order, parent_->words())) {
        if (!step_to(words + 1, before + taken)) break;
      } else if (words[0] <= last_) {
        break;
      }
      last_ = words[0];
      word_[before + taken] = words[0];
    }
    word_.resize(before + taken);
  }
  const auto end = static_cast<std::ptrdiff_t>(taken);
  log10_prob_.insert(log10_prob_.end(), ngrams.log10_prob.begin(), ngrams.log10_prob.begin() + end);
  if (!top_)
    log10_backoff_.insert(log10_backoff_.end(), ngrams.log10_backoff.begin(),
                          ngrams.log10_backoff.begin() + end);
  return taken;
}

// Moves on to the parent with these words, whose first child is node `child`; false if it is not
// ahead.
bool OrderedLevels::step_to(const WordId* suffix, std::size_t child) {
  const auto width = static_cast<std::size_t>(k_) - 1;
  while (!parent_->done()) {
    const WordId* words = parent_->words();
    std::size_t j = width;
    while (j > 0 && words[j - 1] == suffix[j - 1]) --j;
    if (j == 0) return true;
    if (words[j - 1] > suffix[j - 1]) return false;
    first_child_[parent_->node() + 1] = static_cast<NodeId>(child);
    last_ = -1;
    parent_->next();
  }
  return false;
}

// Puts what is there of the order into the trie.
void OrderedLevels::seal() {
  NgramLevel& level = level_of(&trie_, k_);
  if (k_ > 1) {
    for (std::size_t i = parent_->done() ? first_child_.size() : parent_->node() + 1;
         i < first_child_.size(); ++i)
      first_child_[i] = static_cast<NodeId>(word_.size());
    level_of(&trie_, k_ - 1).first_child = std::move(first_child_);
    level.word = std::move(word_);
    parent_.reset();
  }
  level.log10_prob = std::move(log10_prob_);
  if (!top_) level.log10_backoff = std::move(log10_backoff_);
  word_ = {};
  first_child_ = {};
  log10_prob_ = {};
  log10_backoff_ = {};
  open_ = false;
}

bool OrderedLevels::end() {
  seal();
  NgramLevel& level = level_of(&trie_, k_);
  if (k_ == 2) level.context = level.word.copy();
  return k_ <= 2 || link_contexts(&trie_, k_);
}

std::vector<NgramList> OrderedLevels::take_lists() {
  if (open_) seal();
  std::vector<NgramList> lists(trie_.levels.size());
  for (int k = 1; k <= trie_.order(); ++k) {
    NgramLevel& level = level_of(&trie_, k);
    NgramList& list = lists[static_cast<std::size_t>(k) - 1];
    list.words.reserve(level.size() * static_cast<std::size_t>(k));
    for (LevelWalk at(trie_, k); !at.done(); at.next())
      list.words.insert(list.words.end(), at.words(), at.words() + k);
    list.log10_prob.assign(level.log10_prob.begin(), level.log10_prob.end());
    list.log10_backoff.assign(level.log10_backoff.begin(), level.log10_backoff.end());
  }
  *this = OrderedLevels();
  return lists;
}

NgramTrie OrderedLevels::take_trie() {
  NgramTrie trie = std::move(trie_);
  *this = OrderedLevels();
  return trie;
}

NgramTrie turn_around(NgramTrie backwards) {
  NgramTrie trie;
  trie.levels.resize(backwards.levels.size());
  std::vector<NodeId> place, place_below;  // in `trie`, of each node of `backwards`
  for (int k = 1; k <= trie.order(); ++k) {
    NgramLevel& from = level_of(&backwards, k);
    NgramLevel& to = level_of(&trie, k);
    const std::size_t size = from.size();
    place.resize(size);
    if (k == 1) {
      std::iota(place.begin(), place.end(), 0);
      to.log10_prob = std::move(from.log10_prob);
      to.log10_backoff = std::move(from.log10_backoff);
      place.swap(place_below);
      continue;
    }
    // A context of the backward trie is a parent here, and a parent there is a context.
    NgramLevel& below = level_of(&trie, k - 1);
    below.first_child = util::Array<NodeId>(below.size() + 1, 0);
    for (std::size_t i = 0; i < size; ++i) ++below.first_child[place_below[from.context[i]] + 1];
    std::partial_sum(below.first_child.begin(), below.first_child.end(), below.first_child.begin());
    std::vector<NodeId> next(below.first_child.begin(), below.first_child.end());
    to.word = util::Array<WordId>(size);
    to.context = util::Array<NodeId>(size);
    to.log10_prob = util::Array<float>(size);
    if (!from.log10_backoff.empty()) to.log10_backoff = util::Array<float>(size);
    for (LevelWalk at(backwards, k); !at.done(); at.next()) {
      const NodeId old = at.node();
      const NodeId node = next[place_below[from.context[old]]]++;
      place[old] = node;
      to.word[node] = at.words()[k - 1];
      to.context[node] = place_below[at.parent()];
      to.log10_prob[node] = from.log10_prob[old];
      if (!from.log10_backoff.empty()) to.log10_backoff[node] = from.log10_backoff[old];
    }
    from.log10_prob = {};
    from.log10_backoff = {};
    from.context = {};
    place.swap(place_below);
  }
  return trie;
}

}  // namespace tlg::lm
