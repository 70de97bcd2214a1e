#include "lm/query/query_model.h"

#include <algorithm>
#include <array>
#include <memory>

namespace tlg::lm {
namespace {

constexpr std::size_t kMaxOrder = 127;

WordId word_id(std::int64_t id) { return id < 0 ? kNoWord : static_cast<WordId>(id); }
std::int64_t trie_id(WordId id) { return id == kNoWord ? -1 : static_cast<std::int64_t>(id); }

std::size_t num_words(const LmFile& file) {
  const auto counts = file.array<std::uint64_t>("model.counts");
  if (counts.empty() || counts.size() > kMaxOrder || counts[0] >= kNoWord)
    file.damaged("section 'model.counts'");
  return static_cast<std::size_t>(counts[0]);
}

}  // namespace

QueryModel::QueryModel(const NgramTrie& trie)
    : words_(trie.vocabulary),
      bos_(word_id(trie.bos)),
      eos_(word_id(trie.eos)),
      unk_(word_id(trie.unk)) {
  for (const NgramLevel& level : trie.levels) counts_.push_back(level.size());
}

QueryModel::QueryModel(const LmFile& file) : words_(file, num_words(file)) {
  const auto counts = file.array<std::uint64_t>("model.counts");
  counts_.assign(counts.begin(), counts.end());
  const auto specials = file.array<WordId>("model.specials", 3);
  for (const WordId id : specials)
    if (id != kNoWord && id >= words_.size()) file.damaged("section 'model.specials'");
  bos_ = specials[0];
  eos_ = specials[1];
  unk_ = specials[2];
}

void QueryModel::add_common(LmFileWriter* writer) const {
  const auto specials = std::make_shared<std::array<WordId, 3>>();
  *specials = {bos_, eos_, unk_};
  writer->add("model.counts", counts_.data(), counts_.size());
  writer->add("model.specials", specials->data(), specials->size(), specials);
  words_.add_to(writer);
}

NgramTrie QueryModel::empty_trie() const {
  NgramTrie trie;
  trie.vocabulary = words_.words();
  trie.bos = trie_id(bos_);
  trie.eos = trie_id(eos_);
  trie.unk = trie_id(unk_);
  return trie;
}

void QueryModel::score_all(const LmBatch& batch) const {
  for (std::size_t i = 0; i < batch.size; ++i) {
    for (std::uint64_t at = batch.offsets[i]; at < batch.offsets[i + 1]; ++at) {
      const LmHit found = hit(batch.states[i], batch.words[at]);
      batch.hits[at] = {found.score, static_cast<std::uint8_t>(found.order), found.zero};
      batch.states[i] = found.to;
    }
  }
}

}  // namespace tlg::lm
