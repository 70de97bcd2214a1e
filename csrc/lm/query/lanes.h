// Takes many sequences through a few lanes, round and round: while one lane looks at memory, what
// the others will look at is being fetched. Not for: what a look is (backoff_batch, compact_batch).
#pragma once

#include <cstddef>
#include <cstdint>

#include "lm/query/query_model.h"

namespace tlg::lm {

// What every lane has: where it is in its sequence.
struct LanePlace {
  std::uint64_t at = 0, end = 0;  // the word it is at, and the end of its sequence
  std::size_t sequence = 0;
};

// Steps is a class derived from this one with
//   void start(Lane*, LmState)  begins with the first word of a sequence, after this state;
//   bool step(Lane*)            one look; false if the lane has nothing more to do.
// Lane is derived from LanePlace. kLanes: enough for the time that memory takes, few enough to stay
// in the first cache.
template <typename Steps, typename Lane, int kLanes>
class LaneRunner {
 public:
  explicit LaneRunner(const LmBatch& batch) : batch_(batch) {}

  void run() {
    int active = 0;
    while (active < kLanes && take(&lanes_[active])) ++active;
    while (active > 0) {
      for (int i = 0; i < active;) {
        if (steps().step(&lanes_[i])) {
          ++i;
        } else {
          lanes_[i] = lanes_[--active];
        }
      }
    }
  }

 protected:
  // Gives the lane the next sequence that has a word; false if there is none.
  bool take(Lane* lane) {
    while (next_ < batch_.size && batch_.offsets[next_] == batch_.offsets[next_ + 1]) ++next_;
    if (next_ == batch_.size) return false;
    lane->sequence = next_;
    lane->at = batch_.offsets[next_];
    lane->end = batch_.offsets[next_ + 1];
    steps().start(lane, batch_.states[next_++]);
    return true;
  }

  const LmBatch& batch_;

 private:
  Steps& steps() { return static_cast<Steps&>(*this); }

  std::size_t next_ = 0;  // the sequence that no lane has taken yet
  Lane lanes_[kLanes];
};

}  // namespace tlg::lm
