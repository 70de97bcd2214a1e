// Numbers of a few bits side by side, and a vector of bits in which the i-th one or zero is found
// quickly: what the compact trie is made of. Bits are counted from the lowest of the first byte, on
// machines of either byte order. Not for: values of more than 57 bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "util/array.h"
#include "util/prefetch.h"

#if defined(_MSC_VER)
#include <intrin.h>
#endif

namespace tlg::lm {

inline std::uint64_t load_little(const std::uint8_t* bytes) {
  std::uint64_t word;
  std::memcpy(&word, bytes, 8);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  word = __builtin_bswap64(word);
#endif
  return word;
}

inline void store_little(std::uint8_t* bytes, std::uint64_t word) {
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  word = __builtin_bswap64(word);
#endif
  std::memcpy(bytes, &word, 8);
}

// Bytes for `bits` bits, with room to read eight bytes wherever a bit is.
inline std::size_t bytes_of_bits(std::uint64_t bits) {
  return static_cast<std::size_t>((bits + 7) / 8 + 8);
}

// Bits that hold every number below `count`.
inline unsigned width_of(std::uint64_t count) {
  unsigned width = 0;
  while (width < 64 && count > std::uint64_t{1} << width) ++width;
  return width;
}

inline std::uint64_t get_bits(const std::uint8_t* bytes, std::uint64_t bit, unsigned width) {
  return load_little(bytes + bit / 8) >> bit % 8 & ((std::uint64_t{1} << width) - 1);
}

// The bits were 0.
inline void put_bits(std::uint8_t* bytes, std::uint64_t bit, std::uint64_t value) {
  store_little(bytes + bit / 8, load_little(bytes + bit / 8) | value << bit % 8);
}

// Of x != 0.
inline unsigned lowest_one(std::uint64_t x) {
#if defined(_MSC_VER)
  unsigned long at;
  _BitScanForward64(&at, x);
  return at;
#else
  return static_cast<unsigned>(__builtin_ctzll(x));
#endif
}

// In each byte the ones of x up to and with that byte; the highest holds those of all.
// (popcount instructions are not in the baseline of x86-64.)
inline std::uint64_t ones_by_byte(std::uint64_t x) {
  x -= x >> 1 & 0x5555555555555555ULL;
  x = (x & 0x3333333333333333ULL) + (x >> 2 & 0x3333333333333333ULL);
  return ((x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fULL) * 0x0101010101010101ULL;
}

// Where the one number k (from 0) of x is, given ones_by_byte(x), which says that there is one.
inline unsigned nth_one(std::uint64_t x, std::uint64_t sums, unsigned k) {
  // A byte's high bit stays where k is not below the sum.
  const std::uint64_t past =
      ((k * 0x0101010101010101ULL | 0x8080808080808080ULL) - sums) >> 7 & 0x0101010101010101ULL;
  const auto shift = static_cast<unsigned>(past * 0x0101010101010101ULL >> 56) * 8;
  k -= static_cast<unsigned>(sums << 8 >> shift & 0xff);
  x >>= shift;
  while (k--) x &= x - 1;
  return shift + lowest_one(x);
}

// How many children each of a row of parents has: a one opens a parent, a zero is a child, one more
// one ends the row. Children are numbered through, so the first child of parent i is the number of
// zeros before one number i.
// What is read is checked against the sizes, so that damaged bits give a wrong answer and no more.
class ChildBits {
 public:
  struct Range {
    std::uint32_t begin, end;
  };
  static constexpr unsigned kBlock = 256;  // bits per entry of `before`
  static constexpr unsigned kHint = 256;   // ones (zeros) per entry of `ones` (`zeros`)

  static std::uint64_t num_bits(std::uint64_t parents, std::uint64_t children) {
    return parents + children + 1;
  }
  static std::size_t num_blocks(std::uint64_t parents, std::uint64_t children) {
    return static_cast<std::size_t>(num_bits(parents, children) / kBlock + 1);
  }
  static std::size_t num_hints(std::uint64_t marks) {
    return static_cast<std::size_t>(marks / kHint + 2);
  }

  std::uint32_t parents = 0, children = 0;
  util::Array<std::uint64_t> words;   // 4 for each block
  util::Array<std::uint32_t> before;  // ones before each block, and all
  // The block of every kHint-th one (zero); the last entry is the last block.
  util::Array<std::uint32_t> ones, zeros;

  // From the children's counts, parent by parent.
  template <typename Count>
  static ChildBits build(std::uint32_t parents, std::uint32_t children, Count count) {
    ChildBits made;
    made.parents = parents;
    made.children = children;
    const std::size_t blocks = num_blocks(parents, children);
    made.words = util::Array<std::uint64_t>(blocks * (kBlock / 64), 0);
    std::uint64_t bit = 0;
    for (std::uint32_t i = 0; i <= parents; ++i) {
      made.words[static_cast<std::size_t>(bit / 64)] |= std::uint64_t{1} << bit % 64;
      if (i < parents) bit += 1 + static_cast<std::uint64_t>(count(i));
    }
    made.index();
    return made;
  }

  // What range() will read, most of the time.
  void prefetch(std::uint32_t parent) const {
    const std::size_t word = ones[parent / kHint] * std::size_t{kBlock / 64};
    util::prefetch(&words.data()[word < words.size() ? word : 0]);
  }
  Range range(std::uint32_t parent) const {
    const std::uint64_t at = select<true>(parent);
    std::uint64_t end = 0;
    std::size_t word = static_cast<std::size_t>((at + 1) / 64);
    std::uint64_t rest = word < words.size() ? words[word] >> (at + 1) % 64 : 0;
    if (rest) {
      end = at + 1 + lowest_one(rest);
    } else if (++word < words.size() && words[word]) {
      end = word * std::uint64_t{64} + lowest_one(words[word]);
    } else {
      end = select<true>(parent + 1);
    }
    const std::uint32_t first = child_at(at, parent);
    const std::uint32_t last = child_at(end, parent + 1);
    return {first, last < first ? first : last};
  }

  std::uint32_t parent_of(std::uint32_t child) const {
    const std::uint64_t ones_before = select<false>(child) - child;
    return ones_before == 0        ? 0
           : ones_before > parents ? parents - 1
                                   : static_cast<std::uint32_t>(ones_before - 1);
  }

 private:
  std::uint32_t child_at(std::uint64_t bit, std::uint64_t ones_before) const {
    const std::uint64_t child = bit < ones_before ? 0 : bit - ones_before;
    return child < children ? static_cast<std::uint32_t>(child) : children;
  }

  template <bool kOnes>
  std::uint64_t marks_before(std::size_t block) const {
    return kOnes ? before[block] : block * std::uint64_t{kBlock} - before[block];
  }

  // The bit of one (zero) number i.
  template <bool kOnes>
  std::uint64_t select(std::uint64_t i) const {
    const util::Array<std::uint32_t>& hints = kOnes ? ones : zeros;
    const std::size_t blocks = before.size() - 1;
    std::size_t low = hints[static_cast<std::size_t>(i / kHint)];
    std::size_t high = hints[static_cast<std::size_t>(i / kHint) + 1];
    if (high >= blocks) high = blocks - 1;
    if (low > high) low = high;
    while (low < high) {  // the last block with at most i marks before it
      const std::size_t middle = low + (high - low + 1) / 2;
      if (marks_before<kOnes>(middle) <= i)
        low = middle;
      else
        high = middle - 1;
    }
    std::uint64_t left = i - marks_before<kOnes>(low);
    for (std::size_t word = low * (kBlock / 64); word < (low + 1) * (kBlock / 64); ++word) {
      const std::uint64_t bits = kOnes ? words[word] : ~words[word];
      const std::uint64_t sums = ones_by_byte(bits);
      if (left < sums >> 56)
        return word * std::uint64_t{64} + nth_one(bits, sums, static_cast<unsigned>(left));
      left -= sums >> 56;
    }
    return (low + 1) * std::uint64_t{kBlock};
  }

  void index();
};

}  // namespace tlg::lm
