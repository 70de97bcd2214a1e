// Logarithms of many numbers at once, correct to float's last digit: the C library's are computed
// one at a time. Not for: negative numbers, infinities, NaN.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "lm/ngram_trie.h"

namespace tlg::lm {

// out[i] = log10(in[i]), not below kLog10Zero. The loop has no branch, so that compilers vectorise
// it. log(m) = 2 atanh((m - 1) / (m + 1)) with m in [sqrt(1/2), sqrt(2)]: the ninth term of the
// series is below 1e-14.
inline void log10_block(const double* in, float* out, std::size_t count) {
  constexpr double kLog10Of2 = 0.30102999566398119521, kTwoLog10E = 0.86858896380650365530;
  constexpr std::uint64_t kMantissa = 0x000fffffffffffffULL, kOne = 0x3ff0000000000000ULL;
  constexpr std::uint64_t kTwo52 = 0x4330000000000000ULL;  // 2^52: an integer below it, or-ed in
  for (std::size_t i = 0; i < count; ++i) {
    std::uint64_t bits;
    std::memcpy(&bits, in + i, 8);
    const std::uint64_t mantissa_bits = (bits & kMantissa) | kOne,
                        exponent_bits = bits >> 52 | kTwo52;
    double m, exponent;
    std::memcpy(&m, &mantissa_bits, 8);
    std::memcpy(&exponent, &exponent_bits, 8);
    exponent -= 4503599627370496.0 + 1023;
    const bool high = m > 1.4142135623730951;
    m = high ? 0.5 * m : m;
    exponent = high ? exponent + 1 : exponent;
    const double s = (m - 1) / (m + 1), z = s * s;
    double series = 1.0 / 15;
    series = series * z + 1.0 / 13;
    series = series * z + 1.0 / 11;
    series = series * z + 1.0 / 9;
    series = series * z + 1.0 / 7;
    series = series * z + 1.0 / 5;
    series = series * z + 1.0 / 3;
    series = series * z + 1.0;
    const double log10 = exponent * kLog10Of2 + kTwoLog10E * (s * series);
    out[i] = static_cast<float>(log10 > kLog10Zero ? log10 : static_cast<double>(kLog10Zero));
  }
}

}  // namespace tlg::lm
