// From closed and linked lists to a trie.
#include "lm/files/ngram_lists.h"

#include <utility>

namespace tlg::lm {
namespace {

// A stable counting sort of `order` by key[order[i]], keys below `limit`.
void sort_by(const std::vector<std::uint32_t>& key, std::size_t limit,
             std::vector<std::uint32_t>* order) {
  std::vector<std::uint32_t> next(limit + 1, 0), sorted(order->size());
  for (const std::uint32_t one : key) ++next[one + 1];
  for (std::size_t i = 0; i < limit; ++i) next[i + 1] += next[i];
  for (const std::uint32_t one : *order) sorted[next[key[one]]++] = one;
  order->swap(sorted);
}

// The order of nodes by parent, then oldest word.
std::vector<std::uint32_t> suffix_order(const std::vector<std::uint32_t>& parent,
                                        const std::vector<WordId>& oldest, std::size_t parents,
                                        std::size_t words) {
  std::vector<std::uint32_t> order(parent.size());
  bool sorted = true;
  for (std::size_t i = 0; i < order.size(); ++i) {
    order[i] = static_cast<std::uint32_t>(i);
    if (i &&
        (parent[i - 1] > parent[i] || (parent[i - 1] == parent[i] && oldest[i - 1] > oldest[i])))
      sorted = false;
  }
  if (sorted) return order;
  sort_by(oldest, words, &order);
  sort_by(parent, parents, &order);
  return order;
}

}  // namespace

NgramTrie make_trie(NgramLists* lists) {
  NgramLinks links = close_and_link(lists);
  NgramTrie trie;
  trie.vocabulary = std::move(lists->vocabulary);
  trie.levels.resize(lists->orders.size());
  name_specials(&trie);
  const std::size_t words = trie.vocabulary.size();
  std::vector<std::uint32_t> rank;  // of the n-grams of the order below
  for (int k = 1; k <= trie.order(); ++k) {
    NgramList list = std::move(lists->orders[static_cast<std::size_t>(k) - 1]);
    NgramLevel& level = trie.levels[static_cast<std::size_t>(k) - 1];
    const std::size_t size = list.size();
    if (k == 1) {
      level.log10_prob = std::move(list.log10_prob);
      level.log10_backoff = std::move(list.log10_backoff);
      rank.resize(size);
      for (std::size_t i = 0; i < size; ++i) rank[i] = static_cast<std::uint32_t>(i);
      continue;
    }
    std::vector<std::uint32_t> parent = std::move(links.suffix[static_cast<std::size_t>(k) - 1]);
    std::vector<std::uint32_t> context = std::move(links.prefix[static_cast<std::size_t>(k) - 1]);
    std::vector<WordId> oldest(size);
    for (std::size_t i = 0; i < size; ++i) {
      parent[i] = rank[parent[i]];
      oldest[i] = list.words[i * static_cast<std::size_t>(k)];
    }
    std::vector<WordId>().swap(list.words);
    NgramLevel& below = trie.levels[static_cast<std::size_t>(k) - 2];
    const std::vector<std::uint32_t> order = suffix_order(parent, oldest, below.size(), words);
    below.first_child = util::Array<NodeId>(below.size() + 1, 0);
    for (const std::uint32_t one : parent) ++below.first_child[one + 1];
    for (std::size_t i = 0; i < below.size(); ++i) below.first_child[i + 1] += below.first_child[i];
    const bool top = k == trie.order();
    level.word = util::Array<WordId>(size);
    level.context = util::Array<NodeId>(size);
    level.log10_prob = util::Array<float>(size);
    if (!top) level.log10_backoff = util::Array<float>(size);
    std::vector<std::uint32_t> own(size);
    for (std::size_t i = 0; i < size; ++i) {
      const std::size_t from = order[i];
      own[from] = static_cast<std::uint32_t>(i);
      level.word[i] = oldest[from];
      level.context[i] = rank[context[from]];
      level.log10_prob[i] = list.log10_prob[from];
      if (!top) level.log10_backoff[i] = list.log10_backoff[from];
    }
    rank.swap(own);
  }
  return trie;
}

}  // namespace tlg::lm
