// T o LG: the CTC rule written out into the graph, for decoders that read one label a frame. tlg's
// own decoder applies the rule while it searches LG and needs none of this. Not for: other
// topologies' T as a transducer of its own.
#pragma once

#include "fst/fst.h"

namespace tlg::graph {

enum class CtcRule {
  kExact,    // the same unit twice needs a blank between; about as many arcs as LG has ways into a
             // state
  kCompact,  // T as WeNet and FunASR have it: smaller, but lets a unit follow itself without a
             // blank
};

// A state of the result is a state of LG with the unit of the last frame, or with none (start,
// blank). Invariant of the result: arcs sorted by ilabel; state 0 is the start. Throws
// Error(kGraph) if it would take more than 2^29 arcs (8 GB).
fst::Fst apply_ctc(const fst::Fst& lg, fst::Label blank, CtcRule rule);

}  // namespace tlg::graph
