// The contract of anything that scores words one after another: const, thread-safe, scores in nats.
// Not for: how a model is stored (see lm/query/backoff_model.h for backoff n-gram models).
#pragma once

#include <cstdint>
#include <type_traits>

#include "lm/word_table.h"

namespace tlg::lm {

// What a model needs to know of the words so far. Equal states score alike whatever follows.
struct LmState {
  std::uint64_t id = 0;
  friend bool operator==(LmState a, LmState b) { return a.id == b.id; }
  friend bool operator!=(LmState a, LmState b) { return a.id != b.id; }
};
static_assert(std::is_trivially_copyable_v<LmState> && sizeof(LmState) == 8);

struct LmModel {
  virtual ~LmModel() = default;
  // After <s>.
  virtual LmState start() const = 0;
  // Scores a word; kNoWord is a word the model does not know. *to may be the state given.
  virtual float score(LmState from, WordId word, LmState* to) const = 0;
  // Scores </s>.
  virtual float finish(LmState from) const = 0;
};

}  // namespace tlg::lm
