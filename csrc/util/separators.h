// Where the words of a text may end: the bytes up to ' ' (blanks, line ends, control characters),
// found 64 bytes at a time. Not for: what each of them is (the caller looks).
#pragma once

#include <cstddef>
#include <cstdint>

namespace tlg::util {

// Writes the offsets of all bytes of text[0, size) that are not above ' ', in ascending order, and
// returns how many there are. `out` has room for size + 64.
std::size_t find_separators(const char* text, std::size_t size, std::uint32_t* out);

// The same by one byte at a time: the twin that tests compare it with.
std::size_t find_separators_slowly(const char* text, std::size_t size, std::uint32_t* out);

}  // namespace tlg::util
