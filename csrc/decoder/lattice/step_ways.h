// Of a RawLattice, the steps that are on a path within the beam, and which of them may follow
// which: merges dissolved. Not for: what lies between two steps (word_dag.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "decoder/lattice/raw_lattice.h"

namespace tlg::decoder {

// Steps are numbered from 1, as in the raw lattice; 0 is the beginning, num_steps() the end.
struct StepWays {
  std::vector<std::uint32_t> nodes;  // step -> node of the raw lattice; kNoNode: the beginning
  // Those that may follow step k are targets[first[k]] .. targets[first[k + 1] - 1], rising.
  std::vector<std::uint32_t> first, targets;
  float beam = 0;  // the lattice's, or what was left of it

  std::uint32_t num_steps() const { return static_cast<std::uint32_t>(nodes.size()); }
};

// As many ways as a lattice may have: where the search was in doubt throughout, their number grows
// with the square of what is within the beam. Half a gigabyte or so, once they are a WordDag.
constexpr std::size_t kMostWays = 8'000'000;
// As many where only those are left that tie with the best path; also far from what 32 bits count.
constexpr std::size_t kMostTied = 32'000'000;

// With more than `most` ways the beam is narrowed. Throws Error(kLattice) where more than `tied`
// are left in the end.
StepWays find_step_ways(const RawLattice& raw, std::size_t most = kMostWays,
                        std::size_t tied = kMostTied);

}  // namespace tlg::decoder
