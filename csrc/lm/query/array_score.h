// Scoring arrays of ids, as Python gives them: -1 is an unknown word, and every number is checked.
// Not for: texts (lm/query/text_score.h).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lm/query/query_model.h"

namespace tlg::lm {

// The state that a number from outside stands for. Throws Error(kOption) if it is none.
LmState checked_state(const QueryModel& model, std::uint64_t state);
// The word that an id from outside stands for, -1 being kNoWord. Throws Error(kOption).
WordId checked_word(const QueryModel& model, std::int64_t id);

// The ids of words, -1 for those that find() does not know.
std::vector<std::int32_t> find_all(const QueryModel& model, const std::vector<std::string>& words);

// Scores words[i] after states[i] into scores[i], and puts the next state into to[i], which may be
// states[i]. Throws Error(kOption) and names the first state or word that is none.
void score_batch(const QueryModel& model, const std::uint64_t* states, const std::int32_t* words,
                 std::size_t size, float* scores, std::uint64_t* to);

// Scores whole sequences: sequence s is ids[offsets[s]] to ids[offsets[s + 1] - 1]. With `bos` each
// begins after <s>, else with no context; with `eos` the score of </s> follows those of its words,
// so that there are `size` scores more. Throws Error(kOption) for ids that are none, and for
// offsets that go down or out of the ids.
void score_sequences(const QueryModel& model, const std::int32_t* ids, std::size_t num_ids,
                     const std::int64_t* offsets, std::size_t size, bool bos, bool eos,
                     float* scores);

}  // namespace tlg::lm
