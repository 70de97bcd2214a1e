#include "lm/query/compact_file.h"

#include <memory>
#include <string>

namespace tlg::lm {
namespace {

struct LevelRow {
  std::uint32_t rank_bits, prob_bits, backoff_bits, zero;
};

std::string section(int k, const char* part) { return std::to_string(k) + "." + part; }

// Values of `bits` bits, 31 or 32 without a codebook, and all of a codebook's entries are reached.
bool fits(const CompactValues& values, std::uint32_t size) {
  if (values.table.empty())
    return size == 0 ? values.bits == 0 : values.bits == 31 || values.bits == 32;
  return values.bits <= 31 && values.bits == width_of(values.table.size());
}

}  // namespace

void write_compact(const CompactTrie& trie, LmFileWriter* writer) {
  const auto rows = std::make_shared<std::vector<LevelRow>>();
  for (const CompactLevel& level : trie.longer)
    rows->push_back({level.rank_bits, level.log10_probs.bits, level.log10_backoffs.bits, 0});
  writer->add("trie.levels", rows->data(), rows->size(), rows);
  writer->add("trie.unigrams", trie.unigrams);
  for (int k = 2; k <= trie.order(); ++k) {
    const CompactLevel& level = trie.level(k);
    writer->add(section(k, "records"), level.records);
    writer->add(section(k, "probs"), level.log10_probs.table);
    if (k == trie.order()) break;
    writer->add(section(k, "backoffs"), level.log10_backoffs.table);
    writer->add(section(k, "children"), level.children.words);
    writer->add(section(k, "before"), level.children.before);
    writer->add(section(k, "ones"), level.children.ones);
    writer->add(section(k, "zeros"), level.children.zeros);
  }
}

CompactTrie read_compact(const LmFile& file, const std::vector<std::uint64_t>& counts) {
  const int order = static_cast<int>(counts.size());
  if (order > CompactTrie::kMaxOrder) file.damaged("order " + std::to_string(order));
  for (std::size_t i = 0; i < counts.size(); ++i)
    if (counts[i] > CompactTrie::kMaxSize || (i > 0 && counts[i] > 0 && counts[i - 1] == 0))
      file.damaged("section 'model.counts'");
  CompactTrie trie;
  trie.unigrams = file.array<CompactUnigram>("trie.unigrams", counts[0] + 1);
  const auto rows = file.array<LevelRow>("trie.levels", counts.size() - 1);
  for (int k = 2; k <= order; ++k) {
    const LevelRow& row = rows[static_cast<std::size_t>(k) - 2];
    const std::uint64_t size = counts[static_cast<std::size_t>(k) - 1];
    const bool top = k == order;
    CompactLevel level;
    level.size = static_cast<std::uint32_t>(size);
    level.rank_bits = row.rank_bits;
    level.log10_probs.bits = row.prob_bits;
    level.log10_probs.table = file.array<float>(section(k, "probs"));
    if (!top) {
      level.log10_backoffs.bits = row.backoff_bits;
      level.log10_backoffs.table = file.array<float>(section(k, "backoffs"));
    }
    if (row.rank_bits > 32 || !fits(level.log10_probs, level.size) ||
        !fits(level.log10_backoffs, top ? 0 : level.size) || (top && row.backoff_bits != 0))
      file.damaged("section 'trie.levels'");
    level.records = file.array<std::uint8_t>(section(k, "records"), level.record_bytes());
    if (!top) {
      const std::uint64_t children = counts[static_cast<std::size_t>(k)];
      const std::size_t blocks = ChildBits::num_blocks(size, children);
      level.children.parents = level.size;
      level.children.children = static_cast<std::uint32_t>(children);
      level.children.words =
          file.array<std::uint64_t>(section(k, "children"), blocks * (ChildBits::kBlock / 64));
      level.children.before = file.array<std::uint32_t>(section(k, "before"), blocks + 1);
      level.children.ones =
          file.array<std::uint32_t>(section(k, "ones"), ChildBits::num_hints(size + 1));
      level.children.zeros =
          file.array<std::uint32_t>(section(k, "zeros"), ChildBits::num_hints(children));
    }
    trie.longer.push_back(std::move(level));
  }
  return trie;
}

}  // namespace tlg::lm
