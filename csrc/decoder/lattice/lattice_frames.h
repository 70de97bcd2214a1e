// The frames of a lattice's states made to fit together. Not for: where a word of one path ends
// (word_dag.h).
#pragma once

#include "decoder/lattice/lattice.h"

namespace tlg::decoder {

// Each state has the frame that the best path through it gives; two paths need not agree on which
// of two states comes first. Afterwards no frame falls along an arc, 0 is the start's, num_frames
// that of final states without arcs, and the states of the best path keep theirs.
void align_frames(Lattice* lattice);

}  // namespace tlg::decoder
