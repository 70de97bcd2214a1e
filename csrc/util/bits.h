// Bits of a 64-bit number, by one instruction where the compiler has a word for it.
#pragma once

#include <cstdint>
#include <cstring>

#if defined(_MSC_VER) && !defined(__clang__)
#include <intrin.h>
#endif

namespace tlg::util {

// The position of the lowest bit that is set; value is not 0.
inline int count_trailing_zeros(std::uint64_t value) {
#if defined(__GNUC__) || defined(__clang__)
  return __builtin_ctzll(value);
#elif defined(_M_X64) || defined(_M_ARM64)
  unsigned long at;
  _BitScanForward64(&at, value);
  return static_cast<int>(at);
#else
  int at = 0;
  while (!(value >> at & 1)) ++at;
  return at;
#endif
}

// The position of the highest bit that is set; value is not 0.
inline int highest_bit(std::uint64_t value) {
#if defined(__GNUC__) || defined(__clang__)
  return 63 - __builtin_clzll(value);
#elif defined(_M_X64) || defined(_M_ARM64)
  unsigned long at;
  _BitScanReverse64(&at, value);
  return static_cast<int>(at);
#else
  int at = 63;
  while (!(value >> at & 1)) --at;
  return at;
#endif
}

// Eight bytes as a number, the first byte lowest.
inline std::uint64_t load_little_endian(const char* data) {
  std::uint64_t value;
  std::memcpy(&value, data, 8);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  value = __builtin_bswap64(value);
#endif
  return value;
}

}  // namespace tlg::util
