// Counts of n-grams that outlive their text: read from and written to count files ("a b c<TAB>12",
// SRILM's ngram-count -write), added up, and made into the trie that training starts from.
// Not for: counting a text (lm/count/count_trie.h).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lm/count/corpus.h"
#include "lm/count/count_trie.h"
#include "lm/word_table.h"

namespace tlg::lm {

// What a text of tokens has is its windows: the last `order` words of each token, or as many as the
// sentence has with its <s>. All counts of all orders follow from the windows: the shorter n-grams
// of a count file are not needed, but for those that begin with <s>.
class NgramCounts {
 public:
  // order 1 to 9; <unk>, <s> and </s> are words from the start.
  explicit NgramCounts(int order);
  // Of a text.
  NgramCounts(const CountTrie& trie, const WordTable& words);

  // Adds whole lines of a count file. Throws Error(kText): a line that is no n-gram and count, or
  // an n-gram longer than the order.
  void add_lines(std::string_view text, const std::string& name, std::int64_t first_line);
  // Adds other counts so many times; their words come after those that are here. Of counts of a
  // higher order the last words count.
  void add(const NgramCounts& other, std::uint64_t times);

  int order() const { return order_; }
  const WordTable& words() const { return words_; }
  std::uint64_t num_tokens() const;
  std::uint64_t num_sentences() const;
  // Throws Error(kText) without any window, and for counts of 2^32 or more.
  CountTrie trie() const;
  // A corpus without text that has these words, with the ids that they have here.
  Corpus corpus(std::shared_ptr<util::Job> job) const;

 private:
  void add_window(const WordId* words, int length, std::uint64_t count);

  int order_;
  WordTable words_;
  // windows_[i * order_ .. ]: a window's words, right-aligned, kNoWord before the first.
  std::vector<WordId> windows_;
  std::vector<std::uint64_t> counts_;
};

// The n-grams of all orders with how often they occur, a piece at a time: "a b c<TAB>12".
class CountWriter {
 public:
  explicit CountWriter(const NgramCounts& counts);
  // The next few megabytes; empty at the end.
  std::string next();

 private:
  const NgramCounts& counts_;
  CountTrie trie_;
  std::vector<util::Array<std::uint32_t>> raw_;
  int order_ = 1;
  std::size_t node_ = 0;
  std::vector<std::vector<std::uint32_t>> parents_;  // [k - 1][node], for k > 1
};

}  // namespace tlg::lm
