#include "lm/query/compact_build.h"

#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "lm/query/codebook.h"
#include "util/error.h"

namespace tlg::lm {
namespace {

constexpr int kMinBits = 2, kMaxBits = 16;

// A codebook costs a read more for each value: it has to be worth a tenth of the room.
constexpr double kWorth = 0.9;

std::uint32_t pattern_of(float value) {
  std::uint32_t pattern;
  std::memcpy(&pattern, &value, 4);
  return pattern;
}

// What packs the values of one order.
class Packer {
 public:
  Packer(const util::Array<float>& values, int bits, bool backoffs) : values_(values) {
    bool plain_sign = !backoffs;
    for (const float value : values) plain_sign = plain_sign && pattern_of(value) != 0x80000000U;
    const unsigned plain_bits = plain_sign ? 31 : 32;
    // A codebook of all distinct values loses nothing, whatever was asked for.
    std::vector<float> book =
        distinct_values(values, bits == 0 ? values.size() / 2 : std::size_t{1} << bits);
    const bool exact = bits == 0 || !book.empty();
    if (!exact) book = quantise(values, std::size_t{1} << bits);
    const double size = static_cast<double>(values.size());
    if (bits == 0 && width_of(book.size()) * size + 32.0 * static_cast<double>(book.size()) >
                         kWorth * plain_bits * size)
      book.clear();
    made_.bits = book.empty() ? (values.empty() ? 0 : plain_bits) : width_of(book.size());
    finder_ = std::make_unique<CodeFinder>(book, exact);
    made_.table = util::Array<float>(std::move(book));
    mask_ = plain_bits == 31 ? 0x7fffffffU : 0xffffffffU;
  }

  unsigned bits() const { return made_.bits; }
  std::uint64_t code(std::size_t i) const {
    return made_.table.empty() ? pattern_of(values_[i]) & mask_ : (*finder_)(values_[i]);
  }
  CompactValues done() { return std::move(made_); }

