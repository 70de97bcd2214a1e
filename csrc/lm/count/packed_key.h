// An n-gram window as one big number whose order is suffix order: the last word in the highest
// bits. Not for: anything but lm/count/count_trie.cc.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

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
      std::uint64_t x = a.limb[i] ^ b.limb[i];
      if (!x) continue;
#if defined(__GNUC__) || defined(__clang__)
      return i * 64 + 63 - __builtin_clzll(x);
#else
      int bit = 0;
      for (int step = 32; step; step /= 2)
        if (x >> step) {
          x >>= step;
          bit += step;
        }
      return i * 64 + bit;
#endif
    }
    return -1;
  }
};

// Sorts keys whose bits from `bits` on are 0: radix sort from the lowest byte, skipping bytes in
// which all keys agree. `scratch` has room for as many.
template <int kLimbs>
void sort_keys(PackedKey<kLimbs>* keys, std::size_t count, int bits, PackedKey<kLimbs>* scratch) {
  if (count < 400) {
    std::sort(keys, keys + count);
    return;
  }
  const int digits = (bits + 7) / 8;
  std::vector<std::array<std::uint32_t, 256>> histogram(static_cast<std::size_t>(digits));
  for (std::size_t i = 0; i < count; ++i)
    for (int d = 0; d < digits; ++d) ++histogram[d][keys[i].limb[d / 8] >> (d % 8 * 8) & 255];
  PackedKey<kLimbs>* from = keys;
  PackedKey<kLimbs>* to = scratch;
  for (int d = 0; d < digits; ++d) {
    std::array<std::uint32_t, 256>& starts = histogram[d];
    const int limb = d / 8, shift = d % 8 * 8;
    if (starts[from[0].limb[limb] >> shift & 255] == count) continue;
    std::uint32_t sum = 0;
    for (std::uint32_t& start : starts) {
      const std::uint32_t size = start;
      start = sum;
      sum += size;
    }
    for (std::size_t i = 0; i < count; ++i)
      to[starts[from[i].limb[limb] >> shift & 255]++] = from[i];
    std::swap(from, to);
  }
  if (from != keys) std::copy(from, from + count, keys);
}

}  // namespace tlg::lm
