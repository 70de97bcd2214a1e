// Back from the hash table to the trie: n-grams of one order sorted by (last word, context) are in
// suffix order, for contexts are numbered in suffix order themselves.
#include <algorithm>
#include <numeric>

#include "lm/query/backoff_model.h"
#include "util/error.h"

namespace tlg::lm {
namespace {

[[noreturn]] void damaged() {
  throw Error(ErrorKind::kArpa, "the model is damaged: its n-grams do not fit together",
              "Copy the file again, or make it again from the ARPA file (tlg lm convert)");
}

struct Ngram {
  NodeId context;  // within its order
  WordId word;
  float log10_prob;
};

// Sorts by a number below `bound`; equal ones stay as they are.
template <typename Number>
void counting_sort(std::vector<Ngram>* ngrams, std::size_t bound, Number number) {
  std::vector<std::size_t> at(bound + 1);
  for (const Ngram& one : *ngrams) ++at[number(one) + 1];
  std::partial_sum(at.begin(), at.end(), at.begin());
  std::vector<Ngram> sorted(ngrams->size());
  for (const Ngram& one : *ngrams) sorted[at[number(one)]++] = one;
  ngrams->swap(sorted);
}

}  // namespace

NgramTrie BackoffModel::expand() const {
  NgramTrie trie = empty_trie();
  trie.levels.resize(counts().size());
  const auto size_of = [&](int k) { return static_cast<std::size_t>(counts()[k - 1]); };
  for (int k = 1; k <= order(); ++k) {
    NgramLevel& level = trie.levels[k - 1];
    level.log10_prob = util::Array<float>(size_of(k));
    if (k == order()) continue;
    level.log10_backoff = util::Array<float>(size_of(k));
    level.first_child = util::Array<NodeId>(size_of(k) + 1);
    for (std::size_t i = 0; i < size_of(k); ++i)
      level.log10_backoff[i] = nodes_[base_[k - 1] + i].log10_backoff;
  }
  for (std::size_t i = 0; i < words().size(); ++i)
    trie.levels[0].log10_prob[i] = unigrams_[i].log10_prob;

  std::vector<std::vector<Ngram>> by_order(counts().size() + 1);
  for (int k = 2; k <= order(); ++k) by_order[k].reserve(size_of(k));
  table_.for_each([&](NgramTable::Key key, NgramTable::Found found) {
    const int k = order_after(key.context);
    if (k < 2 || key.context >= nodes_.size() || key.word >= words().size() ||
        by_order[k].size() == size_of(k))
      damaged();
    by_order[k].push_back({key.context - base_[k - 2], key.word, found.log10_prob});
  });

  std::vector<NodeId> parents;  // of order k - 1
  std::vector<Ngram> shorter;   // the n-grams of order k - 1
  for (int k = 2; k <= order(); ++k) {
    std::vector<Ngram> ngrams = std::move(by_order[k]);
    if (ngrams.size() != size_of(k)) damaged();
    counting_sort(&ngrams, size_of(k - 1), [](const Ngram& one) { return one.context; });
    counting_sort(&ngrams, words().size(), [](const Ngram& one) { return one.word; });
    NgramLevel& level = trie.levels[k - 1];
    NgramLevel& below = trie.levels[k - 2];
    level.word = util::Array<WordId>(ngrams.size());
    level.context = util::Array<NodeId>(ngrams.size());
    std::vector<NodeId> own_parents(ngrams.size());
    std::size_t parent = 0;  // "w2 .. wk": its last word is that of the n-gram, its context the
                             // parent of the n-gram's context
    below.first_child[0] = 0;
    for (std::size_t i = 0; i < ngrams.size(); ++i) {
      const Ngram& one = ngrams[i];
      level.log10_prob[i] = one.log10_prob;
      level.context[i] = one.context;
      level.word[i] = k == 2 ? one.context : below.word[one.context];
      const auto before = [&](std::size_t other) {
        if (k == 2) return other < one.word;
        const Ngram& suffix = shorter[other];
        return suffix.word != one.word ? suffix.word < one.word
                                       : suffix.context < parents[one.context];
      };
      for (; parent < size_of(k - 1) && before(parent); ++parent)
        below.first_child[parent + 1] = static_cast<NodeId>(i);
      own_parents[i] = static_cast<NodeId>(parent);
    }
    for (; parent < size_of(k - 1); ++parent)
      below.first_child[parent + 1] = static_cast<NodeId>(ngrams.size());
    parents = std::move(own_parents);
    shorter = std::move(ngrams);
  }
  check(trie);
  return trie;
}

}  // namespace tlg::lm
