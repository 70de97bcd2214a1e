// Open-addressing tables with 64-bit keys, for the millions of small look-ups of a graph build. Not
// for: general use (nothing can be erased; the key ~0 is reserved).
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace tlg::graph {

// The finaliser of MurmurHash3: every input bit reaches every output bit.
inline std::uint64_t mix(std::uint64_t x) {
  x ^= x >> 33;
  x *= 0xff51afd7ed558ccdULL;
  x ^= x >> 33;
  x *= 0xc4ceb9fe1a85ec53ULL;
  return x ^ (x >> 33);
}

inline std::uint64_t pair_key(std::uint32_t high, std::uint32_t low) {
  return (static_cast<std::uint64_t>(high) << 32) | low;
}

class PairTable {
 public:
  static constexpr std::int32_t kMissing = -1;

  explicit PairTable(std::size_t expected = 16) {
    std::size_t slots = 16;
    while (slots * 3 < expected * 4) slots *= 2;
    keys_.assign(slots, kFree);
    values_.resize(slots);
  }

  std::int32_t find(std::uint64_t key) const {
    const std::size_t slot = locate(key);
    return keys_[slot] == key ? values_[slot] : kMissing;
  }

  // The value stored under the key; `value` is stored if there was none.
  std::int32_t insert(std::uint64_t key, std::int32_t value) {
    if ((size_ + 1) * 4 > keys_.size() * 3) grow();
    const std::size_t slot = locate(key);
    if (keys_[slot] == key) return values_[slot];
    keys_[slot] = key;
    values_[slot] = value;
    ++size_;
    return value;
  }

 private:
  static constexpr std::uint64_t kFree = ~std::uint64_t{0};

  std::size_t locate(std::uint64_t key) const {
    const std::size_t mask = keys_.size() - 1;
    std::size_t slot = mix(key) & mask;
    while (keys_[slot] != kFree && keys_[slot] != key) slot = (slot + 1) & mask;
    return slot;
  }

  void grow() {
    std::vector<std::uint64_t> keys(keys_.size() * 2, kFree);
    std::vector<std::int32_t> values(keys.size());
    keys.swap(keys_);
    values.swap(values_);
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (keys[i] == kFree) continue;
      const std::size_t slot = locate(keys[i]);
      keys_[slot] = keys[i];
      values_[slot] = values[i];
    }
  }

  std::vector<std::uint64_t> keys_;
  std::vector<std::int32_t> values_;
  std::size_t size_ = 0;
};

}  // namespace tlg::graph
