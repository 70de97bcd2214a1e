#include "decoder/intake.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>

#include "decoder/posteriors.h"

namespace tlg::decoder {
namespace {

float from_bits(std::uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

struct Half {
  std::uint16_t bits;
  // Exponent and mantissa fall in place but for the bias, 127 - 15; subnormal numbers come out
  // right by the multiplication too, infinity and NaN need their exponent set.
  explicit operator float() const {
    const std::uint32_t rest = (bits & 0x7fffu) << 13;
    const float finite = from_bits(rest) * 0x1p112f;
    const float magnitude = (bits & 0x7c00u) == 0x7c00u ? from_bits(rest | 0x7f800000u) : finite;
    return (bits & 0x8000u) != 0 ? -magnitude : magnitude;
  }
};

struct Bfloat {
  std::uint16_t bits;
  explicit operator float() const { return from_bits(static_cast<std::uint32_t>(bits) << 16); }
};

// The values of row t, one behind the other.
template <typename From, typename To>
void copy_row(const Rows& rows, std::int64_t t, To* out) {
  const char* from = static_cast<const char*>(rows.data) + t * rows.frame_stride;
  const std::int64_t step = rows.token_stride;
  if (step == static_cast<std::int64_t>(sizeof(From))) {  // a loop that vectorises
    for (std::int64_t v = 0; v < rows.num_tokens; ++v) {
      From value;
      std::memcpy(&value, from + v * static_cast<std::int64_t>(sizeof value), sizeof value);
      out[v] = static_cast<To>(value);
    }
    return;
  }
  for (std::int64_t v = 0; v < rows.num_tokens; ++v) {
    From value;
    std::memcpy(&value, from + v * step, sizeof value);
    out[v] = static_cast<To>(value);
  }
}

double exp_sum(const float* row, std::int64_t size) { return sum_of_exp(row, size); }

double exp_sum(const double* row, std::int64_t size) {
  double sum = 0;
  for (std::int64_t v = 0; v < size; ++v) sum += std::exp(row[v]);
  return sum;
}

// In place; T is what the sums are worked out in.
template <typename T>
void log_softmax(T* row, std::int64_t size, std::int64_t index) {
  T largest = -std::numeric_limits<T>::infinity();
  for (std::int64_t v = 0; v < size; ++v) largest = row[v] > largest ? row[v] : largest;
  if (!std::isfinite(largest)) largest_finite(row, size, index);
  for (std::int64_t v = 0; v < size; ++v) row[v] -= largest;
  const double sum = exp_sum(row, size);
  if (std::isnan(sum)) largest_finite(row, size, index);
  const T log_sum = static_cast<T>(std::log(sum));
  for (std::int64_t v = 0; v < size; ++v) row[v] -= log_sum;
}

template <typename From, typename Work>
void read(const Rows& rows, float* out) {
  if (!rows.logits) {
    for (std::int64_t t = 0; t < rows.num_frames; ++t)
      copy_row<From>(rows, t, out + t * rows.num_tokens);
    check_log_probs(out, rows.num_frames, rows.num_tokens, rows.tolerance, rows.first_row);
    return;
  }
  std::vector<Work> row(static_cast<std::size_t>(rows.num_tokens));
  for (std::int64_t t = 0; t < rows.num_frames; ++t) {
    copy_row<From>(rows, t, row.data());
    log_softmax(row.data(), rows.num_tokens, rows.first_row + t);
    std::transform(row.begin(), row.end(), out + t * rows.num_tokens,
                   [](Work value) { return static_cast<float>(value); });
  }
}

}  // namespace

void read_rows_into(const Rows& rows, float* out) {
  switch (rows.type) {
    case FloatType::kFloat16:
      return read<Half, float>(rows, out);
    case FloatType::kBfloat16:
      return read<Bfloat, float>(rows, out);
    case FloatType::kFloat32:
      return read<float, float>(rows, out);
    case FloatType::kFloat64:
      return read<double, double>(rows, out);
  }
}

const float* read_rows(const Rows& rows, std::vector<float>* buffer) {
  if (rows.is_ready()) {
    const float* data = static_cast<const float*>(rows.data);
    check_log_probs(data, rows.num_frames, rows.num_tokens, rows.tolerance, rows.first_row);
    return data;
  }
  buffer->resize(static_cast<std::size_t>(rows.num_frames * rows.num_tokens));
  read_rows_into(rows, buffer->data());
  return buffer->data();
}

}  // namespace tlg::decoder
