// A few numbers that stand for many: all distinct ones, or those nearest to them in the mean.
// Not for: packing (lm/query/compact_build.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "util/array.h"

namespace tlg::lm {

// All distinct values, by bit pattern, ascending as unsigned numbers; empty if there are more than
// `limit`.
std::vector<float> distinct_values(const util::Array<float>& values, std::size_t limit);

// At most `size` (3 or more) numbers, ascending, that make the squared error of taking the nearest
// small: Lloyd's algorithm. 0 and kLog10Zero, where they occur, stand for themselves alone.
std::vector<float> quantise(const util::Array<float>& values, std::size_t size);

// From a value to its place in a codebook.
class CodeFinder {
 public:
  // `exact`: made by distinct_values(), every value looked up is there; else by quantise(): the
  // nearest, the lower of two that are as near.
  CodeFinder(const std::vector<float>& codebook, bool exact);
  std::uint32_t operator()(float value) const;

 private:
  bool exact_;
  std::vector<std::uint32_t> slots_;     // exact: hash table of places plus 1
  std::vector<std::uint32_t> patterns_;  // exact: by place
  std::vector<float> numbers_;           // nearest: all but those that stand for themselves
  std::vector<std::uint32_t> places_;    // nearest: theirs
  std::vector<std::pair<float, std::uint32_t>> kept_;  // nearest: the others
};

}  // namespace tlg::lm
