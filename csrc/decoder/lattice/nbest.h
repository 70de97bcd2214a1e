// The best paths of different word sequences, exactly and in order. Not for: all of them in one
// graph (determinize.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "decoder/lattice/word_dag.h"

namespace tlg::decoder {

struct WordPath {
  std::vector<std::uint32_t> arcs;  // of the WordDag, from its beginning to its end
  double score;
};

// The best path of each of the `count` best word sequences, best first; fewer where the beam holds
// fewer. Determinises backwards from the end, as far as needed; what lies in front of every node is
// known exactly, so a sequence that is found whole is the next best. Source: Mohri and Riley, "An
// efficient algorithm for the n-best-strings problem", 2002.
std::vector<WordPath> best_word_paths(const WordDag& dag, std::size_t count);

}  // namespace tlg::decoder
