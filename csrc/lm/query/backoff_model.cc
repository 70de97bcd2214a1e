#include "lm/query/backoff_model.h"

#include <algorithm>

#include "lm/files/ngram_index.h"
#include "util/error.h"

namespace tlg::lm {
namespace {

constexpr std::size_t kPending = 64;
constexpr float kZero = kLog10Zero * kLn10;

WordId word_id(std::int64_t id) { return id < 0 ? kNoWord : static_cast<WordId>(id); }

}  // namespace

std::size_t BackoffModel::home(std::uint32_t context, WordId word) const {
  std::uint64_t hash = (static_cast<std::uint64_t>(context) << 32 | word) * 0x9e3779b97f4a7c15ULL;
  hash ^= hash >> 29;
  hash *= 0xbf58476d1ce4e5b9ULL;
  return static_cast<std::size_t>((hash >> 32) * table_.size() >> 32);
}

const BackoffModel::Entry* BackoffModel::find(std::uint32_t context, WordId word) const {
  for (std::size_t at = home(context, word); table_[at].context;
       at = at + 1 == table_.size() ? 0 : at + 1)
    if (table_[at].context == context && table_[at].word == word) return &table_[at];
  return nullptr;
}

// Entries wait here while their slots are fetched from memory.
void BackoffModel::insert_all(std::vector<Entry>* pending) {
  for (const Entry& entry : *pending) {
    std::size_t at = home(entry.context, entry.word);
    while (table_[at].context) at = at + 1 == table_.size() ? 0 : at + 1;
    table_[at] = entry;
  }
  pending->clear();
}

BackoffModel::BackoffModel(const NgramTrie& trie)
    : bos_(word_id(trie.bos)), eos_(word_id(trie.eos)), unk_(word_id(trie.unk)) {
  for (const std::string& word : trie.vocabulary) words_.insert(word);
  const int order = trie.order();
  std::uint64_t nodes = 1, longer = 0;
  for (int k = 1; k <= order; ++k) {
    base_.push_back(static_cast<std::uint32_t>(nodes));
    if (k < order) nodes += trie.level(k).size();
    if (k > 1) longer += trie.level(k).size();
    if (std::max(nodes, longer) >= 0xaaaaaaaaU)
      throw Error(ErrorKind::kArpa, "more than 2.8 billion n-grams", "Prune the model");
  }
  table_.resize(longer + longer / 2 + 1);
  nodes_.resize(nodes);
  // A context that begins nothing and costs nothing is as good as its suffix: states stay few.
  std::vector<std::uint32_t> state(nodes);
  std::vector<bool> matters(nodes);
  for (int k = 2; k <= order; ++k)
    for (const NodeId context : trie.level(k).context) matters[base_[k - 2] + context] = true;
  std::vector<Entry> pending;
  unigrams_.resize(trie.level(1).size());
  for (int k = 1; k <= order; ++k) {
    const NgramLevel& level = trie.level(k);
    for (LevelWalk at(trie, k); !at.done(); at.next()) {
      const NodeId i = at.node();
      const std::uint32_t suffix = k == 1 ? 0 : state[base_[k - 2] + at.parent()];
      std::uint32_t to = suffix;
      if (k < order) {
        const std::uint32_t node = base_[k - 1] + i;
        const float backoff = level.log10_backoff[i];
        nodes_[node] = {backoff * kLn10, suffix};
        if (matters[node] || backoff != 0) to = node;
        state[node] = to;
      }
      Entry entry{0, at.words()[k - 1], level.log10_prob[i] * kLn10, to};
      if (k == 1) {
        unigrams_[i] = entry;
        continue;
      }
      entry.context = base_[k - 2] + level.context[i];
      TLG_PREFETCH(&table_[home(entry.context, entry.word)]);
      pending.push_back(entry);
      if (pending.size() == kPending) insert_all(&pending);
    }
  }
  insert_all(&pending);
  if (bos_ != kNoWord) start_.id = unigrams_[bos_].to;
}

LmHit BackoffModel::hit(LmState from, WordId word) const {
  if (word == kNoWord) word = unk_;
  if (word == kNoWord) return {kZero, 1, LmState(), true};
  LmHit found;
  auto context = static_cast<std::uint32_t>(from.id);
  const Entry* entry = nullptr;
  // The next shorter context is as likely as not to be needed: both slots are fetched at once.
  if (context) {
    TLG_PREFETCH(&table_[home(context, word)]);
    TLG_PREFETCH(&table_[home(nodes_[context].suffix, word)]);
  }
  while (context && !(entry = find(context, word))) {
    found.score += nodes_[context].backoff;
    context = nodes_[context].suffix;
  }
  if (!entry) entry = &unigrams_[word];
  found.score += entry->score;
  found.zero = entry->score <= kZero;
  found.to.id = entry->to;
  found.order = 1;
  while (found.order < order() && context >= base_[found.order]) ++found.order;
  if (context) ++found.order;
  return found;
}

LmHit BackoffModel::hit_end(LmState from) const {
  return eos_ == kNoWord ? LmHit{kZero, 1, LmState(), true} : hit(from, eos_);
}

}  // namespace tlg::lm
