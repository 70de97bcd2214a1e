#include "lm/query/successors.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "lm/query/backoff_model.h"
#include "lm/query/compact_model.h"
#include "util/array.h"
#include "util/error.h"

namespace tlg::lm {
namespace {

constexpr float kNever = -std::numeric_limits<float>::infinity();

// Invariant: entries_[begin_[c]] to entries_[begin_[c + 1]] are the n-grams of the context that is
// state c, best first; the empty context, state 0, has none here.
class SortedSuccessors final : public Successors {
 public:
  explicit SortedSuccessors(const BackoffModel& model)
      : Successors(model, model.unigrams()),
        hashed_(model),
        begin_(static_cast<std::size_t>(model.num_states()) + 2, 0) {
    std::size_t total = 0;
    model.for_each_ngram([&](std::uint32_t context, WordId word, float) {
      if (context >= model.num_states() || word >= model.words().size())
        throw Error(ErrorKind::kArpa, "the model is damaged: its n-grams do not fit together",
                    "Copy the file again, or make it again from the ARPA file (tlg lm convert)");
      ++begin_[context + 2];
      ++total;
    });
    for (std::size_t i = 2; i < begin_.size(); ++i) begin_[i] += begin_[i - 1];
    entries_ = util::Array<Successor>(total);
    // begin_[c + 1] moves from the begin to the end of c, which is the begin of the next.
    model.for_each_ngram([&](std::uint32_t context, WordId word, float log10_prob) {
      entries_[begin_[context + 1]++] = {word, nats(log10_prob)};
    });
    for (std::size_t i = 0; i + 2 < begin_.size(); ++i)
      if (begin_[i + 1] - begin_[i] > 1)
        std::sort(entries_.data() + begin_[i], entries_.data() + begin_[i + 1]);
  }

 protected:
  List list(LmState context, std::vector<Successor>*) const override {
    return {entries_.data() + begin_[context.id], entries_.data() + begin_[context.id + 1], true};
  }
  LmState suffix(LmState context) const override { return hashed_.suffix(context); }
  float backoff(LmState context) const override { return hashed_.backoff(context); }

 private:
  const BackoffModel& hashed_;
  std::vector<std::uint32_t> begin_;
  util::Array<Successor> entries_;
};

class ListedSuccessors final : public Successors {
 public:
  explicit ListedSuccessors(const CompactModel& model)
      : Successors(model, unigrams_of(model)), compact_(model) {}

 protected:
  List list(LmState context, std::vector<Successor>* room) const override {
    room->clear();
    compact_.for_each_successor(
        context, [&](WordId word, float log10_prob) { room->push_back({word, nats(log10_prob)}); });
    return {room->data(), room->data() + room->size(), false};
  }
  LmState suffix(LmState context) const override { return compact_.suffix(context); }
  float backoff(LmState context) const override { return nats(compact_.log10_backoff(context)); }

 private:
  static std::vector<float> unigrams_of(const CompactModel& model) {
    std::vector<float> unigrams(model.words().size());
    model.for_each_successor(
        model.empty(), [&](WordId word, float log10_prob) { unigrams[word] = nats(log10_prob); });
    return unigrams;
  }

  const CompactModel& compact_;
};

}  // namespace

Successors::Successors(const QueryModel& model, std::vector<float> unigrams)
    : model_(model), unigrams_(std::move(unigrams)) {
  if (model.bos() != kNoWord) unigrams_[model.bos()] = kNever;
  ordered_.reserve(unigrams_.size());
  for (std::size_t word = 0; word < unigrams_.size(); ++word)
    if (unigrams_[word] != kNever) ordered_.push_back({static_cast<WordId>(word), unigrams_[word]});
  std::sort(ordered_.begin(), ordered_.end());
}

// From the state to the empty context. Backoffs are added in the order in which a query does it,
// so that sums are the same to the last bit.
std::vector<Successors::Step> Successors::steps(LmState from) const {
  std::vector<Step> steps{{from, 0.0f}};
  while (steps.back().context != model_.empty()) {
    const Step last = steps.back();
    steps.push_back({suffix(last.context), last.backoff + backoff(last.context)});
  }
  return steps;
}

void Successors::distribution(LmState from, float* scores) const {
  const std::vector<Step> all = steps(from);
  const float backed_off = all.back().backoff;
  for (std::size_t word = 0; word < unigrams_.size(); ++word)
    scores[word] = backed_off + unigrams_[word];
  std::vector<Successor> room;
  for (std::size_t i = all.size() - 1; i-- > 0;) {
    const List found = list(all[i].context, &room);
    for (const Successor* one = found.begin; one != found.end; ++one)
      scores[one->word] = all[i].backoff + one->score;
  }
  if (model_.bos() != kNoWord) scores[model_.bos()] = kNever;
}

std::vector<Successor> Successors::best(LmState from, std::size_t count) const {
  std::vector<Successor> heap;  // its front is the worst of the best
  count = std::min(count, ordered_.size());
  if (count == 0) return heap;
  std::vector<Successor> room;
  for (const Step& step : steps(from)) {
    const List found = step.context == model_.empty()
                           ? List{ordered_.data(), ordered_.data() + ordered_.size(), true}
                           : list(step.context, &room);
    for (const Successor* one = found.begin; one != found.end; ++one) {
      const Successor candidate{one->word, step.backoff + one->score};
      const bool full = heap.size() == count;
      // Scores fall along a sorted list; an equal one may still win by its id.
      if (full && found.sorted && candidate.score < heap.front().score) break;
      if ((full && !(candidate < heap.front())) || candidate.word == model_.bos()) continue;
      // A longer context may have the word too: then it was met there, with its own score.
      if (step.context != from &&
          model_.hit(from, candidate.word).order != model_.hit(step.context, candidate.word).order)
        continue;
      if (full) {
        std::pop_heap(heap.begin(), heap.end());
        heap.back() = candidate;
      } else {
        heap.push_back(candidate);
      }
      std::push_heap(heap.begin(), heap.end());
    }
  }
  std::sort_heap(heap.begin(), heap.end());
  return heap;
}

std::unique_ptr<const Successors> make_successors(const QueryModel& model) {
  if (const auto* hashed = dynamic_cast<const BackoffModel*>(&model))
    return std::make_unique<SortedSuccessors>(*hashed);
  if (const auto* compact = dynamic_cast<const CompactModel*>(&model))
    return std::make_unique<ListedSuccessors>(*compact);
  throw Error(ErrorKind::kOption, "this kind of model cannot tell what follows");
}

}  // namespace tlg::lm
