// Eight characters in one register: digits to and from numbers, without a branch a character.
// Not for: what is not ASCII digits (callers check), locale, signs and points (util/number.h).
#pragma once

#include <cstdint>
#include <cstring>

namespace tlg::util {

// Which end of a register the first character is at. Where it is the other one, callers take their
// slow way.
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
inline constexpr bool kFirstByteIsLowest = false;
#else
inline constexpr bool kFirstByteIsLowest = true;
#endif

inline std::uint64_t load_eight(const char* text) {
  std::uint64_t eight;
  std::memcpy(&eight, text, 8);
  return eight;
}
inline void store_eight(char* out, std::uint64_t eight) { std::memcpy(out, &eight, 8); }

// The first `size` (0 to 8) characters, zero bytes behind them.
inline std::uint64_t first_of_eight(std::uint64_t eight, std::size_t size) {
  return size == 0 ? 0 : eight & (~std::uint64_t{0} >> (64 - 8 * size));
}

inline bool are_eight_digits(std::uint64_t eight) {
  return ((eight & (eight + 0x0606060606060606ULL) & 0xf0f0f0f0f0f0f0f0ULL) ^
          0x3030303030303030ULL) == 0;
}

// The number that eight digits are; the first character is the highest digit.
inline std::uint32_t parse_eight_digits(std::uint64_t eight) {
  eight = ((eight & 0x0f0f0f0f0f0f0f0fULL) * 2561) >> 8;
  eight = ((eight & 0x00ff00ff00ff00ffULL) * 6553601) >> 16;
  return static_cast<std::uint32_t>(((eight & 0x0000ffff0000ffffULL) * 42949672960001ULL) >> 32);
}

// The eight digits of a number below 10^8, zeros in front.
inline std::uint64_t format_eight_digits(std::uint32_t value) {
  std::uint64_t split = value / 10000 | static_cast<std::uint64_t>(value % 10000) << 32;
  const std::uint64_t hundreds = ((split * 10486) >> 20) & 0x0000007f0000007fULL;
  split = hundreds | (split - hundreds * 100) << 16;
  const std::uint64_t tens = ((split * 103) >> 10) & 0x000f000f000f000fULL;
  return (tens | (split - tens * 10) << 8) | 0x3030303030303030ULL;
}

}  // namespace tlg::util
