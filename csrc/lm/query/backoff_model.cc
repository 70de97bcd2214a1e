#include "lm/query/backoff_model.h"

#include <algorithm>
#include <utility>

#include "util/error.h"

namespace tlg::lm {
namespace {

// N-grams on their way into a table. They come in an order that has nothing to do with their
// buckets, so each would wait for memory: they are gathered by parts of the table that the cache
// holds, and put in part by part.
class Inserter {
 public:
  Inserter(NgramTable* table, std::size_t size)
      : table_(table), parts_((table->buckets().size() >> kPartBits) + 1) {
    const std::size_t share = std::min(size, kMaxWaiting) / parts_.size();
    capacity_ = share + share / 16 + 64;  // most parts are filled once
    waiting_ = util::Array<Pending>(capacity_ * parts_.size());
  }

  bool add(std::uint32_t context, WordId word, float log10_prob, std::uint32_t to) {
    const NgramTable::Place place = table_->place(context, word);
    const std::size_t part = place.bucket >> kPartBits;
    waiting_[part * capacity_ + parts_[part]] = {place, log10_prob, to};
    return ++parts_[part] < capacity_ || flush(part);
  }
  bool finish() {
    for (std::size_t part = 0; part < parts_.size(); ++part)
      if (!flush(part)) return false;
    return true;
  }

 private:
  static constexpr int kPartBits = 14;                              // a megabyte of buckets
  static constexpr std::size_t kMaxWaiting = std::size_t{4} << 20;  // 64 megabytes
  static constexpr std::size_t kAhead = 16;
  struct Pending {
    NgramTable::Place place;
    float log10_prob;
    std::uint32_t to;
  };

  bool flush(std::size_t part) {
    const Pending* const from = waiting_.data() + part * capacity_;
    const std::size_t count = std::exchange(parts_[part], 0);
    for (std::size_t i = 0; i < count; ++i) {
      if (i + kAhead < count) table_->prefetch(from[i + kAhead].place);
      if (!table_->insert(from[i].place, from[i].log10_prob, from[i].to)) return false;
    }
    return true;
  }

