#include "util/separators.h"

#include <cstring>

#include "util/swar.h"

#if defined(__SSE2__) || defined(_M_X64)
#include <emmintrin.h>
#define TLG_HAVE_SSE2 1
#endif
#if defined(_MSC_VER) && !defined(__clang__)
#include <intrin.h>
#endif

namespace tlg::util {
namespace {

int lowest_bit(std::uint64_t bits) {
#if defined(__GNUC__) || defined(__clang__)
  return __builtin_ctzll(bits);
#elif defined(_MSC_VER) && (defined(_M_X64) || defined(_M_ARM64))
  unsigned long at;
  _BitScanForward64(&at, bits);
  return static_cast<int>(at);
#else
  int at = 0;
  while (!(bits >> at & 1)) ++at;
  return at;
#endif
}

int count_bits(std::uint64_t bits) {
  // Not the builtin: without a switch for newer processors it is a call.
  bits -= bits >> 1 & 0x5555555555555555ULL;
  bits = (bits & 0x3333333333333333ULL) + (bits >> 2 & 0x3333333333333333ULL);
  bits = (bits + (bits >> 4)) & 0x0f0f0f0f0f0f0f0fULL;
  return static_cast<int>(bits * 0x0101010101010101ULL >> 56);
}

// A bit for each of 64 bytes: is it at most ' '?
std::uint64_t separator_bits(const char* text) {
#ifdef TLG_HAVE_SSE2
  const __m128i space = _mm_set1_epi8(' ');
  std::uint64_t bits = 0;
  for (int i = 0; i < 4; ++i) {
    const __m128i chunk = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text) + i);
    const __m128i found = _mm_cmpeq_epi8(_mm_min_epu8(chunk, space), chunk);
    bits |= static_cast<std::uint64_t>(static_cast<unsigned>(_mm_movemask_epi8(found))) << 16 * i;
  }
  return bits;
#else
  std::uint64_t bits = 0;
  for (int i = 0; i < 8; ++i) {
    const std::uint64_t eight = load_eight(text + 8 * i);
    // The high bit of a byte is set if the byte is above ' '.
    const std::uint64_t above = ((eight & 0x7f7f7f7f7f7f7f7fULL) + 0x5f5f5f5f5f5f5f5fULL) | eight;
    const std::uint64_t found = ~above >> 7 & 0x0101010101010101ULL;
    bits |= (found * 0x0102040810204080ULL >> 56) << 8 * i;
  }
  return bits;
#endif
}

}  // namespace

std::size_t find_separators_slowly(const char* text, std::size_t size, std::uint32_t* out) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < size; ++i)
    if (static_cast<unsigned char>(text[i]) <= ' ') out[count++] = static_cast<std::uint32_t>(i);
  return count;
}

std::size_t find_separators(const char* text, std::size_t size, std::uint32_t* out) {
  if (!kFirstByteIsLowest) return find_separators_slowly(text, size, out);
  std::uint32_t* const start = out;
  for (std::size_t at = 0; at < size; at += 64) {
    std::uint64_t bits;
    if (size - at >= 64) {
      bits = separator_bits(text + at);
    } else {
      char last[64];
      std::memset(last, 'x', sizeof last);
      std::memcpy(last, text + at, size - at);
      bits = separator_bits(last);
    }
    const int count = count_bits(bits);
    const auto base = static_cast<std::uint32_t>(at);
    constexpr std::uint64_t kTop = std::uint64_t{1} << 63;
    // Eight at once whether or not there are so many: the loop then seldom takes a wrong turn. What
    // is too much is written over.
    for (int done = 0; done < count; done += 8)
      for (int i = 0; i < 8; ++i) {
        out[done + i] = base + static_cast<std::uint32_t>(lowest_bit(bits | kTop));
        bits &= bits - 1;
      }
    out += count;
  }
  return static_cast<std::size_t>(out - start);
}

}  // namespace tlg::util
