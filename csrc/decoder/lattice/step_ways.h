// Of a RawLattice, the steps that are on a path within the beam, and which of them may follow
// which: merges dissolved. Not for: what lies between two steps (word_dag.h).
#pragma once

#include <cstdint>
#include <vector>

#include "decoder/lattice/raw_lattice.h"

namespace tlg::decoder {

// Steps are numbered from 1, as in the raw lattice; 0 is the beginning, num_steps() the end.
struct StepWays {
  std::vector<std::uint32_t> nodes;  // step -> node of the raw lattice; kNoNode: the beginning
  // Those that may follow step k are targets[first[k]] .. targets[first[k + 1] - 1], rising.
  std::vector<std::uint32_t> first, targets;

  std::uint32_t num_steps() const { return static_cast<std::uint32_t>(nodes.size()); }
};

StepWays find_step_ways(const RawLattice& raw);

}  // namespace tlg::decoder
