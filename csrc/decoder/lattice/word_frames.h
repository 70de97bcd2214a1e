// Where the words of a WordDag's paths end. Not for: spans of words and tokens, which leave out
// what lies between them (path.h).
#pragma once

#include <cstdint>
#include <vector>

#include "decoder/lattice/word_dag.h"

namespace tlg::decoder {

// A word lasts until the next token after it is entered, or the end. With roots (SpanOptions) it
// ends on the way into an LG state below num_roots, or, without tokens of its own, at once; else
// where the next one's label comes.
struct WordFrames {
  bool has_roots = false;
  // Of each node; on the best path from it to the end, where there is a choice:
  std::vector<std::int64_t> token;  // frame of the token that begins here; -1: none does
  std::vector<std::int64_t> next_token;
  std::vector<bool> ends_word;    // with roots: the word in hand ends here
  std::vector<std::int64_t> end;  // of the word whose label is on the arc to here
};

WordFrames word_frames(const WordDag& dag, const RawLattice& raw, const SpanOptions& spans);

// Where the word before a path ends: `arcs` lead from behind its label to behind the next one's.
std::int64_t word_end(const WordDag& dag, const WordFrames& frames,
                      const std::vector<std::uint32_t>& arcs);

}  // namespace tlg::decoder
