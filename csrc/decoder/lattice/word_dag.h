// The paths of a RawLattice with words, frames and exact scores: a graph whose arcs can be added
// up. Of each pair of steps that may follow each other the frames between them are split between
// token and blank as is best, and the epsilon arcs between them are put back. Many paths still
// spell the same words. Not for: choosing among them (nbest.h, determinize.h).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "decoder/lattice/lattice.h"
#include "decoder/lattice/raw_lattice.h"
#include "decoder/path.h"

namespace tlg::decoder {

// Invariants: arcs lead to higher nodes; node 0 is the beginning, the last one the end; arcs are
// sorted by source. A node from which no path leads to the end (all its frames are impossible) is
// `ahead` by -infinity.
struct WordDag {
  // The frames from the step at (or in front of) `source` to the one at `target` are in `am`.
  struct Arc {
    std::uint32_t source, target;
    std::int32_t word;  // output label; 0: none
    LatticeScore score;
  };
  struct Node {
    std::uint32_t first_arc;  // its arcs: up to the first of the next node
    std::uint32_t best_arc;   // of the best path from here to the end (the end: none)
    std::uint32_t step;       // of the raw lattice; kNoNode: the beginning, the end, or a place
                              // behind epsilon arcs
    std::uint32_t lg_state;
    bool begins_token;  // a step that is neither blank nor a repeat
  };
  std::vector<Node> nodes;  // and one more, which closes the list of arcs
  std::vector<Arc> arcs;
  std::vector<double> ahead;  // node -> score of the best path from it to the end
  float beam = 0;             // paths worse than the best one by more are not all here
  std::int64_t num_frames = 0;
  bool is_final = false;

  std::uint32_t num_nodes() const {
    return nodes.empty() ? 0 : static_cast<std::uint32_t>(nodes.size()) - 1;
  }
  std::uint32_t end() const { return num_nodes() - 1; }
};

// `frames` are all that were searched. The hotwords (null: none) are those of the search. A lattice
// without ends gives a graph without nodes.
WordDag make_word_dag(const RawLattice& raw, const SearchGraph& graph, const SearchOptions& options,
                      const Frames& frames, const std::shared_ptr<const HotwordUse>& hotwords);

// The path along these arcs, for make_hypothesis(); they lead from the beginning to the end.
ExplicitPath explicit_path(const WordDag& dag, const RawLattice& raw,
                           const std::vector<std::uint32_t>& arcs);

}  // namespace tlg::decoder
