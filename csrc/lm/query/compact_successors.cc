#include "lm/query/compact_successors.h"

#include <algorithm>
#include <iterator>
#include <limits>

namespace tlg::lm {
namespace {

constexpr float kNever = -std::numeric_limits<float>::infinity();

// A context that is not empty, and what backing off to it from the state costs.
struct Step {
  LmState context;
  float backoff;
};

// From the state on; returns what backing off to the empty context costs.
float chain(const CompactModel& model, LmState from, std::vector<Step>* steps) {
  float backoff = 0;
  for (; from != LmState(); from = model.suffix(from)) {
    steps->push_back({from, backoff});
    backoff += model.log10_backoff(from) * kLn10;
  }
  return backoff;
}

}  // namespace

CompactSuccessors::CompactSuccessors(const CompactModel& model) {
  unigrams_.reserve(model.words().size());
  model.for_each_successor(LmState(), [&](WordId word, float log10_prob) {
    unigrams_.push_back({word, word == model.bos() ? kNever : log10_prob * kLn10});
  });
  std::sort(unigrams_.begin(), unigrams_.end());
}

void CompactSuccessors::distribution(const CompactModel& model, LmState from, float* scores) const {
  std::vector<Step> steps;
  const float backoff = chain(model, from, &steps);
  for (const Successor& one : unigrams_) scores[one.word] = backoff + one.score;
  for (std::size_t i = steps.size(); i-- > 0;)
    model.for_each_successor(steps[i].context, [&](WordId word, float log10_prob) {
      scores[word] = steps[i].backoff + log10_prob * kLn10;
    });
}

std::vector<Successor> CompactSuccessors::best(const CompactModel& model, LmState from,
                                               std::size_t count) const {
  std::vector<Successor> heap;  // its front is the worst of the best
  count = std::min(count, unigrams_.size());
  if (count == 0) return heap;
  const auto offer = [&](const Successor& one) {
    if (heap.size() == count) {
      if (!(one < heap.front())) return;
      std::pop_heap(heap.begin(), heap.end());
      heap.back() = one;
    } else {
      heap.push_back(one);
    }
    std::push_heap(heap.begin(), heap.end());
  };
  std::vector<Step> steps;
  const float backoff = chain(model, from, &steps);
  std::vector<WordId> met;  // in a longer context, with its score there; sorted
  for (const Step& step : steps) {
    std::vector<WordId> words;
    auto next = met.begin();
    model.for_each_successor(step.context, [&](WordId word, float log10_prob) {
      words.push_back(word);
      while (next != met.end() && *next < word) ++next;
      if ((next == met.end() || *next != word) && word != model.bos())
        offer({word, step.backoff + log10_prob * kLn10});
    });
    std::vector<WordId> both;
    std::set_union(met.begin(), met.end(), words.begin(), words.end(), std::back_inserter(both));
    met = std::move(both);
  }
  for (const Successor& one : unigrams_) {
    const Successor offered{one.word, backoff + one.score};
    // Scores fall along the list; an equal one may still win by its id.
    if (one.score == kNever || (heap.size() == count && offered.score < heap.front().score)) break;
    if (!std::binary_search(met.begin(), met.end(), one.word)) offer(offered);
  }
  std::sort_heap(heap.begin(), heap.end());
  return heap;
}

}  // namespace tlg::lm
