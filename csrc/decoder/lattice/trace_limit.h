// Bounds the traces of a search for a lattice while it goes on. Not for: which of them may go
// (collect.h), the best path's (traceback.h).
#pragma once

#include <cstddef>

#include "decoder/search_state.h"

namespace tlg::decoder {

// Beyond so many, those that no path needs are dropped; twice what is left is the next time.
constexpr std::size_t kUsualTraces = std::size_t{1} << 20;

class TraceLimit {
 public:
  explicit TraceLimit(float lattice_beam) : lattice_beam_(lattice_beam) {}

  // To be called after each kSettleAfter frames and at the end: then an utterance has the same
  // traces, bit for bit, however it came (once more does no harm). They may have new numbers
  // afterwards.
  void drop(Utterance* utterance);
  // After drop(). Throws Error(kOption) where more are left than there are numbers for.
  static void check(const Utterance& utterance);

 private:
  float lattice_beam_;
  std::size_t drop_at_ = kUsualTraces;
};

}  // namespace tlg::decoder
