// Probabilities far below what a double holds: m * 2^(kStep * e), and the logarithm to rank them
// by. Sums of such numbers are sums of doubles as long as their exponents agree, so that no
// logarithm is needed to add up alignments, and nothing is lost but double rounding. Parts of one
// number that differ by a factor of more than e^500 are not kept apart: the smaller becomes 0.
#pragma once

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

// The natural logarithm within 1e-11 + 1e-15 of the value itself, for x = 0 (-infinity) and normal
// positive x; several times as fast as std::log.
inline double fast_log(double x) {
  if (x <= 0) return -std::numeric_limits<double>::infinity();
  std::uint64_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  std::int64_t exponent = static_cast<std::int64_t>(bits >> 52) - 1023;
  bits = (bits & 0x000fffffffffffffULL) | 0x3ff0000000000000ULL;
  double m;
  std::memcpy(&m, &bits, sizeof m);
  if (m > 1.4142135623730951) {
    m *= 0.5;
    ++exponent;
  }
  // log m = 2 artanh((m - 1) / (m + 1)); the first term left out is below 1e-12.
  const double s = (m - 1) / (m + 1), z = s * s;
  const double series =
      1 + z * (1.0 / 3 +
               z * (1.0 / 5 + z * (1.0 / 7 + z * (1.0 / 9 + z * (1.0 / 11 + z * (1.0 / 13))))));
  return 2 * s * series + static_cast<double>(exponent) * 0.693147180559945309417;
}

}  // namespace tlg::decoder::prefix
