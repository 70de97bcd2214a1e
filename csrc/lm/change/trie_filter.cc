#include "lm/change/trie_filter.h"

#include <algorithm>
#include <utility>

namespace tlg::lm {
namespace {

template <typename T>
util::Array<T> chosen(const util::Array<T>& values, const std::vector<std::uint8_t>& keep,
                      std::size_t size) {
  util::Array<T> made(size);
  std::size_t at = 0;
  for (std::size_t i = 0; i < keep.size(); ++i)
    if (keep[i]) made[at++] = values[i];
  return made;
}

// rank[i]: how many of the first i stay.
std::vector<NodeId> ranks(const std::vector<std::uint8_t>& keep) {
  std::vector<NodeId> rank(keep.size() + 1, 0);
  for (std::size_t i = 0; i < keep.size(); ++i) rank[i + 1] = rank[i] + (keep[i] ? 1 : 0);
  return rank;
}

}  // namespace

NgramTrie filter(const NgramTrie& trie, const std::vector<std::vector<std::uint8_t>>& keep,
                 const NgramValues& values) {
  int order = trie.order();
  const auto empty = [](const std::vector<std::uint8_t>& one) {
    return std::all_of(one.begin(), one.end(), [](std::uint8_t stays) { return stays == 0; });
  };
  while (order > 1 && empty(keep[static_cast<std::size_t>(order) - 1])) --order;
  NgramTrie made;
  made.levels.resize(static_cast<std::size_t>(order));
  std::vector<NodeId> words, below, own;
  for (int k = 1; k <= order; ++k) {
    const NgramLevel& from = trie.level(k);
    const std::vector<std::uint8_t>& stays = keep[static_cast<std::size_t>(k) - 1];
    NgramLevel& to = made.levels[static_cast<std::size_t>(k) - 1];
    own = ranks(stays);
    const std::size_t size = own.back();
    const std::size_t at = static_cast<std::size_t>(k) - 1;
    to.log10_prob = chosen(values.log10_prob[at], stays, size);
    if (k < order) to.log10_backoff = chosen(values.log10_backoff[at], stays, size);
    if (k == 1) {
      words = own;
      made.vocabulary.reserve(size);
      for (std::size_t i = 0; i < stays.size(); ++i)
        if (stays[i]) made.vocabulary.push_back(trie.vocabulary[i]);
    } else {
      to.word = chosen(from.word, stays, size);
      to.context = chosen(from.context, stays, size);
      for (WordId& word : to.word) word = words[word];
      for (NodeId& context : to.context) context = below[context];
      NgramLevel& parent = made.levels[static_cast<std::size_t>(k) - 2];
      const util::Array<NodeId>& first_child = trie.level(k - 1).first_child;
      parent.first_child = util::Array<NodeId>(parent.size() + 1);
      std::size_t next = 0;
      for (std::size_t i = 0; i + 1 < first_child.size(); ++i)
        if (keep[at - 1][i]) parent.first_child[next++] = own[first_child[i]];
      parent.first_child[next] = static_cast<NodeId>(size);
    }
    below.swap(own);
  }
  name_specials(&made);
  return made;
}

}  // namespace tlg::lm
