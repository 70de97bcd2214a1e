// Draws one of many by their scores: temperature, top-k, top-p. The same on every machine: only
// additions and multiplications in a written order, no library's exp.
// Not for: where scores come from; random numbers (the caller brings one).
#pragma once

#include <cstddef>

namespace tlg::lm {

struct DrawOptions {
  double temperature = 1;  // scores are divided by it; above 0
  std::size_t top_k = 0;   // only the k best count; 0: all
  double top_p = 1;        // only the fewest best that have this share together; above 0
};

// The index of the one drawn with `uniform` from [0, 1). Better is the higher score, then the lower
// index. Scores are nats and need not be normalised; -inf is never drawn. Throws Error(kOption) if
// a score is NaN or +inf, or if all are -inf.
std::size_t draw(const float* scores, std::size_t size, double uniform, const DrawOptions& options);

}  // namespace tlg::lm
