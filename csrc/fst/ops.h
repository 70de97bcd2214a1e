// The few operations that building and checking graphs needs. Not for: composition,
// determinisation, minimisation (csrc/graph builds what they would give; OpenFst is the oracle in
// tests).
#pragma once

#include <string>

#include "fst/fst.h"

namespace tlg::fst {

// Arcs of each state sorted by (ilabel, olabel, weight, nextstate).
Fst sort_arcs(const Fst& fst);

// Only the states on some path from the start to a final state, in their old order.
Fst connect(const Fst& fst);

// A state on a cycle of arcs with input label 0, kNoState if there is none.
StateId find_input_epsilon_cycle(const Fst& fst);

// The largest labels: throws Error(kGraph) naming `name` if one is above the given bound.
void check_labels(const Fst& fst, Label max_ilabel, Label max_olabel, const std::string& name);

}  // namespace tlg::fst
