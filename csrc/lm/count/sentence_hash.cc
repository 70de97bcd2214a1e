#include "lm/count/sentence_hash.h"

#include "lm/count/corpus.h"
#include "lm/word_table.h"

namespace tlg::lm {

std::vector<std::uint64_t> hash_sentences(std::string_view text, std::size_t least) {
  std::vector<std::uint64_t> hashes;
  const char* p = text.data();
  const char* const end = p + text.size();
  while (p != end) {
    std::uint64_t hash = 0;
    std::size_t words = 0;
    p = split_line(p, end, [&](std::string_view word) {
      hash = (hash ^ hash_bytes(word.data(), word.size())) * 0xbf58476d1ce4e5b9ULL;
      hash ^= hash >> 29;
      ++words;
    });
    hashes.push_back(words < least ? 0 : hash + (hash == 0));
    if (p != end) ++p;
  }
  return hashes;
}

}  // namespace tlg::lm
