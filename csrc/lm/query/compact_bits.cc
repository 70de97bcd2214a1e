#include "lm/query/compact_bits.h"

namespace tlg::lm {

void ChildBits::index() {
  const std::size_t blocks = words.size() / (kBlock / 64);
  before = util::Array<std::uint32_t>(blocks + 1);
  ones = util::Array<std::uint32_t>(num_hints(std::uint64_t{parents} + 1),
                                    static_cast<std::uint32_t>(blocks - 1));
  zeros = util::Array<std::uint32_t>(num_hints(children), static_cast<std::uint32_t>(blocks - 1));
  std::uint64_t one = 0;
  std::size_t next_one = 0, next_zero = 0;
  for (std::size_t block = 0; block < blocks; ++block) {
    before[block] = static_cast<std::uint32_t>(one);
    for (std::size_t i = 0; i < kBlock / 64; ++i)
      one += ones_by_byte(words[block * (kBlock / 64) + i]) >> 56;
    const std::uint64_t zero = (block + 1) * std::uint64_t{kBlock} - one;
    for (; next_one < ones.size() && next_one * kHint < one; ++next_one)
      ones[next_one] = static_cast<std::uint32_t>(block);
    for (; next_zero < zeros.size() && next_zero * kHint < zero; ++next_zero)
      zeros[next_zero] = static_cast<std::uint32_t>(block);
  }
  before[blocks] = static_cast<std::uint32_t>(one);
}

}  // namespace tlg::lm
