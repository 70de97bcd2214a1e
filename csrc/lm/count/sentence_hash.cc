#include "lm/count/sentence_hash.h"

#include <cstring>
#include <string>

#include "lm/count/corpus.h"
#include "lm/word_table.h"

namespace tlg::lm {
namespace {

// How many words a line has if each is followed by one space but the last; 0 if it has other white
// space. Eight bytes at a time: most text is like that, and then its bytes can be hashed as they
// lie.
std::size_t count_plain(const char* line, std::size_t size) {
  constexpr std::uint64_t kOnes = 0x0101010101010101ULL, kLow = 0x7f * kOnes;
  // Has the high bit of each byte that is 0, nothing else.
  const auto zeros = [](std::uint64_t v) { return ~(((v & kLow) + kLow) | v | kLow); };
  std::size_t spaces = 0;
  for (std::size_t at = 0; at < size; at += 8) {
    std::uint64_t chunk = 'x' * kOnes;
    std::memcpy(&chunk, line + at, size - at < 8 ? size - at : 8);
    const std::uint64_t space = zeros(chunk ^ ' ' * kOnes);
    const bool joined = line[at] == ' ' && (at == 0 || line[at - 1] == ' ');
    if (joined || (space & space << 8) || zeros(chunk & 0xe0 * kOnes)) return 0;
    spaces += (space >> 7) * kOnes >> 56;
  }
  return size == 0 || line[size - 1] == ' ' ? 0 : spaces + 1;
}

}  // namespace

std::vector<std::uint64_t> hash_sentences(std::string_view text, std::size_t least) {
  std::vector<std::uint64_t> hashes;
  std::string plain;
  const char* p = text.data();
  const char* const end = p + text.size();
  while (p != end) {
    const void* found = std::memchr(p, '\n', static_cast<std::size_t>(end - p));
    const char* line_end = found ? static_cast<const char*>(found) : end;
    const char* first = p;
    const char* last = line_end;
    while (first != last && *first == ' ') ++first;
    while (first != last && last[-1] == ' ') --last;
    std::string_view line(first, static_cast<std::size_t>(last - first));
    std::size_t words = count_plain(line.data(), line.size());
    if (words == 0) {
      plain.clear();
      split_line(first, last, [&](std::string_view word) {
        if (words++) plain += ' ';
        plain += word;
      });
      line = plain;
    }
    const std::uint64_t hash = hash_bytes(line.data(), line.size());
    hashes.push_back(words < least ? 0 : hash + (hash == 0));
    p = line_end == end ? end : line_end + 1;
  }
  return hashes;
}

}  // namespace tlg::lm
