#include "lm/query/successors.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "lm/context_index.h"

namespace tlg::lm {
namespace {

constexpr float kNever = -std::numeric_limits<float>::infinity();

// A context, and what backing off to it from the state costs.
struct Step {
  LmState context;
  float backoff;
};

// From the state to the empty context. Backoffs are added in the order in which a query does it,
// so that sums are the same to the last bit.
std::vector<Step> chain(const BackoffModel& model, LmState from) {
  std::vector<Step> steps{{from, 0.0f}};
  while (steps.back().context.id != 0) {
    const Step last = steps.back();
    steps.push_back({model.suffix(last.context), last.backoff + model.backoff(last.context)});
  }
  return steps;
}

}  // namespace

Successors::Successors(const NgramTrie& trie) {
  std::size_t contexts = 1, total = 0;
  for (int k = 1; k <= trie.order(); ++k) {
    if (k < trie.order()) contexts += trie.level(k).size();
    total += trie.level(k).size();
  }
  begin_ = util::Array<std::uint32_t>(contexts + 1);
  entries_ = util::Array<Successor>(total);
  unigrams_ = util::Array<float>(trie.level(1).size());
  std::size_t context = 0, at = 0;
  const auto close = [&] {  // what was added since the last time is one context's
    std::sort(entries_.data() + begin_[context], entries_.data() + at);
    begin_[++context] = static_cast<std::uint32_t>(at);
  };
  begin_[0] = 0;
  for (std::size_t word = 0; word < unigrams_.size(); ++word) {
    unigrams_[word] =
        static_cast<std::int64_t>(word) == trie.bos ? kNever : nats(trie.level(1).log10_prob[word]);
    entries_[at++] = {static_cast<WordId>(word), unigrams_[word]};
  }
  close();
  for (int k = 2; k <= trie.order(); ++k) {
    const ContextIndex index(trie, k);
    const util::Array<float>& log10_prob = trie.level(k).log10_prob;
    for (NodeId node = 0; node < trie.level(k - 1).size(); ++node) {
      for (std::size_t i = index.begin(node); i < index.end(node); ++i)
        entries_[at++] = {index.word(i), nats(log10_prob[index.node(i)])};
      close();
    }
  }
}

void Successors::distribution(const BackoffModel& model, LmState from, float* scores) const {
  const std::vector<Step> steps = chain(model, from);
  const float backoff = steps.back().backoff;
  for (std::size_t word = 0; word < unigrams_.size(); ++word)
    scores[word] = backoff + unigrams_[word];
  for (std::size_t i = steps.size() - 1; i-- > 0;) {
    const std::uint64_t context = steps[i].context.id;
    for (std::size_t at = begin_[context]; at < begin_[context + 1]; ++at)
      scores[entries_[at].word] = steps[i].backoff + entries_[at].score;
  }
}

std::vector<Successor> Successors::best(const BackoffModel& model, LmState from,
                                        std::size_t count) const {
  std::vector<Successor> heap;  // its front is the worst of the best
  count = std::min(count, unigrams_.size());
  if (count == 0) return heap;
  for (const Step& step : chain(model, from)) {
    const std::uint64_t context = step.context.id;
    for (std::size_t at = begin_[context]; at < begin_[context + 1]; ++at) {
      const Successor bound{entries_[at].word, step.backoff + entries_[at].score};
      // Scores fall along the list; an equal one may still win by its id.
      if (bound.score == kNever || (heap.size() == count && bound.score < heap.front().score))
        break;
      if (heap.size() == count && !(bound < heap.front())) continue;
      // A longer context may have the word too: then it was met there, with its own score.
      LmState longer = from;
      bool met = false;
      for (; longer != step.context && !met; longer = model.suffix(longer))
        met = model.has(longer, bound.word);
      if (met) continue;
      if (heap.size() == count) {
        std::pop_heap(heap.begin(), heap.end());
        heap.back() = bound;
      } else {
        heap.push_back(bound);
      }
      std::push_heap(heap.begin(), heap.end());
    }
  }
  std::sort_heap(heap.begin(), heap.end());
  return heap;
}

void distribution(const QueryModel& model, LmState from, float* scores) {
  const std::size_t size = model.words().size();
  std::vector<WordId> words(size);
  std::vector<std::uint64_t> offsets(size + 1);
  std::iota(words.begin(), words.end(), WordId{0});
  std::iota(offsets.begin(), offsets.end(), std::uint64_t{0});
  std::vector<LmState> states(size, from);
  std::vector<TokenHit> hits(size);
  model.score_all({size, offsets.data(), words.data(), states.data(), hits.data()});
  for (std::size_t word = 0; word < size; ++word)
    scores[word] = word == model.bos() ? kNever : hits[word].score;
}

std::vector<Successor> best_words(const QueryModel& model, LmState from, std::size_t count) {
  std::vector<float> scores(model.words().size());
  distribution(model, from, scores.data());
  std::vector<Successor> all;
  for (std::size_t word = 0; word < scores.size(); ++word)
    if (scores[word] != kNever) all.push_back({static_cast<WordId>(word), scores[word]});
  count = std::min(count, all.size());
  std::partial_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count), all.end());
  all.resize(count);
  return all;
}

}  // namespace tlg::lm
