// From the arcs of the best path to what a user reads: tokens and words with their frames, and the
// score with each of its terms. All of it is computed anew in float64 from the posteriors and the
// arcs.
#pragma once

#include <cstdint>
#include <vector>

#include "decoder/search.h"

namespace tlg::decoder {

struct Span {
  std::int32_t start, end;  // frames, half-open
};

struct SpanOptions {
  std::uint32_t num_roots = 0;  // a word ends on the way into an LG state below this; 0: not known
  std::int32_t separator = -1;  // the column of the optional token between words: of no word's span
};

// score = am_score + lm_score + word_score + blank_score + hotword_score, each weighted as the
// search weights it: docs/semantics.md.
struct Hypothesis {
  std::vector<std::int32_t> tokens;  // columns
  std::vector<Span> token_spans;
  std::vector<std::int32_t> words;  // output labels
  std::vector<Span> word_spans;
  std::vector<hotwords::Match> hotwords;  // over tokens or words, as the list is matched
  double score = 0, am_score = 0, lm_score = 0, word_score = 0, blank_score = 0, hotword_score = 0;
  double search_score = 0;  // the search's own float32 sum: equals score but for rounding
  bool partial = false;     // no final state was reached
  std::int32_t num_frames = 0;
};

Hypothesis make_hypothesis(const SearchGraph& graph, const SearchOptions& options,
                           const SpanOptions& spans, const BestPath& path, const Frames& frames,
                           const HotwordUse* hotwords);

}  // namespace tlg::decoder
