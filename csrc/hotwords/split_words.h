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
  std::u32string characters;
  std::vector<std::int64_t> offsets;  // text -> its begin; one more at the end
  std::size_t size() const { return offsets.size() - 1; }
  std::u32string_view operator[](std::size_t i) const {
    return {characters.data() + offsets[i], static_cast<std::size_t>(offsets[i + 1] - offsets[i])};
  }
};

// Throws Error(kHotword) where the offsets do not belong to the characters.
void check_texts(const Texts& texts);

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

  // ids: of the words, of which there are as many. Throws Error(kHotword) where there are not.
  WordSplitter(Texts words, const std::vector<std::int32_t>& ids);
  // At most `most` ways for each text: those of the fewest words first, of as many words the one
  // whose first word is the shortest.
  Ways split(const Texts& texts, std::size_t most) const;

 private:
  struct Search;

  Texts words_;
  std::unordered_map<std::u32string_view, std::int32_t> ids_;
  std::size_t longest_ = 0;
};

}  // namespace tlg::hotwords
