// The path of a lattice that is nearest to a reference: what the best choice among its paths would
// score. Not for: figures of many utterances (decoder/evaluate).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "decoder/lattice/lattice.h"

namespace tlg::decoder {

// What each arc says, in the units that errors are counted in (words, or characters): those of arc
// a are units[begin[a]] ... units[begin[a + 1] - 1].
struct Spelling {
  std::vector<std::int32_t> units;
  std::vector<std::size_t> begin;  // one more than arcs
};

struct OraclePath {
  std::int64_t errors = 0;          // substitutions, insertions and deletions
  std::vector<std::uint32_t> arcs;  // of the path
};

// A table of so many cells (32 bytes each) is filled as a whole.
constexpr std::size_t kOracleTable = std::size_t{1} << 18;

// Of the paths with the fewest errors, the one with the best score. All of a lattice without paths
// is missing. Larger tables than `table` are halved until they are not: memory for the states that
// lie over one frame, times the errors. Throws Error(kLattice) where the spelling is not one of
// this lattice.
OraclePath oracle_path(const Lattice& lattice, const Spelling& spelling,
                       const std::vector<std::int32_t>& reference,
                       std::size_t table = kOracleTable);

}  // namespace tlg::decoder
