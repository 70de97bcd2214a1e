#include "lm/smooth/cutoffs.h"

#include <algorithm>
#include <string>
#include <utility>

#include "lm/smooth/contexts.h"
#include "lm/smooth/occurrences.h"

namespace tlg::lm {
namespace {

// Marks the n-grams of one order by their counts alone.
util::Array<Keep> compare(const util::Array<std::uint32_t>& counts, int k, bool fixed_vocab,
                          const SmoothingOptions& options, util::Workspace* workspace) {
  const std::vector<std::uint64_t>& prune = options.prune;
  const auto order = static_cast<std::size_t>(k);
  const std::uint64_t threshold = prune.empty() ? 0 : prune[std::min(order, prune.size()) - 1];
  util::Array<Keep> keep = workspace->make<Keep>(counts.size());
  for (std::size_t node = 0; node < keep.size(); ++node)
    keep[node] = counts[node] > threshold ? Keep::kOwn : Keep::kDropped;
  if (k > 1) return keep;
  // The caller wants the words of a fixed vocabulary, those that do not occur too.
  for (std::size_t word = 0; word < keep.size(); ++word)
    if (word <= kEosId || fixed_vocab) keep[word] = Keep::kOwn;
  return keep;
}

// Drops what has a word from outside. Thresholds on occurrences do not decrease, so that nothing
// else is needed for the parts of what is kept to be kept.
void drop_outside(const CountTrie& trie, std::vector<bool> inside, Cutoffs* cutoffs) {
  const std::vector<bool> words = inside;
  for (std::size_t word = 0; word < words.size(); ++word)
    if (!words[word]) (*cutoffs)[0][word] = Keep::kDropped;
  for (int k = 2; k <= trie.order(); ++k) {
    const CountLevel& level = trie.levels[k - 1];
    const util::Array<std::uint32_t>& first = trie.levels[k - 2].first_child;
    util::Array<Keep>& keep = (*cutoffs)[k - 1];
    std::vector<bool> longer(keep.size());
    for (std::size_t parent = 0; parent + 1 < first.size(); ++parent)
      for (std::uint32_t node = first[parent]; node < first[parent + 1]; ++node) {
        longer[node] = inside[parent] && words[level.word[node]];
        if (!longer[node]) keep[node] = Keep::kDropped;
      }
    inside = std::move(longer);
  }
}

// Lists the parts of what is kept.
void close(const CountTrie& trie, const std::vector<util::Array<std::uint32_t>>& contexts,
           Cutoffs* cutoffs) {
  for (int k = trie.order(); k >= 2; --k) {
    const util::Array<std::uint32_t>& first = trie.levels[k - 2].first_child;
    util::Array<Keep>& parts = (*cutoffs)[k - 2];
    for (std::size_t parent = 0; parent + 1 < first.size(); ++parent)
      for (std::uint32_t node = first[parent]; node < first[parent + 1]; ++node) {
        if ((*cutoffs)[k - 1][node] == Keep::kDropped) continue;
        for (const std::size_t part : {parent, std::size_t{contexts[k - 1][node]}})
          parts[part] = std::max(parts[part], Keep::kListed);
      }
  }
}

template <typename T>
void keep_some(const util::Array<Keep>& keep, std::size_t size, util::Workspace* workspace,
               util::Array<T>* values) {
  if (values->empty()) return;
  auto kept = workspace->make<T>(size);
  std::size_t at = 0;
  for (std::size_t i = 0; i < keep.size(); ++i)
    if (keep[i] != Keep::kDropped) kept[at++] = (*values)[i];
  *values = std::move(kept);
}

// The number of each n-gram in the model, and one past the end; of what is dropped, the next one's.
util::Array<std::uint32_t> number(const util::Array<Keep>& keep, util::Workspace* workspace) {
  auto numbers = workspace->make<std::uint32_t>(keep.size() + 1);
  std::uint32_t next = 0;
  for (std::size_t i = 0; i < keep.size(); ++i) {
    numbers[i] = next;
    next += keep[i] != Keep::kDropped;
  }
  numbers[keep.size()] = next;
  return numbers;
}

}  // namespace

Cutoffs find_cutoffs(const CountTrie& trie, bool occurs, const Corpus& corpus,
                     const std::vector<util::Array<std::uint32_t>>& contexts,
                     const SmoothingOptions& options) {
  const bool cut = !options.prune.empty() && options.prune.back() > 0;
  const bool closed = corpus.options().closed;
  if (!cut && !options.limit_vocab && !closed) return {};
  util::Workspace& workspace = corpus.job().workspace;
  Cutoffs cutoffs(trie.levels.size());
  const bool adjusted = options.prune_counts == PruneCounts::kAdjusted;
  const auto mark = [&](int k, const util::Array<std::uint32_t>& counts) {
    cutoffs[k - 1] = compare(counts, k, corpus.options().fixed_vocab, options, &workspace);
  };
  if (cut && !adjusted && !occurs) {
    for_occurrences(trie, &workspace, mark);
  } else {
    for (int k = 1; k <= trie.order(); ++k) mark(k, trie.levels[k - 1].count);
  }
  const WordTable& words = corpus.words();
  std::vector<bool> inside(words.size(), !options.limit_vocab);
  for (const std::string& word : options.vocab) {
    const WordId id = words.find(word);
    if (id != kNoWord) inside[id] = true;
  }
  inside[kBosId] = inside[kEosId] = true;
  inside[kUnkId] = !closed;
  if (options.limit_vocab || closed) drop_outside(trie, std::move(inside), &cutoffs);
  if (adjusted) close(trie, contexts, &cutoffs);
  return cutoffs;
}

void leave_out(const Cutoffs& cutoffs, util::Workspace* workspace, NgramTrie* trie) {
  util::Array<std::uint32_t> words, shorter, numbers = number(cutoffs[0], workspace);
  for (int k = 1; k <= trie->order(); ++k) {
    NgramLevel& level = trie->levels[k - 1];
    const util::Array<Keep>& keep = cutoffs[k - 1];
    const std::size_t size = numbers[keep.size()];
    keep_some(keep, size, workspace, &level.word);
    keep_some(keep, size, workspace, &level.context);
    for (WordId& word : level.word) word = words[word];
    for (NodeId& context : level.context) context = shorter[context];
    keep_some(keep, size, workspace, &level.log10_prob);
    keep_some(keep, size, workspace, &level.log10_backoff);
    if (k == 1) words = numbers.copy();
    if (k < trie->order()) {
      util::Array<std::uint32_t> longer = number(cutoffs[k], workspace);
      const std::uint32_t last = longer[cutoffs[k].size()];
      keep_some(keep, size + 1, workspace, &level.first_child);
      for (std::size_t i = 0; i < size; ++i) level.first_child[i] = longer[level.first_child[i]];
      level.first_child[size] = last;
      shorter = std::move(numbers);
      numbers = std::move(longer);
    }
  }
  std::vector<std::string> vocabulary;
  for (std::size_t word = 0; word < cutoffs[0].size(); ++word)
    if (cutoffs[0][word] != Keep::kDropped) vocabulary.push_back(std::move(trie->vocabulary[word]));
  trie->vocabulary = std::move(vocabulary);
}

}  // namespace tlg::lm
