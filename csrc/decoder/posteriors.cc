#include "decoder/posteriors.h"

#include <cmath>
#include <cstdio>
#include <limits>
#include <string>

#include "decoder/isa.h"
#include "util/error.h"

namespace tlg::decoder {
namespace {

struct RowSums {
  float (*sum_of_exp)(const float*, std::int64_t);
  std::int64_t (*first_odd_row)(const float*, std::int64_t, std::int64_t, float, float);
};

const RowSums& row_sums() {
  static const RowSums chosen = [] {
    switch (best_isa()) {
#if defined(TLG_HAVE_X86_KERNELS)
      case Isa::kAvx512:
        return RowSums{avx512::sum_of_exp, avx512::first_odd_row};
      case Isa::kAvx2:
        return RowSums{avx2::sum_of_exp, avx2::first_odd_row};
#endif
      default:
        return RowSums{baseline::sum_of_exp, baseline::first_odd_row};
    }
  }();
  return chosen;
}

template <typename T>
double largest_of_row(const T* row, std::int64_t size, std::int64_t index) {
  const std::string where = "row " + std::to_string(index);
  double largest = -std::numeric_limits<double>::infinity();
  for (std::int64_t i = 0; i < size; ++i) {
    if (std::isnan(row[i]))
      throw Error(ErrorKind::kPosterior, where + " holds NaN (column " + std::to_string(i) + ")",
                  "Look for an overflow in the network's output, or for padding");
    if (row[i] > largest) largest = row[i];
  }
  if (std::isinf(largest)) {
    if (largest > 0)
      throw Error(ErrorKind::kPosterior, where + " holds +inf",
                  "Look for an overflow in the network's output");
    throw Error(ErrorKind::kPosterior, where + " is -inf in every column",
                "Cut off padded frames before decoding");
  }
  return largest;
}

// The slow, exact look at a row that failed the fast test.
[[noreturn]] void refuse(const float* row, std::int64_t size, std::int64_t index) {
  const double largest = largest_of_row(row, size, index);
  double sum = 0;
  for (std::int64_t i = 0; i < size; ++i) sum += std::exp(row[i] - largest);
  char text[64];
  std::snprintf(text, sizeof text, "%.4g", largest + std::log(sum));
  throw Error(ErrorKind::kPosterior,
              "row " + std::to_string(index) +
                  " is no distribution: the log of its summed probabilities is " + text + ", not 0",
              "Pass natural-log posteriors (log-softmax), or logits=True for raw network output");
}

}  // namespace

double largest_finite(const float* row, std::int64_t size, std::int64_t index) {
  return largest_of_row(row, size, index);
}

double largest_finite(const double* row, std::int64_t size, std::int64_t index) {
  return largest_of_row(row, size, index);
}

float sum_of_exp(const float* row, std::int64_t size) { return row_sums().sum_of_exp(row, size); }

void check_log_probs(const float* log_probs, std::int64_t num_frames, std::int64_t num_tokens,
                     double tolerance, std::int64_t first_row) {
  const float low = static_cast<float>(std::exp(-tolerance));
  const float high = static_cast<float>(std::exp(tolerance));
  const std::int64_t odd = row_sums().first_odd_row(log_probs, num_frames, num_tokens, low, high);
  if (odd < num_frames) refuse(log_probs + odd * num_tokens, num_tokens, first_row + odd);
}

}  // namespace tlg::decoder
