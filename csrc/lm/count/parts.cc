#include "lm/count/parts.h"

#include <algorithm>

namespace tlg::lm {
namespace {

int bits_for(std::uint64_t values) {
  int bits = 1;
  while (bits < 33 && (std::uint64_t{1} << bits) < values) ++bits;
  return bits;
}

}  // namespace

Parts make_parts(const std::vector<std::uint64_t>& histogram, int order) {
  std::uint64_t windows = 0;
  for (const std::uint64_t count : histogram) windows += count;
  const std::uint64_t wanted = std::max<std::uint64_t>(windows / 512, 32768);
  Parts made;
  made.word_bits = bits_for(histogram.size());
  // The shortest key for which narrow ranges, 2048 of them at most, leave room.
  const int history = (order - 1) * made.word_bits;
  for (const int limbs : {1, 2, 3, 5}) {
    made.limbs = limbs;
    if (history + std::max(1, made.word_bits - 11) <= limbs * 64) break;
  }
  const int room = std::min(made.word_bits, made.limbs * 64 - history);
  made.of_word.resize(histogram.size());
  std::size_t begin = 0, end = 0;
  WordId base = 0, widest = 1;
  for (WordId word = 0; word < histogram.size(); ++word) {
    made.of_word[word] = static_cast<std::uint16_t>(made.parts.size());
    end += histogram[word];
    const std::uint64_t width = word + 1 - base;
    if (end - begin < wanted && width < std::uint64_t{1} << room && word + 1 < histogram.size())
      continue;
    made.parts.push_back({base, begin});
    widest = std::max(widest, word + 1 - base);
    base = word + 1;
    begin = end;
  }
  made.parts.push_back({base, begin});
  made.last_bits = bits_for(widest);
  return made;
}

}  // namespace tlg::lm
