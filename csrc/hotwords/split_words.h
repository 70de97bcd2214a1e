// Phrases of a script without spaces, cut into the words of a graph in every way: the search may
// put the words otherwise than the list does. Not for: phrases with spaces (tlg.hotwords.spelling).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace tlg::hotwords {

// Texts one behind the other, in code points.
struct Texts {
  const char32_t* characters = nullptr;
  const std::int64_t* offsets = nullptr;  // text -> its begin; one more at the end
  std::size_t size = 0;                   // texts
  std::u32string_view operator[](std::size_t i) const {
    return {characters + offsets[i], static_cast<std::size_t>(offsets[i + 1] - offsets[i])};
  }
};

struct Ways {
  std::vector<std::int32_t> words;   // of all ways
  std::vector<std::int32_t> sizes;   // words of each way
  std::vector<std::int32_t> owners;  // the text of each way, rising
  std::vector<std::int32_t> cut;     // texts with more ways than were asked for
};

class WordSplitter {
 public:
  // Longer texts have no ways here.
  static constexpr std::size_t kMaxLength = 63;

  // ids: of the words.
  WordSplitter(const Texts& words, const std::int32_t* ids);
  // At most `most` ways for each text: those of the fewest words first, of as many words the one
  // whose first word is the shortest.
  Ways split(const Texts& texts, std::size_t most) const;

 private:
  struct Search;

  std::u32string characters_;
  std::unordered_map<std::u32string_view, std::int32_t> ids_;
  std::size_t longest_ = 0;
};

}  // namespace tlg::hotwords
