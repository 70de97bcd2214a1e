#include "decoder/posteriors.h"

#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>
#include <string>

#include "util/error.h"

namespace tlg::decoder {
namespace {

// One AVX or two SSE registers; independent sums let the compiler vectorise
// without being allowed to reorder float additions.
constexpr int kLanes = 8;

// exp(x) within 2e-6 relative for x <= 80; 0 or nearly so below -87; NaN stays NaN. Plain
// arithmetic and selects, so that the loop around it vectorises on every compiler (std::exp does
// not without libmvec).
inline float fast_exp(float x) {
  constexpr float kLog2E = 1.44269504f;
  constexpr float kLn2High = 0.693359375f, kLn2Low = -2.12194440e-4f;
  constexpr float kRound =
      12582912.0f;              // 1.5 * 2^23: adding it rounds to an integer in the low bits
  x = x < -87.0f ? -87.0f : x;  // with NaN both comparisons are false, and NaN goes on
  x = x > 80.0f ? 80.0f : x;
  const float shifted = x * kLog2E + kRound;
  const float n = shifted - kRound;
  const float r = (x - n * kLn2High) - n * kLn2Low;
  float p = 1.3888889e-3f;
  p = p * r + 8.3333333e-3f;
  p = p * r + 4.1666667e-2f;
  p = p * r + 1.6666667e-1f;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  std::uint32_t bits;
  std::memcpy(&bits, &shifted, sizeof bits);
  bits = (bits + 127u) << 23;  // 2^n as a float; the bits above the exponent fall out
  float scale;
  std::memcpy(&scale, &bits, sizeof scale);
  return p * scale;
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

float sum_of_exp(const float* row, std::int64_t size) {
  float lanes[kLanes] = {};
  std::int64_t i = 0;
  for (; i + kLanes <= size; i += kLanes)
    for (int k = 0; k < kLanes; ++k) lanes[k] += fast_exp(row[i + k]);
  // The rest in one more block, filled up with exp(-87) = 1.6e-38.
  if (i < size) {
    float tail[kLanes];
    for (int k = 0; k < kLanes; ++k) tail[k] = -87.0f;
    std::memcpy(tail, row + i, static_cast<std::size_t>(size - i) * sizeof(float));
    for (int k = 0; k < kLanes; ++k) lanes[k] += fast_exp(tail[k]);
  }
  float sum = 0;
  for (int k = 0; k < kLanes; ++k) sum += lanes[k];
  return sum;
}

void check_log_probs(const float* log_probs, std::int64_t num_frames, std::int64_t num_tokens,
                     double tolerance, std::int64_t first_row) {
  const float low = static_cast<float>(std::exp(-tolerance));
  const float high = static_cast<float>(std::exp(tolerance));
  for (std::int64_t t = 0; t < num_frames; ++t) {
    const float* row = log_probs + t * num_tokens;
    const float sum = sum_of_exp(row, num_tokens);
    // NaN fails as well; +inf is too much and an all -inf row too little.
    if (!(sum >= low && sum <= high)) refuse(row, num_tokens, first_row + t);
  }
}

}  // namespace tlg::decoder
