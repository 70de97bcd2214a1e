// ARPA files: reading with repairs, writing. Not for: compression (the Python side gives the
// bytes).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lm/ngram_trie.h"

namespace tlg::lm {

// A model as it was read.
struct ArpaFile {
  NgramTrie trie;
  std::vector<std::string> repairs;  // what was mended, one sentence each, with its line
};

// Parses the text of an ARPA file. `name` is what errors call the file. Throws Error(kArpa) with
// the line. What is missing for a closed model (see lm/files/ngram_lists.h) is made and reported.
ArpaFile read_arpa(std::string_view text, const std::string& name);

// The text of the model, ready for a file: shortest decimal text that reads back to the same
// float32.
std::string write_arpa(const NgramTrie& trie);

// The same text piece by piece, so that it need not be held as a whole. The model must outlive it.
class ArpaWriter {
 public:
  explicit ArpaWriter(const NgramTrie& trie);
  // The next few megabytes; empty at the end.
  std::string next();

 private:
  const NgramTrie& trie_;
  int order_ = 0;  // of the section being written; 0 before the header
  LevelWalk at_;   // the n-gram in it
  std::size_t longest_word_ = 0;
  std::string words_;  // one after another
  std::vector<std::size_t> word_at_;
};

}  // namespace tlg::lm
