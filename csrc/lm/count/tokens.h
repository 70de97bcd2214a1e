// A piece of text as word ids, found in a table that other threads read at the same time. Words
// that are not in the table get ids of their own, to be exchanged when the pieces are put together
// in order: so ids do not depend on how many threads there are.
// Not for: more than one sentence end a line; files.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "lm/word_table.h"

namespace tlg::lm {

inline constexpr WordId kUnkId = 0, kBosId = 1, kEosId = 2;

// What <s>, </s> and <unk> in the text mean.
enum class Symbols {
  kError,  // the text is refused
  kSkip,   // they are white space (lmplz --skip_symbols)
  kUnk,    // <unk> is a word unknown to the model; <s> and </s> are refused
};

// Whole lines as ids, each line ended by kEosId.
struct Tokens {
  // An id from here on is that of a word in `fresh`.
  static constexpr WordId kFresh = 0x80000000U;

  std::unique_ptr<WordId[]> ids;  // of which `size` are written
  std::size_t size = 0, capacity = 0;
  WordTable fresh;
  std::size_t sentences = 0, skipped = 0, outside = 0;

  void clear();
};

// What is wrong with a text, and where.
struct TextFault {
  std::string what, remedy;
  std::size_t offset;
};

// Puts the words of text[begin, end) into `tokens`, which is clear. `fixed`: a word that is not in
// `words` is kUnkId and counted as outside. Throws TextFault: not UTF-8, or a symbol that is not
// allowed.
void tokenise(std::string_view text, std::size_t begin, std::size_t end, const WordTable& words,
              bool fixed, Symbols symbols, Tokens* tokens);

}  // namespace tlg::lm
