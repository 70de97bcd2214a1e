#include "lm/ngram_trie.h"

#include <algorithm>
#include <cmath>

#include "util/error.h"

namespace tlg::lm {
namespace {

[[noreturn]] void broken(int k, std::size_t node, const char* what) {
  throw Error(ErrorKind::kArpa,
              "order " + std::to_string(k) + ", n-gram " + std::to_string(node) + ": " + what,
              "The model is damaged: make it again");
}

void check_level(const NgramTrie& trie, int k) {
  const NgramLevel& level = trie.level(k);
  const std::size_t size = level.size();
  const bool top = k == trie.order();
  if (k == 1 ? !level.word.empty() || !level.context.empty()
             : level.word.size() != size || level.context.size() != size)
    broken(k, 0, "arrays of different sizes");
  if (top ? !level.first_child.empty() || !level.log10_backoff.empty()
          : level.first_child.size() != size + 1 || level.log10_backoff.size() != size)
    broken(k, 0, "arrays of different sizes");
  for (std::size_t i = 0; i < size; ++i) {
    if (!std::isfinite(level.log10_prob[i]) || level.log10_prob[i] > 0)
      broken(k, i, "the probability is none");
    if (!top && !std::isfinite(level.log10_backoff[i])) broken(k, i, "the backoff is no number");
    if (!top && level.first_child[i] > level.first_child[i + 1])
      broken(k, i, "its children end before they begin");
  }
  if (!top && (level.first_child[0] != 0 || level.first_child[size] != trie.level(k + 1).size()))
    broken(k, 0, "the children are not those of the next order");
}

void check_links(const NgramTrie& trie, int k) {
  const NgramLevel& level = trie.level(k);
  const NgramLevel& below = trie.level(k - 1);
  for (std::size_t parent = 0; parent < below.size(); ++parent) {
    for (std::size_t i = below.first_child[parent]; i < below.first_child[parent + 1]; ++i) {
      if (level.word[i] >= trie.vocabulary.size()) broken(k, i, "a word that is not there");
      if (i > below.first_child[parent] && level.word[i - 1] >= level.word[i])
        broken(k, i, "out of order");
      const std::size_t context = level.context[i];
      if (context >= below.size()) broken(k, i, "a context that is not there");
      // "w1 .. wk" has the parent "w2 .. wk" and the context "w1 .. w(k-1)"; theirs, "w2 ..
      // w(k-1)", must be one.
      const WordId oldest = k == 2 ? static_cast<WordId>(context) : below.word[context];
      if (oldest != level.word[i]) broken(k, i, "a context of another word");
      if (k == 2) continue;
      const NodeId middle = below.context[parent];
      const NgramLevel& two_below = trie.level(k - 2);
      if (context < two_below.first_child[middle] || context >= two_below.first_child[middle + 1])
        broken(k, i, "a context with other words");
    }
  }
}

}  // namespace

void check(const NgramTrie& trie) {
  if (trie.levels.empty() || trie.level(1).size() != trie.vocabulary.size())
    broken(1, 0, "as many unigrams as words are needed");
  for (int k = 1; k <= trie.order(); ++k) check_level(trie, k);
  for (int k = 2; k <= trie.order(); ++k) check_links(trie, k);
}

void name_specials(NgramTrie* trie) {
  trie->bos = trie->eos = trie->unk = -1;
  std::int64_t upper = -1;
  for (std::size_t id = 0; id < trie->vocabulary.size(); ++id) {
    const std::string& word = trie->vocabulary[id];
    if (word.empty() || word[0] != '<') continue;
    const auto number = static_cast<std::int64_t>(id);
    if (word == "<s>") trie->bos = number;
    if (word == "</s>") trie->eos = number;
    if (word == "<unk>") trie->unk = number;
    if (word == "<UNK>") upper = number;
  }
  if (trie->unk < 0) trie->unk = upper;
}

LevelWalk::LevelWalk(const NgramTrie& trie, int k, std::size_t start)
    : trie_(&trie),
      order_(k),
      at_(static_cast<std::size_t>(k), 0),
      words_(static_cast<std::size_t>(k), 0) {
  at_.back() = static_cast<NodeId>(start);
  if (done()) return;
  for (int j = k; j > 1; --j) {
    const util::Array<NodeId>& first = trie.level(j - 1).first_child;
    at_[j - 2] = static_cast<NodeId>(std::upper_bound(first.begin(), first.end(), at_[j - 1]) -
                                     first.begin() - 1);
    words_[k - j] = trie.level(j).word[at_[j - 1]];
  }
  words_[k - 1] = at_[0];
}

void LevelWalk::next() {
  ++at_.back();
  if (done()) return;
  if (order_ > 1) words_[0] = trie_->level(order_).word[at_.back()];
  settle();
}

// Moves the ancestors on until they are those of the node; what is above one that fits does too.
void LevelWalk::settle() {
  for (int j = order_; j > 1; --j) {
    const NgramLevel& below = trie_->level(j - 1);
    NodeId& parent = at_[j - 2];
    if (below.first_child[parent + 1] > at_[j - 1]) break;
    while (below.first_child[parent + 1] <= at_[j - 1]) ++parent;
    if (j > 2) words_[order_ - j + 1] = below.word[parent];
  }
  words_[order_ - 1] = at_[0];
}

}  // namespace tlg::lm
