// Probabilities far below what a double holds: m * 2^(kStep * e), and the logarithm to rank them
// by. Sums of such numbers are sums of doubles as long as their exponents agree, so that no
// logarithm is needed to add up alignments, and nothing is lost but double rounding. Parts of one
// number that differ by a factor of more than e^500 are not kept apart: the smaller becomes 0.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

namespace tlg::decoder::prefix {

inline constexpr int kStep = 300;
inline constexpr double kStepUp = 0x1p300, kStepDown = 0x1p-300;
inline constexpr double kStepLog = 300 * 0.693147180559945309417;
// The least log-probability of one frame, after acoustic_scale: what is lower counts as -infinity.
inline constexpr double kLeastLog = -500.0;

// 2^(kStep * n) for small n; 0 far below, so that what does not matter vanishes.
inline double step_power(std::int32_t n) {
  if (n == 0) return 1.0;
  if (n < -3) return 0.0;
  double power = 1.0;
  for (; n < 0; ++n) power *= kStepDown;
  for (; n > 0; --n) power *= kStepUp;
  return power;
}

// 1 / m and log m for the middles of 128 parts of [1, 2).
struct LogTable {
  struct Part {
    double inverse, log;
  };
  Part parts[128];
  LogTable() {
    for (int i = 0; i < 128; ++i) {
      const double m = 1 + (i + 0.5) / 128;
      parts[i] = {1 / m, std::log(m)};
    }
  }
};
inline const LogTable kLogTable;

// The natural logarithm within 1e-12 + 1e-15 of the value itself, for x = 0 (-infinity) and normal
// positive x; several times as fast as std::log.
inline double fast_log(double x) {
  if (x <= 0) return -std::numeric_limits<double>::infinity();
  std::uint64_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  const auto exponent = static_cast<std::int32_t>(bits >> 52) - 1023;
  const LogTable::Part& part = kLogTable.parts[(bits >> 45) & 127];
  bits = (bits & 0x000fffffffffffffULL) | 0x3ff0000000000000ULL;
  double m;
  std::memcpy(&m, &bits, sizeof m);
  // log m = log(middle) + log(1 + r), r at most 1/256: the first term left out is below 2e-15.
  const double r = m * part.inverse - 1;
  const double series =
      r - r * r * (1.0 / 2 - r * (1.0 / 3 - r * (1.0 / 4 - r * (1.0 / 5 - r * (1.0 / 6)))));
  return (exponent * 0.693147180559945309417 + part.log) + series;
}

}  // namespace tlg::decoder::prefix
