// How the windows of a text are parted before they are sorted: by ranges of the last word, each
// small enough for the cache, which also makes the last word cost fewer bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "lm/word_table.h"

namespace tlg::lm {

struct Part {
  WordId base = 0;        // the first word of the range
  std::size_t begin = 0;  // of its windows among all
};

// Invariant: parts[i].base and .begin do not decrease; the last one is the end of both.
struct Parts {
  std::vector<Part> parts;
  std::vector<std::uint16_t> of_word;
  int limbs = 1;      // 64-bit numbers in a key
  int word_bits = 1;  // of a word in a key
  int last_bits = 1;  // of the last word in a key: its number in its part

  std::size_t size() const { return parts.size() - 1; }
  std::size_t windows() const { return parts.back().begin; }
  // All bits of a key.
  int bits(int order) const { return (order - 1) * word_bits + last_bits; }
};

// `histogram`: how many windows end with each word.
Parts make_parts(const std::vector<std::uint64_t>& histogram, int order);

}  // namespace tlg::lm
