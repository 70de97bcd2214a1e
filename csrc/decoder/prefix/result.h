// From the prefixes that are alive to what a user reads: the n best, tokens and words with their
// frames, and each term of the score apart. Not for: symbols (Python).
#pragma once

#include <cstdint>
#include <vector>

#include "decoder/path.h"
#include "decoder/prefix/search.h"

namespace tlg::decoder::prefix {

struct Word {
  std::int32_t id;  // of the lexicon; -1: a word that it lacks, or there is none
  std::int32_t first_token, end_token;
  bool unknown;
};

// score = am_score + lm_score + word_score + unk_score + hotword_score, each weighted.
struct Hypothesis {
  std::vector<std::int32_t> tokens;
  std::vector<Span> token_spans;  // of the best alignment
  std::vector<Word> words;
  std::vector<hotwords::Match> hotwords;  // over tokens, or over words
  double score = 0, am_score = 0, lm_score = 0, word_score = 0, unk_score = 0, hotword_score = 0;
  double search_score = 0;  // the search's own sum: equals score but for rounding
  bool partial = false;     // it ends inside a word, or before the last frame
  std::int64_t num_frames = 0;
};

// The `nbest` best hypotheses, as if the utterance ended now; no two with the same text. If some
// end as the lexicon demands, they alone. The search goes on as if nobody had asked.
std::vector<Hypothesis> read_best(Search* search, std::size_t nbest);

}  // namespace tlg::decoder::prefix
