// The words of a text one after another, ready to be looked up: split as split_line() of
// lm/count/corpus.h does (at NUL, tab, CR and space; lines at LF), but sixteen bytes at a time.
// Not for: counting words (lm/count).
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "lm/query/frozen_vocabulary.h"

namespace tlg::lm {

inline bool separates(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == 0; }

// The size of the word that begins at `p`: at least one byte of it does not separate.
inline std::size_t word_size(const char* p, const char* end) {
  const char* at = p + 1;
#if defined(__GNUC__) && defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  // The first byte below 0x21 of eight; what is found behind it may be wrong. A control character
  // that does not separate is one too, and is stepped over below.
  constexpr std::uint64_t kOnes = 0x0101010101010101ULL;
  while (end - at >= 8) {
    std::uint64_t bytes;
    std::memcpy(&bytes, at, 8);
    const std::uint64_t small = (bytes - kOnes * 0x21) & ~bytes & (kOnes * 0x80);
    if (small == 0) {
      at += 8;
      continue;
    }
    at += __builtin_ctzll(small) / 8;
    if (separates(*at)) return static_cast<std::size_t>(at - p);
    ++at;
  }
#endif
  while (at != end && !separates(*at)) ++at;
  return static_cast<std::size_t>(at - p);
}

// Calls word(key) for each word and line() at the end of each line; a last line without LF is one.
template <typename Word, typename Line>
void read_words(std::string_view text, Word&& word, Line&& line) {
  const char* p = text.data();
  const char* const end = p + text.size();
  while (p != end) {
    if (!separates(*p)) {
      const std::size_t size = word_size(p, end);
      word(WordKey::of(p, size, static_cast<std::size_t>(end - p)));
      p += size;
    } else if (*p++ == '\n') {
      line();
    }
  }
  if (!text.empty() && text.back() != '\n') line();
}

}  // namespace tlg::lm
