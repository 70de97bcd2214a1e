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

// The largest value of a row. Throws, by the row's number `index`, what NaN, +inf, and -inf
// throughout get.
double largest_finite(const float* row, std::int64_t size, std::int64_t index);
double largest_finite(const double* row, std::int64_t size, std::int64_t index);

// Within 2e-6 relative for values up to 80; NaN where one of them is NaN.
float sum_of_exp(const float* row, std::int64_t size);

// What they are made of, one for each instruction set (row_sums.h); all give the same bits.
// first_odd_row: the first row whose sum of exp is not between low and high, or num_rows.
#define TLG_DECLARE(isa)                                                                  \
  namespace isa {                                                                         \
  float sum_of_exp(const float* row, std::int64_t size);                                  \
  std::int64_t first_odd_row(const float* rows, std::int64_t num_rows, std::int64_t size, \
                             float low, float high);                                      \
  }
TLG_DECLARE(baseline)
TLG_DECLARE(avx2)
TLG_DECLARE(avx512)
#undef TLG_DECLARE

}  // namespace tlg::decoder
