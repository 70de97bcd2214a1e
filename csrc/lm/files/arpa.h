// ARPA files: reading with repairs, writing. Not for: opening files, compression (the Python side
// gives and takes the bytes).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lm/files/text_source.h"
#include "lm/ngram_trie.h"

namespace tlg::lm {

// A model as it was read.
struct ArpaFile {
  NgramTrie trie;
  std::vector<std::string> repairs;  // what was mended, one sentence each, with its line
};

// Parses an ARPA file. `bytes` is how long its text is, 0 where that is not known; it bounds what
// the file's header can make the reader ask for. `name` is what errors call the file. Throws
// Error(kArpa) with the line. What is missing for a closed model is made and reported.
ArpaFile read_arpa(TextSource* source, std::uint64_t bytes, const std::string& name);

// The same for a text in memory, read in pieces of some size.
ArpaFile read_arpa(std::string_view text, const std::string& name,
                   std::size_t piece = std::size_t{1} << 20);

// The text of the model, ready for a file: shortest decimal text that reads back to the same
// float32, n-grams in the order of the trie. It does not depend on the number of threads.
std::string write_arpa(const NgramTrie& trie, std::size_t threads = 1);

// The same text piece by piece, so that it need not be held as a whole. The model must outlive it.
class ArpaWriter {
 public:
  explicit ArpaWriter(const NgramTrie& trie, std::size_t threads = 1);
  // The next half megabyte or so, good until the next call; empty at the end.
  std::string_view next();
  // How many n-grams the pieces so far had.
  std::uint64_t num_written() const { return num_written_; }

 private:
  static constexpr unsigned char kLong = 255;
  struct ShortWord {  // a word of less than 15 bytes, to be copied without a loop
    char text[15] = {};
    unsigned char size = kLong;
  };
  struct Block {  // some n-grams of one order
    int order;
    std::size_t begin, end;
  };
  struct Text {
    std::vector<char> bytes;
    std::size_t size = 0;  // how many of them count
    std::size_t num_ngrams = 0;
  };

  void format(const Block& block, Text* text) const;
  char* copy_word(char* out, WordId id) const;

  const NgramTrie& trie_;
  std::vector<ShortWord> words_;
  std::size_t longest_word_ = 0;
  int order_ = 1;            // of the next block
  std::size_t begin_ = 0;    // its first n-gram
  std::vector<Text> texts_;  // one a thread
  std::size_t next_text_ = 0, num_texts_ = 0;
  std::uint64_t num_written_ = 0;
};

}  // namespace tlg::lm
