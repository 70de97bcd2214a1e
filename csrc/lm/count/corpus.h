// Text as word ids. NUL, tab, CR and space separate words and LF ends a sentence, as in lmplz;
// nothing else does (no U+3000, no vertical tab). An empty line is a sentence without words.
// Not for: files and compression (the Python side gives the bytes).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lm/count/tokens.h"
#include "lm/word_table.h"
#include "util/array.h"
#include "util/job.h"

namespace tlg::lm {

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

// Ids of whole sentences, each ended by kEosId.
class IdBlock {
 public:
  explicit IdBlock(util::Array<WordId> room) : ids_(std::move(room)) {}

  const WordId* begin() const { return ids_.begin(); }
  const WordId* end() const { return ids_.begin() + size_; }
  std::size_t size() const { return size_; }
  std::size_t room() const { return ids_.size() - size_; }
  // Sets `count` ids aside for the caller to write.
  WordId* extend(std::size_t count) {
    size_ += count;
    return ids_.data() + size_ - count;
  }

 private:
  util::Array<WordId> ids_;
  std::size_t size_ = 0;
};

class Corpus {
 public:
  explicit Corpus(CorpusOptions options = {},
                  std::shared_ptr<util::Job> job = std::make_shared<util::Job>());

  // Adds whole lines; a last line without a newline is a sentence too. `name` and `first_line` are
  // for errors. Throws Error(kText): not UTF-8, or a symbol that is not allowed.
  void add_text(std::string_view text, const std::string& name, std::int64_t first_line);

  const CorpusOptions& options() const { return options_; }
  // How what is made of this corpus is to be computed.
  util::Job& job() const { return *job_; }
  const WordTable& words() const { return words_; }
  std::size_t num_words() const { return num_ids_ - sentences_; }
  std::size_t num_sentences() const { return sentences_; }
  std::size_t num_skipped() const { return skipped_; }
  // Different words of a fixed vocabulary.
  std::size_t num_listed() const { return listed_; }
  // Words of the text outside a fixed vocabulary.
  std::size_t num_outside() const { return outside_; }

  const std::vector<IdBlock>& blocks() const { return blocks_; }
  // Gives up the ids (the words stay): they are the largest thing here.
  std::vector<IdBlock> take_blocks() { return std::exchange(blocks_, {}); }
  // How often each word is in the text; kEosId stands for the ends of sentences.
  std::vector<std::uint64_t> histogram() const;

 private:
  void add_pieces(std::string_view text, const std::vector<std::size_t>& cuts,
                  const std::string& name, std::int64_t first_line);
  void put_together(std::size_t pieces);
  WordId* room_for(std::size_t ids);

  CorpusOptions options_;
  std::shared_ptr<util::Job> job_;
  WordTable words_;
  std::vector<IdBlock> blocks_;
  std::size_t num_ids_ = 0, sentences_ = 0, skipped_ = 0, outside_ = 0, listed_ = 0;
  std::vector<Tokens> pieces_;                          // of the text that is being added
  std::vector<std::vector<std::uint64_t>> histograms_;  // by thread
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
