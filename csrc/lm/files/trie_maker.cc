#include "lm/files/trie_maker.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "lm/files/model_check.h"

namespace tlg::lm {
namespace {

// The words of each n-gram in reverse.
void reverse_words(NgramList* list, int k) {
  for (auto at = list->words.begin(); at != list->words.end(); at += k) std::reverse(at, at + k);
}

// Probabilities that are not known yet: what backing off gives.
void fill_probs(NgramTrie* trie, int k, std::vector<std::string>* repairs) {
  NgramLevel& level = trie->levels[static_cast<std::size_t>(k) - 1];
  if (std::none_of(level.log10_prob.begin(), level.log10_prob.end(),
                   [](float prob) { return std::isnan(prob); }))
    return;
  const NgramLevel& below = trie->level(k - 1);
  std::size_t count = 0, first = 0;
  for (std::size_t parent = 0; parent < below.size(); ++parent)
    for (std::size_t i = below.first_child[parent]; i < below.first_child[parent + 1]; ++i) {
      if (!std::isnan(level.log10_prob[i])) continue;
      if (count++ == 0) first = i;
      const float prob = below.log10_backoff[level.context[i]] + below.log10_prob[parent];
      level.log10_prob[i] = std::min(0.0f, std::max(kLog10Zero, prob));
    }
  repairs->push_back(std::to_string(count) + " of the " + std::to_string(k) +
                     "-grams are missing though longer n-grams contain them, the first: '" +
                     node_text(*trie, k, first) +
                     "'. Added with the probability that backing off gives");
}

// Backoffs that no line gave: 0, and told where a longer n-gram begins with that n-gram.
void fill_backoffs(NgramTrie* trie, int k, std::vector<std::string>* repairs) {
  util::Array<float>& backoffs = trie->levels[static_cast<std::size_t>(k) - 1].log10_backoff;
  if (std::none_of(backoffs.begin(), backoffs.end(), [](float one) { return std::isnan(one); }))
    return;
  std::size_t count = 0, first = 0;
  for (const NodeId context : trie->level(k + 1).context) {
    if (!std::isnan(backoffs[context])) continue;
    backoffs[context] = 0;
    if (count++ == 0) first = context;
  }
  for (float& one : backoffs)
    if (std::isnan(one)) one = 0;
  if (count)
    repairs->push_back(std::to_string(count) + " of the " + std::to_string(k) +
                       "-grams begin a longer n-gram but have no backoff, one of them: '" +
                       node_text(*trie, k, first) + "'. Taken as 0");
}

}  // namespace

void TrieMaker::begin(int k, bool top, std::size_t expected) {
  if (k > 1) end();
  k_ = k;
  top_ = top;
  if (way_ == Way::kSorting)
    lists_.emplace_back();
  else
    levels_.begin(k, top, expected);
}

void TrieMaker::add(NgramList* ngrams) {
  if (way_ == Way::kSorting) {
    lists_.back().append(*ngrams, 0, k_);
    return;
  }
  const bool backwards = way_ == Way::kPrefixOrder;
  if (backwards) reverse_words(ngrams, k_);
  const std::size_t taken = levels_.add(*ngrams);
  if (taken == ngrams->size()) return;
  if (backwards) reverse_words(ngrams, k_);
  NgramList rest;
  rest.append(*ngrams, taken, k_);
  change_way(&rest);
}

// There are no more n-grams of this order.
void TrieMaker::end() {
  if (way_ == Way::kSorting || levels_.end()) return;
  NgramList nothing;
  change_way(&nothing);
  // Now it is in prefix order, or never mind.
  if (way_ == Way::kSorting || levels_.end()) return;
  change_way(&nothing);
}

// The way so far has ended: what it has, and the rest of the block, goes the next one.
void TrieMaker::change_way(NgramList* rest) {
  const bool backwards = way_ == Way::kPrefixOrder;
  lists_ = levels_.take_lists();
  if (backwards)
    for (std::size_t k = 1; k <= lists_.size(); ++k)
      reverse_words(&lists_[k - 1], static_cast<int>(k));
  lists_.back().append(*rest, 0, k_);
  if (!backwards && replay(&lists_, true, false)) {
    way_ = Way::kPrefixOrder;
    lists_.clear();
  } else {
    levels_ = OrderedLevels();
    way_ = Way::kSorting;
  }
}

// Makes the levels of lists; the last order stays open unless it is `whole`. False if they are not
// in that order; the lists are as before then.
bool TrieMaker::replay(std::vector<NgramList>* lists, bool backwards, bool whole) {
  levels_ = OrderedLevels();
  const int orders = static_cast<int>(lists->size());
  for (int k = 1; k <= orders; ++k) {
    NgramList& list = (*lists)[static_cast<std::size_t>(k) - 1];
    levels_.begin(k, k == k_ && top_, list.size());
    if (backwards) reverse_words(&list, k);
    const std::size_t taken = levels_.add(list);
    if (backwards) reverse_words(&list, k);
    if (taken != list.size() || ((k < orders || whole) && !levels_.end())) return false;
  }
  return true;
}

NgramTrie TrieMaker::finish(std::vector<std::string> vocabulary,
                            std::vector<std::string>* repairs) {
  end();
  if (way_ == Way::kSorting) {
    NgramLists lists{std::move(vocabulary), std::move(lists_), std::move(*repairs)};
    close_lists(&lists);
    replay(&lists.orders, false, true);  // closed and in order: all is taken
    vocabulary = std::move(lists.vocabulary);
    *repairs = std::move(lists.repairs);
    way_ = Way::kSuffixOrder;
  }
  NgramTrie trie = levels_.take_trie();
  if (way_ == Way::kPrefixOrder) trie = turn_around(std::move(trie));
  trie.vocabulary = std::move(vocabulary);
  name_specials(&trie);
  for (int k = 1; k <= trie.order(); ++k) {
    if (k > 1) fill_probs(&trie, k, repairs);
    if (k < trie.order()) fill_backoffs(&trie, k, repairs);
  }
  return trie;
}

NgramTrie make_trie(NgramLists* lists) {
  TrieMaker maker;
  const int order = static_cast<int>(lists->orders.size());
  for (int k = 1; k <= order; ++k) {
    NgramList list = std::move(lists->orders[static_cast<std::size_t>(k) - 1]);
    maker.begin(k, k == order, list.size());
    maker.add(&list);
  }
  return maker.finish(std::move(lists->vocabulary), &lists->repairs);
}

}  // namespace tlg::lm
