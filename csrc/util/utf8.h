// UTF-8 checking.
#pragma once

#include <cstddef>
#include <string_view>

namespace tlg {

// The offset of the first byte that is not UTF-8 (overlong forms and surrogates are not), or npos.
inline std::size_t find_invalid_utf8(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  std::size_t i = 0;
  while (i < text.size()) {
    const unsigned char first = byte(i);
    if (first < 0x80) {
      ++i;
      continue;
    }
    const std::size_t more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
    if (first < 0xc2 || first > 0xf4 || i + more >= text.size()) return i;
    const unsigned char second = byte(i + 1);
    const unsigned char low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    const unsigned char high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    if (second < low || second > high) return i;
    for (std::size_t j = 2; j <= more; ++j)
      if ((byte(i + j) & 0xc0) != 0x80) return i;
    i += more + 1;
  }
  return std::string_view::npos;
}

}  // namespace tlg
