// Closing by sorting: what an order needs of the order below is listed, both are sorted together,
// and what then stands alone was missing.
#include "lm/files/ngram_lists.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "util/error.h"

namespace tlg::lm {
namespace {

constexpr float kNone = std::numeric_limits<float>::quiet_NaN();

// A stable counting sort of `order` by word j of each n-gram.
void sort_by_word(const std::vector<WordId>& words, std::size_t k, std::size_t j,
                  std::size_t num_words, std::vector<std::uint32_t>* order,
                  std::vector<std::uint32_t>* scratch) {
  std::vector<std::uint32_t> next(num_words + 1, 0);
  for (std::size_t i = j; i < words.size(); i += k) ++next[words[i] + 1];
  std::partial_sum(next.begin(), next.end(), next.begin());
  for (const std::uint32_t one : *order) (*scratch)[next[words[one * k + j]]++] = one;
  order->swap(*scratch);
}

// -1, 0, 1: which of two n-grams comes first in suffix order.
int compare_suffix(const WordId* a, const WordId* b, std::size_t k) {
  for (std::size_t j = k; j-- > 0;)
    if (a[j] != b[j]) return a[j] < b[j] ? -1 : 1;
  return 0;
}

// The n-grams in suffix order; equal ones as they were.
std::vector<std::uint32_t> suffix_order(const std::vector<WordId>& words, std::size_t k,
                                        std::size_t num_words) {
  const std::size_t count = words.size() / k;
  std::vector<std::uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  if (count < num_words / 8) {  // the counting would cost more than the sorting
    std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
      return compare_suffix(&words[a * k], &words[b * k], k) < 0;
    });
    return order;
  }
  std::vector<std::uint32_t> scratch(count);
  for (std::size_t j = 0; j < k; ++j) sort_by_word(words, k, j, num_words, &order, &scratch);
  return order;
}

// Lists the first (suffix = false) or last k - 1 words of n-grams as n-grams of order k - 1 that
// are needed, neighbours that are equal once.
void need_neighbours(const NgramList& list, int k, bool suffix, NgramList* below) {
  const auto order = static_cast<std::size_t>(k);
  const WordId* before = nullptr;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const WordId* needed = &list.words[i * order + (suffix ? 1 : 0)];
    if (before && std::equal(needed, needed + order - 1, before)) continue;
    before = needed;
    below->words.insert(below->words.end(), needed, needed + order - 1);
    below->log10_prob.push_back(kNone);
    below->log10_backoff.push_back(0.0f);
  }
}

// Sorts one order and takes out what is there more than once.
void sort_order(NgramLists* lists, int k) {
  NgramList* list = &lists->orders[static_cast<std::size_t>(k) - 1];
  if (list->size() >= kNoWord)
    throw Error(ErrorKind::kArpa, "more than 4.29 billion n-grams of one order", "Prune the model");
  const auto order = static_cast<std::size_t>(k);
  const std::vector<std::uint32_t> sorted =
      suffix_order(list->words, order, lists->vocabulary.size());
  NgramList kept;
  std::size_t repeated = 0, first_repeated = list->size();
  for (const std::uint32_t one : sorted) {
    const WordId* words = &list->words[one * order];
    if (kept.size() && compare_suffix(&kept.words[kept.words.size() - order], words, order) == 0) {
      if (std::isnan(list->log10_prob[one])) continue;  // needed, and there
      ++repeated;
      first_repeated = std::min<std::size_t>(first_repeated, one);
      continue;
    }
    kept.words.insert(kept.words.end(), words, words + order);
    kept.log10_prob.push_back(list->log10_prob[one]);
    if (!list->log10_backoff.empty()) kept.log10_backoff.push_back(list->log10_backoff[one]);
  }
  if (repeated) {
    std::string text;
    for (std::size_t j = 0; j < order; ++j)
      text += (j ? " " : "") + lists->vocabulary[list->words[first_repeated * order + j]];
    lists->repairs.push_back(std::to_string(repeated) + " of the " + std::to_string(k) +
                             "-grams occur more than once, the first: '" + text +
                             "'. The first of each was kept");
  }
  *list = std::move(kept);
}

}  // namespace

void NgramList::append(const NgramList& other, std::size_t from, int k) {
  const auto skip = static_cast<std::ptrdiff_t>(from);
  words.insert(words.end(), other.words.begin() + skip * k, other.words.end());
  log10_prob.insert(log10_prob.end(), other.log10_prob.begin() + skip, other.log10_prob.end());
  if (!other.log10_backoff.empty())
    log10_backoff.insert(log10_backoff.end(), other.log10_backoff.begin() + skip,
                         other.log10_backoff.end());
}

void close_lists(NgramLists* lists) {
  // From the top, for what is added to one order has its needs in the order below.
  for (int k = static_cast<int>(lists->orders.size()); k > 1; --k) {
    NgramList& list = lists->orders[static_cast<std::size_t>(k) - 1];
    NgramList& below = lists->orders[static_cast<std::size_t>(k) - 2];
    // Prefixes before sorting, suffixes behind it: where they are next to each other.
    if (k > 2) need_neighbours(list, k, false, &below);
    sort_order(lists, k);
    if (k > 2) need_neighbours(list, k, true, &below);
  }
}

}  // namespace tlg::lm
