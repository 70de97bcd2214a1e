// What the search leaves behind when it is asked for more than the best path: every path that ended
// within lattice_beam of the best one, as a graph of steps. Not for: words, frames and scores
// (word_dag.h), one path a word sequence (determinize.h).
#pragma once

#include <cstdint>
#include <vector>

#include "hotwords/automaton.h"

namespace tlg::decoder {

constexpr std::uint32_t kNoNode = 0xffffffffu;

// Invariants: `previous` and `other` of a node are below it, or kNoNode: the beginning; the frames
// of steps never fall.
struct RawLattice {
  // A step is an arc that was taken at a frame after any path of `previous`; between the two lies
  // whatever chain of epsilon arcs leads from the one arc to the other: the cheapest of them is
  // meant, the others (with other words) are paths too. A merge (arc == kMerge) is no step: the
  // paths of `previous`, and those of `other`, which cost `excess` more than them.
  struct Node {
    std::uint32_t previous;
    std::uint32_t arc;          // as SearchGraph::path_arc takes it, or kMerge
    std::uint32_t frame;        // steps: at which the arc was taken
    std::uint32_t other;        // merges
    float excess;               // merges; 0 or more, scaled nats
    hotwords::StateId hotword;  // steps: of the hotword automaton, after the step
  };
  static constexpr std::uint32_t kMerge = 0xffffffffu;

  // The cost of the best path that ends in `node`, with the final cost (through epsilon arcs) where
  // the lattice is final, with what hotwords take or give at the end. Rising by node.
  struct End {
    std::uint32_t node;  // kNoNode: no arc was taken
    double cost;
  };

  std::vector<Node> nodes;
  std::vector<End> ends;
  bool is_final = false;  // else no final state was reached: all that was alive is an end
  float lattice_beam = 0;
  std::int64_t num_frames = 0;  // searched
};

}  // namespace tlg::decoder
