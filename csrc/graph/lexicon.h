// A pronunciation lexicon: words and the tokens they are made of, parsed and checked. Not for:
// making pronunciations (decoder/graph/lexicon.py).
//
// A line is `word [probability] token token ...`, fields apart by spaces or tabs. The second field
// is a probability if it is a number above 0 and up to 1 and is not itself a token: where it is
// both, it is the token (write 1.0 for a probability when "1" is a token).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "fst/fst.h"

namespace tlg::graph {

// The model's columns; input labels are column + 1.
struct Tokens {
  std::vector<std::string> symbols;
  std::int64_t blank = -1;  // column, -1: no blank
};

struct Pronunciation {
  std::uint32_t word;    // index into Lexicon::words
  std::uint32_t begin;   // first unit in Lexicon::units
  std::uint32_t length;  // number of units; may be 0
  float cost;            // -log of the probability written in the lexicon, 0 without one
  std::uint32_t line;    // 1-based
};

// Invariant: words are sorted by bytes and distinct; pronunciations are sorted by (units, word) and
// distinct.
struct Lexicon {
  std::vector<std::string> words;
  std::vector<Pronunciation> pronunciations;
  std::vector<fst::Label> units;  // input labels of all pronunciations
  // The places of pronunciations by word: those of word w are by_word[first_of[w]] ..
  // by_word[first_of[w + 1] - 1], in their order.
  std::vector<std::uint32_t> by_word, first_of;
  bool has_probabilities = false;
  // What was passed over, one sentence each with its line, in order.
  std::vector<std::string> duplicates, dropped;

  const fst::Label* begin(const Pronunciation& p) const { return units.data() + p.begin; }
};

struct LexiconOptions {
  bool drop_unknown =
      false;  // skip and report pronunciations with unknown tokens, instead of an error
  bool probabilities = true;  // false: the second field is always a token
};

// Throws Error(kLexicon) with the line.
Lexicon parse_lexicon(std::string_view text, const std::string& name, const Tokens& tokens,
                      const LexiconOptions& options);

// The lexicon as lines that parse_lexicon reads back to the same lexicon.
std::string format_lexicon(const Lexicon& lexicon, const Tokens& tokens);

// Pronunciations of one word as lists of input labels; none if the word is unknown.
std::vector<std::vector<fst::Label>> pronunciations_of(const Lexicon& lexicon,
                                                       std::string_view word);

}  // namespace tlg::graph
