// From the traces of an utterance that was searched for a lattice to its RawLattice: what no path
// within lattice_beam needs is left behind, some of it on the way.
#pragma once

#include "decoder/lattice/raw_lattice.h"
#include "decoder/search_state.h"

namespace tlg::decoder {

RawLattice collect_lattice(const SearchGraph& graph, const Utterance& utterance,
                           float lattice_beam);

// Between two frames: forgets the traces that collect_lattice() will not need however the tokens go
// on, and renumbers the others.
void drop_lost_traces(Utterance* utterance, float lattice_beam);

}  // namespace tlg::decoder
