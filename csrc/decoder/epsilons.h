// Epsilon arcs put back: the search records the arcs that read a frame, and the chains of epsilon
// arcs between them are found again here. Not for: the search itself, which takes these chains
// without writing them down.
#pragma once

#include <vector>

#include "decoder/search.h"

namespace tlg::decoder {

struct FullPath {
  std::vector<SearchGraph::PathArc> arcs;  // from the start; column >= 0: the next of the steps
  double final_cost = 0;                   // of the last state; 0 where the path is not final
};

// The cheapest arcs that hold the steps of `path`. With hotwords that words move (null: none), a
// chain of epsilon arcs with words decides what later words earn, so all are weighed to the end.
FullPath with_epsilons(const SearchGraph& graph, const BestPath& path,
                       const hotwords::Automaton* word_hotwords);

}  // namespace tlg::decoder
