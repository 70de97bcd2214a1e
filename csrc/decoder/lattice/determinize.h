// From all paths to one path for each word sequence: the best, with its terms. Not for: the n best
// without the others (nbest.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "decoder/lattice/lattice.h"
#include "decoder/lattice/word_dag.h"
#include "decoder/lattice/word_frames.h"

namespace tlg::decoder {

struct Determinized {
  Lattice lattice;
  // The beam that was kept. Below the one asked for where that would have taken more than `most`
  // looks; 0: the best path alone.
  float beam = 0;
};

// What a lattice may cost: looks at a node or an arc of the WordDag from a state of the lattice. An
// ordinary utterance takes some thousands.
constexpr std::size_t kMostLooks = 1'000'000;

// Every word sequence within the beam of the best one is in the lattice once, with its best path;
// each arc is on such a path. Sequences further off can be there too, since arcs are shared: with
// the score of a path of theirs, not always the best. Subset construction (Mohri, 1997), states
// with the same places merged, pruned by what is known to lie ahead; never without end.
Determinized determinize(const WordDag& dag, const WordFrames& frames,
                         std::size_t most = kMostLooks);

}  // namespace tlg::decoder
