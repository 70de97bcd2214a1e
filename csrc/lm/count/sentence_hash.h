// A number for each sentence of a text, to tell which sentences two texts share.
// Not for: telling sentences apart beyond doubt (64 bits; one false match in 2^64 / (n m)).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace tlg::lm {

// Of whole lines (split as lm/count/corpus.h does), one number each, the same for the same words
// whatever the white space between them; 0 for fewer words than `least`.
std::vector<std::uint64_t> hash_sentences(std::string_view text, std::size_t least);

}  // namespace tlg::lm