 private:
  const util::Array<float>& values_;
  CompactValues made_;
  std::unique_ptr<CodeFinder> finder_;
  std::uint32_t mask_;
};

// Where the nodes of one order went: by context instead of by suffix.
struct Places {
  std::vector<std::uint32_t> place;    // of each node
  std::vector<std::uint32_t> sibling;  // its rank within its context, of each node
};

// Nodes in suffix order have their last words ascending, so a stable counting sort by context
// leaves each context's words ascending. Returns the first child of each context, and the end.
std::vector<std::uint32_t> sort_by_context(const NgramLevel& level, const Places& contexts,
                                           std::size_t num_contexts, Places* places) {
  std::vector<std::uint32_t> first(num_contexts + 1, 0);
  for (const NodeId context : level.context) ++first[contexts.place[context] + 1];
  for (std::size_t i = 0; i < num_contexts; ++i) first[i + 1] += first[i];
  std::vector<std::uint32_t> next(first.begin(), first.end() - 1);
  places->place.resize(level.size());
  places->sibling.resize(level.size());
  for (std::size_t i = 0; i < level.size(); ++i) {
    const std::uint32_t context = contexts.place[level.context[i]];
    places->place[i] = next[context]++;
    places->sibling[i] = places->place[i] - first[context];
  }
  return first;
}

CompactLevel pack_level(const NgramTrie& trie, int k, const CompactOptions& options,
                        const Places& below, const Places& places) {
  const NgramLevel& level = trie.level(k);
  const NgramLevel& shorter = trie.level(k - 1);
  CompactLevel made;
  made.size = static_cast<std::uint32_t>(level.size());
  std::uint32_t ranks = 0;
  for (std::size_t parent = 0; parent < shorter.size(); ++parent)
    if (shorter.first_child[parent] != shorter.first_child[parent + 1] &&
        below.sibling[parent] >= ranks)
      ranks = below.sibling[parent] + 1;
  made.rank_bits = width_of(ranks);
  Packer probs(level.log10_prob, options.prob_bits, false);
  Packer backoffs(level.log10_backoff, options.backoff_bits, true);
  const std::uint64_t stride = made.rank_bits + probs.bits() + backoffs.bits();
  made.records = util::Array<std::uint8_t>(bytes_of_bits(stride * made.size), 0);
  for (std::size_t parent = 0; parent < shorter.size(); ++parent) {
    for (std::size_t i = shorter.first_child[parent]; i < shorter.first_child[parent + 1]; ++i) {
      std::uint64_t bit = stride * places.place[i];
      put_bits(made.records.data(), bit, below.sibling[parent]);
      bit += made.rank_bits;
      put_bits(made.records.data(), bit, probs.code(i));
      bit += probs.bits();
      if (k < trie.order()) put_bits(made.records.data(), bit, backoffs.code(i));
    }
  }
  made.log10_probs = probs.done();
  made.log10_backoffs = backoffs.done();
  return made;
}

void check_bits(int bits, const char* name) {
  if (bits != 0 && (bits < kMinBits || bits > kMaxBits))
    throw Error(ErrorKind::kOption, std::string(name) + "=" + std::to_string(bits),
                "Give 2 to 16 bits, or 0 for exact values");
}

[[noreturn]] void damaged(int k) {
  throw Error(ErrorKind::kArpa, "the " + std::to_string(k) + "-grams are damaged",
              "Copy the file again, or make it again");
}

// One order of expand(): where each node goes, by suffix instead of by context.
struct Unpacked {
  std::vector<std::uint32_t> place, oldest;
};

NgramLevel unpack_level(const CompactTrie& compact, int k, const Unpacked& below,
                        const std::vector<std::uint32_t>& suffixes, Unpacked* made,
                        NgramLevel* shorter) {
  const CompactLevel& level = compact.level(k);
  const bool top = k == compact.order();
  NgramLevel out;
  out.word = util::Array<WordId>(level.size);
  out.context = util::Array<NodeId>(level.size);
  out.log10_prob = util::Array<float>(level.size);
  if (!top) out.log10_backoff = util::Array<float>(level.size);
  const std::size_t num_shorter = compact.size(k - 1);
  util::Array<NodeId> first(num_shorter + 1, 0);
  for (const std::uint32_t suffix : suffixes) ++first[std::size_t{below.place[suffix]} + 1];
  for (std::size_t i = 0; i < num_shorter; ++i) first[i + 1] += first[i];
  std::vector<std::uint32_t> next(first.begin(), first.end() - 1);
  made->place.resize(level.size);
  made->oldest.resize(level.size);
  std::uint32_t node = 0;
  for (std::uint32_t context = 0; context < num_shorter; ++context) {
    const ChildBits::Range range = compact.children(k - 1, context);
    if (range.begin != node) damaged(k);
    for (; node < range.end; ++node) {
      const std::uint32_t to = next[below.place[suffixes[node]]]++;
      made->place[node] = to;
      made->oldest[node] = k == 2 ? context : below.oldest[context];
      out.word[to] = made->oldest[node];
      out.context[to] = below.place[context];
      out.log10_prob[to] = level.log10_prob(node);
      if (!top) out.log10_backoff[to] = level.log10_backoff(node);
    }
  }
  if (node != level.size) damaged(k);
  shorter->first_child = std::move(first);
  return out;
}

// The suffix of each node of order k, in the nodes' order.
std::vector<std::uint32_t> suffixes_of(const CompactTrie& compact, int k,
                                       const std::vector<std::uint32_t>& below) {
  const CompactLevel& level = compact.level(k);
  std::vector<std::uint32_t> suffixes(level.size);
  const std::uint32_t bound = compact.size(k - 1);
  std::uint32_t node = 0;
  for (std::uint32_t context = 0; context < bound && node < level.size; ++context) {
    const ChildBits::Range range = compact.children(k - 1, context);
    if (range.begin != node) damaged(k);
    if (range.begin == range.end) continue;
    ChildBits::Range ranks{0, bound};
    if (k > 2) ranks = compact.children(k - 2, below[context]);
    for (; node < range.end; ++node) {
      const std::uint64_t suffix = std::uint64_t{ranks.begin} + level.rank(node);
      if (suffix >= ranks.end) damaged(k);
      suffixes[node] = static_cast<std::uint32_t>(suffix);
    }
  }
  if (node != level.size) damaged(k);
  return suffixes;
}

}  // namespace

CompactTrie build_compact(const NgramTrie& trie, const CompactOptions& options) {
  check_bits(options.prob_bits, "prob_bits");
  check_bits(options.backoff_bits, "backoff_bits");
  if (trie.order() > CompactTrie::kMaxOrder)
    throw Error(ErrorKind::kArpa, "order " + std::to_string(trie.order()) + " is above 15",
                "Use the probing structure");
  for (const NgramLevel& level : trie.levels)
    if (level.size() > CompactTrie::kMaxSize)
      throw Error(ErrorKind::kArpa, "more than 4.29 billion n-grams of one order",
                  "Prune the model");
  CompactTrie made;
  const NgramLevel& words = trie.level(1);
  made.unigrams = util::Array<CompactUnigram>(words.size() + 1, CompactUnigram{0, 0, 0});
  Places below;
  below.place.resize(words.size());
  for (std::size_t i = 0; i < words.size(); ++i) {
    made.unigrams[i].log10_prob = words.log10_prob[i];
    if (trie.order() > 1) made.unigrams[i].log10_backoff = words.log10_backoff[i];
    below.place[i] = static_cast<std::uint32_t>(i);
  }
  below.sibling = below.place;
  for (int k = 2; k <= trie.order(); ++k) {
    Places places;
    const std::vector<std::uint32_t> first =
        sort_by_context(trie.level(k), below, trie.level(k - 1).size(), &places);
    const auto count = [&](std::uint32_t context) { return first[context + 1] - first[context]; };
    if (k == 2)
      for (std::size_t i = 0; i < first.size(); ++i) made.unigrams[i].first_child = first[i];
    else
      made.level(k - 1).children = ChildBits::build(made.size(k - 1), first.back(), count);
    made.longer.push_back(pack_level(trie, k, options, below, places));
    below = std::move(places);
  }
  return made;
}

NgramTrie expand(const CompactTrie& compact, NgramTrie trie) {
  const std::uint32_t words = compact.size(1);
  NgramLevel unigrams;
  unigrams.log10_prob = util::Array<float>(words);
  if (compact.order() > 1) unigrams.log10_backoff = util::Array<float>(words);
  Unpacked below;
  below.place.resize(words);
  for (std::uint32_t i = 0; i < words; ++i) {
    unigrams.log10_prob[i] = compact.unigrams[i].log10_prob;
    if (compact.order() > 1) unigrams.log10_backoff[i] = compact.unigrams[i].log10_backoff;
    below.place[i] = i;
  }
  trie.levels.push_back(std::move(unigrams));
  std::vector<std::uint32_t> suffixes;
  for (int k = 2; k <= compact.order(); ++k) {
    suffixes = suffixes_of(compact, k, suffixes);
    Unpacked unpacked;
    trie.levels.push_back(
        unpack_level(compact, k, below, suffixes, &unpacked, &trie.levels.back()));
    below = std::move(unpacked);
  }
  check(trie);
  return trie;
}

}  // namespace tlg::lm
