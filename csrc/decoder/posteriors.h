// The check at the door of every decode: are these rows posteriors? It costs a few nanoseconds a
// column, so that nobody is tempted to leave it out. Not here: dtype, rank and width, which the
// caller checks, and any repair, because the kind of the input is never guessed.
#pragma once

#include <cstdint>

namespace tlg::decoder {

// log_probs: [num_frames, num_tokens], C-contiguous, natural log; -inf entries are fine.
// Throws Error(kPosterior) naming the first row (first_row + its index) that holds NaN or +inf, is
// -inf throughout, or whose log-sum-exp is further than tolerance (nats) from 0.
void check_log_probs(const float* log_probs, std::int64_t num_frames, std::int64_t num_tokens,
                     double tolerance, std::int64_t first_row = 0);

// What it is made of: the first row whose sum of exp is not between low and high, or num_rows. One
// for each instruction set (row_sums.h); all give the same.
#define TLG_DECLARE(isa)                                                                  \
  namespace isa {                                                                         \
  std::int64_t first_odd_row(const float* rows, std::int64_t num_rows, std::int64_t size, \
                             float low, float high);                                      \
  }
TLG_DECLARE(baseline)
TLG_DECLARE(avx2)
TLG_DECLARE(avx512)
#undef TLG_DECLARE

}  // namespace tlg::decoder
