#include "lm/query/array_score.h"

#include <algorithm>
#include <numeric>

#include "util/error.h"

namespace tlg::lm {
namespace {

// Scored at a time: what is written of them stays in the cache until it is read again.
constexpr std::size_t kTogether = std::size_t{1} << 14;

}  // namespace

LmState checked_state(const QueryModel& model, std::uint64_t state) {
  if (!model.valid({state}))
    throw Error(ErrorKind::kOption, "the state " + std::to_string(state) + " is none of this model",
                "Pass what the same model gave");
  return {state};
}

WordId checked_word(const QueryModel& model, std::int64_t id) {
  if (id == -1) return kNoWord;
  if (id < 0 || id >= static_cast<std::int64_t>(model.words().size()))
    throw Error(
        ErrorKind::kOption,
        "there is no word " + std::to_string(id) + " among " + std::to_string(model.words().size()),
        "Ids run from 0 to the size of the vocabulary; -1 is an unknown word");
  return static_cast<WordId>(id);
}

std::vector<std::int32_t> find_all(const QueryModel& model, const std::vector<std::string>& words) {
  std::vector<std::int32_t> ids(words.size());
  for (std::size_t i = 0; i < words.size(); ++i)
    ids[i] = static_cast<std::int32_t>(model.find(words[i]));  // kNoWord is -1
  return ids;
}

void score_batch(const QueryModel& model, const std::uint64_t* states, const std::int32_t* words,
                 std::size_t size, float* scores, std::uint64_t* to) {
  std::vector<std::uint64_t> offsets(kTogether + 1);
  std::iota(offsets.begin(), offsets.end(), std::uint64_t{0});
  std::vector<WordId> ids(kTogether);
  std::vector<LmState> at(kTogether);
  std::vector<TokenHit> hits(kTogether);
  for (std::size_t begin = 0; begin < size; begin += kTogether) {
    const std::size_t count = std::min(kTogether, size - begin);
    for (std::size_t i = 0; i < count; ++i) {
      at[i] = checked_state(model, states[begin + i]);
      ids[i] = checked_word(model, words[begin + i]);
    }
    model.score_all({count, offsets.data(), ids.data(), at.data(), hits.data()});
    for (std::size_t i = 0; i < count; ++i) {
      scores[begin + i] = hits[i].score;
      to[begin + i] = at[i].id;
    }
  }
}

void score_sequences(const QueryModel& model, const std::int32_t* ids, std::size_t num_ids,
                     const std::int64_t* offsets, std::size_t size, bool bos, bool eos,
                     float* scores) {
  std::int64_t last = 0;
  for (std::size_t s = 0; s <= size; ++s) {
    if (offsets[s] < last || offsets[s] > static_cast<std::int64_t>(num_ids))
      throw Error(ErrorKind::kOption,
                  "offsets[" + std::to_string(s) + "] is " + std::to_string(offsets[s]) +
                      ", after " + std::to_string(last) + " and with " + std::to_string(num_ids) +
                      " ids",
                  "Offsets rise from 0 to the number of ids");
    last = offsets[s];
  }
  if (offsets[0] != 0 || last != static_cast<std::int64_t>(num_ids))
    throw Error(ErrorKind::kOption,
                "the offsets run from " + std::to_string(offsets[0]) + " to " +
                    std::to_string(last) + ", not from 0 to " + std::to_string(num_ids),
                "Every id belongs to a sequence");
  const LmState start = bos ? model.start() : model.empty();
  std::vector<WordId> words;
  std::vector<std::uint64_t> ends;
  std::vector<LmState> states;
  std::vector<TokenHit> hits;
  for (std::size_t s = 0; s < size;) {
    words.clear();
    ends.assign(1, 0);
    for (; s < size && words.size() < kTogether; ++s) {
      for (std::int64_t i = offsets[s]; i < offsets[s + 1]; ++i)
        words.push_back(checked_word(model, ids[i]));
      if (eos) words.push_back(model.eos());
      ends.push_back(words.size());
    }
    states.assign(ends.size() - 1, start);
    hits.resize(words.size());
    model.score_all({states.size(), ends.data(), words.data(), states.data(), hits.data()});
    if (eos && model.eos() == kNoWord)
      for (std::size_t i = 1; i < ends.size(); ++i)
        hits[ends[i] - 1].score = model.hit_end(start).score;
    for (const TokenHit& hit : hits) *scores++ = hit.score;
  }
}

}  // namespace tlg::lm
