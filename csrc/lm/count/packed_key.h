// An n-gram window as one big number whose order is suffix order: the last word in the highest
// bits. Not for: anything but lm/count/count_trie.cc.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "util/bits.h"

namespace tlg::lm {

template <int kLimbs>
struct PackedKey {
  std::array<std::uint64_t, kLimbs> limb;  // lowest first; PackedKey{} is all 0

  friend bool operator<(const PackedKey& a, const PackedKey& b) {
    for (int i = kLimbs - 1; i > 0; --i)
      if (a.limb[i] != b.limb[i]) return a.limb[i] < b.limb[i];
    return a.limb[0] < b.limb[0];
  }

  // width below 33; the bits there must be 0.
  void put(int bit, std::uint64_t value) {
    const int at = bit / 64, shift = bit % 64;
    limb[at] |= value << shift;
    if (kLimbs > 1 && shift > 31 && at + 1 < kLimbs) limb[at + 1] |= value >> (64 - shift);
  }
  std::uint32_t get(int bit, int width) const {
    const int at = bit / 64, shift = bit % 64;
    std::uint64_t value = limb[at] >> shift;
    if (kLimbs > 1 && shift + width > 64) value |= limb[at + 1] << (64 - shift);
    return static_cast<std::uint32_t>(value & ((std::uint64_t{1} << width) - 1));
  }
  void shift_right(int bits) {
    for (int i = 0; i < kLimbs; ++i) {
      limb[i] >>= bits;
      if (i + 1 < kLimbs) limb[i] |= limb[i + 1] << (64 - bits);
    }
  }
  // The position of the highest bit in which two keys differ; -1 if they are equal.
  static int highest_difference(const PackedKey& a, const PackedKey& b) {
    for (int i = kLimbs - 1; i >= 0; --i) {
      const std::uint64_t difference = a.limb[i] ^ b.limb[i];
      if (difference) return i * 64 + util::highest_bit(difference);
    }
    return -1;
  }
};

namespace detail {

template <int kLimbs>
unsigned digit_of(const PackedKey<kLimbs>& key, int digit) {
  return key.limb[digit / 8] >> (digit % 8 * 8) & 255;
}

// Radix sort from the lowest byte, skipping bytes in which all keys agree.
template <int kLimbs>
void sort_from_lowest(PackedKey<kLimbs>* keys, std::size_t count, int digits,
                      PackedKey<kLimbs>* scratch) {
  std::vector<std::array<std::uint32_t, 256>> histogram(static_cast<std::size_t>(digits));
  for (std::size_t i = 0; i < count; ++i)
    for (int d = 0; d < digits; ++d) ++histogram[d][digit_of(keys[i], d)];
  PackedKey<kLimbs>* from = keys;
  PackedKey<kLimbs>* to = scratch;
  for (int d = 0; d < digits; ++d) {
    std::array<std::uint32_t, 256>& starts = histogram[d];
    if (starts[digit_of(from[0], d)] == count) continue;
    std::uint32_t sum = 0;
    for (std::uint32_t& start : starts) {
      const std::uint32_t size = start;
      start = sum;
      sum += size;
    }
    const int limb = d / 8, shift = d % 8 * 8;
    for (std::size_t i = 0; i < count; ++i)
      to[starts[from[i].limb[limb] >> shift & 255]++] = from[i];
    std::swap(from, to);
  }
  if (from != keys) std::copy(from, from + count, keys);
}

}  // namespace detail

// Sorts keys whose bits from `bits` on are 0. `scratch` has room for `room` keys: where there are
// more, they are first parted in place by their highest byte. `moved(n)` is called after every few
// ten thousand keys that were moved so.
template <int kLimbs, typename Moved>
void sort_keys(PackedKey<kLimbs>* keys, std::size_t count, int bits, PackedKey<kLimbs>* scratch,
               std::size_t room, const Moved& moved) {
  constexpr std::size_t kStep = 1 << 15;
  const int digits = (bits + 7) / 8;
  if (count < 400) return std::sort(keys, keys + count);
  if (count <= room) return detail::sort_from_lowest(keys, count, digits, scratch);
  if (digits == 0) return;  // all are equal
  std::array<std::size_t, 256> next{}, end{};
  for (std::size_t i = 0; i < count; ++i) {
    ++end[detail::digit_of(keys[i], digits - 1)];
    if (i % kStep == kStep - 1) moved(kStep);
  }
  std::size_t sum = 0;
  for (int digit = 0; digit < 256; ++digit) {
    next[digit] = sum;
    end[digit] = sum += end[digit];
  }
  std::size_t steps = 0;
  for (unsigned digit = 0; digit < 256; ++digit)
    while (next[digit] != end[digit]) {
      PackedKey<kLimbs> key = keys[next[digit]];
      for (unsigned to; (to = detail::digit_of(key, digits - 1)) != digit;) {
        std::swap(key, keys[next[to]++]);
        if (++steps % kStep == 0) moved(kStep);
      }
      keys[next[digit]++] = key;
    }
  for (int digit = 0; digit < 256; ++digit) {
    const std::size_t begin = digit ? end[digit - 1] : 0;
    sort_keys(keys + begin, end[digit] - begin, (digits - 1) * 8, scratch, room, moved);
    moved(end[digit] - begin);
  }
}

}  // namespace tlg::lm
