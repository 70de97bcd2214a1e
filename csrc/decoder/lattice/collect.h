// From the traces of an utterance that was searched for a lattice to its RawLattice: what no path
// within lattice_beam needs is left behind.
#pragma once

#include "decoder/lattice/raw_lattice.h"
#include "decoder/search_state.h"

namespace tlg::decoder {

RawLattice collect_lattice(const SearchGraph& graph, const Utterance& utterance,
                           float lattice_beam);

}  // namespace tlg::decoder
