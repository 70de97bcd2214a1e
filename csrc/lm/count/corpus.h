// Text as word ids. NUL, tab, CR and space separate words and LF ends a sentence, as in lmplz;
// nothing else does (no U+3000, no vertical tab). An empty line is a sentence without words.
// Not for: files and compression (the Python side gives the bytes).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lm/word_table.h"
#include "util/job.h"

namespace tlg::lm {

inline constexpr WordId kUnkId = 0, kBosId = 1, kEosId = 2;

// What <s>, </s> and <unk> in the text mean.
enum class Symbols {
  kError,  // the text is refused
  kSkip,   // they are white space (lmplz --skip_symbols)
  kUnk,    // <unk> is a word unknown to the model; <s> and </s> are refused
};

struct CorpusOptions {
  Symbols symbols = Symbols::kError;
  // With a fixed vocabulary its words have the ids from kEosId + 1 on, in its order, and exist even
  // if the text lacks them; all other words are outside.
  bool fixed_vocab = false;
  std::vector<std::string> vocab;
  // Outside words are <unk> and counted so; in a closed vocabulary no n-gram that has one counts,
  // and the model is to have no <unk>.
  bool closed = false;
};

class Corpus {
 public:
  explicit Corpus(CorpusOptions options = {},
                  std::shared_ptr<util::Job> job = std::make_shared<util::Job>());

  // Adds whole lines; a last line without a newline is a sentence too. `name` and `first_line` are
  // for errors. Throws Error(kText): not UTF-8, or a symbol that is not allowed.
  void add_text(std::string_view text, const std::string& name, std::int64_t first_line);
  // Adds one sentence from its words; the sentence's number is for errors.
  void add_sentence(const std::vector<std::string>& words, std::int64_t number);

  const CorpusOptions& options() const { return options_; }
  // How what is made of this corpus is to be computed.
  util::Job& job() const { return *job_; }
  const WordTable& words() const { return words_; }
  std::size_t num_words() const { return num_ids_ - sentences_; }
  std::size_t num_sentences() const { return sentences_; }
  std::size_t num_skipped() const { return skipped_; }
  // Words of the text outside a fixed vocabulary.
  std::size_t num_outside() const { return outside_; }
  // Ids in blocks of whole sentences, each sentence ended by kEosId.
  const std::vector<std::vector<WordId>>& blocks() const { return blocks_; }
  // Gives up the ids (the words stay): they are the largest thing here.
  void drop_ids() { std::vector<std::vector<WordId>>().swap(blocks_); }

 private:
  void add_word(std::string_view word, const std::string& name, std::int64_t line);
  void end_sentence();

  CorpusOptions options_;
  std::shared_ptr<util::Job> job_;
  WordTable words_;
  std::vector<std::vector<WordId>> blocks_;
  std::size_t num_ids_ = 0, sentences_ = 0, skipped_ = 0, outside_ = 0;
};

// Splits a line of text at NUL, tab, CR and space, and calls word(string_view) for each.
template <typename Function>
const char* split_line(const char* p, const char* end, Function&& word) {
  const auto separates = [](char c) {
    return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == 0;
  };
  while (p != end && *p != '\n') {
    if (separates(*p)) {
      ++p;
      continue;
    }
    const char* start = p;
    do ++p;
    while (p != end && (static_cast<unsigned char>(*p) > ' ' || !separates(*p)));
    word(std::string_view(start, static_cast<std::size_t>(p - start)));
  }
  return p;
}

}  // namespace tlg::lm
