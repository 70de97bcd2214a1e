// As many bits as asked for, all 0 at first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tlg::util {

class BitSet {
 public:
  BitSet() = default;
  explicit BitSet(std::size_t size) : words_((size + 63) / 64, 0) {}

  void set(std::size_t i) { words_[i >> 6] |= std::uint64_t{1} << (i & 63); }
  bool operator[](std::size_t i) const { return (words_[i >> 6] >> (i & 63) & 1) != 0; }

  // The same without the way to it; valid as long as the set.
  class View {
   public:
    View(const BitSet& set) : words_(set.words_.data()) {}  // NOLINT: as good as the set
    bool operator[](std::size_t i) const { return (words_[i >> 6] >> (i & 63) & 1) != 0; }

   private:
    const std::uint64_t* words_;
  };

 private:
  std::vector<std::uint64_t> words_;
};

}  // namespace tlg::util