  NgramTable* table_;
  std::vector<std::size_t> parts_;  // how many wait for each
  std::size_t capacity_;
  util::Array<Pending> waiting_;
};

}  // namespace

std::uint64_t BackoffModel::number_contexts() {
  std::uint64_t nodes = 1;
  for (int k = 1; k < order(); ++k) {
    base_.push_back(static_cast<std::uint32_t>(nodes));
    const std::uint64_t count = counts()[static_cast<std::size_t>(k) - 1];
    nodes += count;
    if (count >= 0xffffffffU || nodes >= 0xffffffffU)
      throw Error(ErrorKind::kArpa, "more than 4 billion n-grams below the highest order",
                  "Prune the model");
  }
  return nodes;
}

BackoffModel::BackoffModel(const NgramTrie& trie) : QueryModel(trie) {
  const std::uint64_t nodes = number_contexts();
  nodes_ = util::Array<Node>(static_cast<std::size_t>(nodes));
  nodes_[0] = {0, 0};
  unigrams_ = util::Array<Unigram>(words().size());
  std::size_t longer = 0;
  for (int k = 2; k <= order(); ++k) longer += trie.level(k).size();
  // A context that begins nothing and costs nothing is as good as its suffix: states stay few.
  std::vector<bool> matters(static_cast<std::size_t>(nodes));
  for (int k = 2; k <= order(); ++k)
    for (const NodeId context : trie.level(k).context) matters[base_[k - 2] + context] = true;
  std::vector<std::uint32_t> state(static_cast<std::size_t>(nodes));
  fill_unigrams(trie, matters, &state);
  if (order() > 1) {
    table_ = NgramTable(longer, static_cast<std::size_t>(nodes), words().size());
    while (!fill_table(trie, matters, &state)) table_.grow();
  }
  if (bos() != kNoWord) set_start({unigrams_[bos()].to});
}

void BackoffModel::fill_unigrams(const NgramTrie& trie, const std::vector<bool>& matters,
                                 std::vector<std::uint32_t>* state) {
  const NgramLevel& level = trie.level(1);
  for (std::uint32_t word = 0; word < level.size(); ++word) {
    std::uint32_t to = 0;
    if (order() > 1) {
      const std::uint32_t node = base_[0] + word;
      nodes_[node] = {level.log10_backoff[word], 0};
      if (matters[node] || level.log10_backoff[word] != 0) to = node;
      (*state)[node] = to;
    }
    unigrams_[word] = {level.log10_prob[word], to};
  }
}

bool BackoffModel::fill_table(const NgramTrie& trie, const std::vector<bool>& matters,
                              std::vector<std::uint32_t>* state) {
  std::size_t longer = 0;
  for (int k = 2; k <= order(); ++k) longer += trie.level(k).size();
  Inserter inserter(&table_, longer);
  // end[word]: where the n-grams end of which it is the last word.
  std::vector<NodeId> end(words().size());
  for (WordId word = 0; word < end.size(); ++word) end[word] = word + 1;
  for (int k = 2; k <= order(); ++k) {
    const NgramLevel& below = trie.level(k - 1);
    const NgramLevel& level = trie.level(k);
    NodeId parent = 0;
    for (WordId word = 0; word < end.size(); ++word) {
      for (; parent < end[word]; ++parent) {
        const std::uint32_t suffix = (*state)[base_[k - 2] + parent];
        for (NodeId i = below.first_child[parent]; i < below.first_child[parent + 1]; ++i) {
          std::uint32_t to = suffix;
          if (k < order()) {
            const std::uint32_t node = base_[k - 1] + i;
            nodes_[node] = {level.log10_backoff[i], suffix};
            if (matters[node] || level.log10_backoff[i] != 0) to = node;
            (*state)[node] = to;
          }
          if (!inserter.add(base_[k - 2] + level.context[i], word, level.log10_prob[i], to))
            return false;
        }
      }
      end[word] = below.first_child[end[word]];
    }
  }
  return inserter.finish();
}

BackoffModel::BackoffModel(const LmFile& file) : QueryModel(file) {
  const std::uint64_t nodes = number_contexts();
  nodes_ = file.array<Node>("backoff.nodes", nodes);
  unigrams_ = file.array<Unigram>("backoff.unigrams", words().size());
  if (order() > 1)
    table_ = NgramTable(file.array<NgramBucket>("backoff.table"), static_cast<std::size_t>(nodes),
                        words().size());
  std::uint64_t room = table_.buckets().size() * NgramBucket::kSize;
  for (int k = 2; k <= order(); ++k) {
    const std::uint64_t count = counts()[static_cast<std::size_t>(k) - 1];
    if (count > room) file.damaged("section 'backoff.table' has another size");
    room -= count;
  }
  if (bos() != kNoWord) set_start({checked(unigrams_[bos()].to)});
}

void BackoffModel::add_to(LmFileWriter* writer) const {
  add_common(writer);
  writer->add("backoff.unigrams", unigrams_);
  writer->add("backoff.nodes", nodes_);
  if (order() > 1) writer->add("backoff.table", table_.buckets());
}

LmHit BackoffModel::hit(LmState from, WordId word) const {
  word = word_or_unk(word);
  if (word == kNoWord) return {nats(kLog10Zero), 1, LmState(), true};
  auto context = static_cast<std::uint32_t>(from.id);
  float score = 0;
  NgramTable::Found found;
  // The next shorter context is as likely as not to be needed: both buckets are fetched at once.
  NgramTable::Place place{}, next{};
  if (context) {
    place = table_.place(context, word);
    table_.prefetch(place);
  }
  for (; context; context = shorter(context), place = next) {
    const std::uint32_t suffix = shorter(context);
    if (suffix) {
      next = table_.place(suffix, word);
      table_.prefetch(next);
    }
    if (table_.find(place, &found)) break;
    score += nats(nodes_[context].log10_backoff);
  }
  if (!context) found = {unigrams_[word].log10_prob, unigrams_[word].to};
  return {score + nats(found.log10_prob),
          order_after(context),
          {checked(found.to)},
          found.log10_prob <= kLog10Zero};
}

}  // namespace tlg::lm
