// The fast half of the ARPA reader: lines of the form that KenLM, SRILM and tlg write,
//   NUMBER TAB WORD (SPACE WORD)* [TAB NUMBER] LF
// many at a time. It stops before the first line that is anything else, be it odd, wrong or the
// head of a section. Not for: deciding what such a line is (lm/files/arpa_read.cc).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "lm/files/ngram_lists.h"
#include "lm/files/word_finder.h"

namespace tlg::lm {

class PlainLines {
 public:
  // Unigrams are added to the words, which must outlive this; longer n-grams are looked up in them.
  // No order is above 32.
  explicit PlainLines(WordFinder* words) : words_(words) {}

  // Appends the n-grams of order k at the start of `text`, at most `most` of them, and returns how
  // many bytes they were; a backoff that a line does not have is NaN. In the top order a backoff
  // other than 0 is an odd thing. The end of the text is left: lines within 32 bytes of it.
  std::size_t parse(std::string_view text, int k, bool top, std::size_t most, NgramList* out);

  // To be called when a text that was given before has moved or changed.
  void forget() { chunk_size_ = 0; }

 private:
  static constexpr std::size_t kPending = 64, kMostWords = 32;
  struct Pending {  // a word that is being looked up
    TextWord word;
    std::uint64_t hash;
    std::size_t at;  // where its id goes in `ids`
  };
  struct Above {  // the first 16 bytes of the word in the line above
    std::uint64_t low = 0, high = 0;
  };

  bool index_from(const char* line, std::string_view text);
  bool find_words(const char* base, const std::uint32_t* ends, std::size_t k, std::size_t at,
                  WordId* ids);
  bool add_word(const char* begin, std::size_t size);
  bool resolve(WordId* ids);

  WordFinder* words_;
  // The separators of text[chunk_, chunk_ + chunk_size_), counted from chunk_; `next_` is the first
  // that is not used up.
  const char* chunk_ = nullptr;
  std::size_t chunk_size_ = 0, next_ = 0, num_separators_ = 0;
  std::vector<std::uint32_t> separators_;
  std::vector<std::size_t> line_begin_;  // of each n-gram of this call, from the start of the text
  std::vector<Above> above_;
  std::vector<WordId> above_id_;
  std::array<Pending, kPending + kMostWords> pending_;
  std::size_t num_pending_ = 0;
  std::size_t unknown_ = 0;  // where an id is missing, if resolve() says so
};

}  // namespace tlg::lm
