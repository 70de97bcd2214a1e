// An automaton as a transducer, for other decoders and for checks with OpenFst: an acceptor over
// the model's labels whose path for a sequence of units costs what the automaton gives it, with the
// sign turned. Not for: searching (automaton.h is smaller and quicker).
#pragma once

#include <cstddef>
#include <vector>

#include "fst/fst.h"
#include "hotwords/automaton.h"

namespace tlg::hotwords {

struct FstForm {
  std::vector<fst::Label> labels;  // unit -> its label, above 0; 0: no model emits the unit
  std::vector<bool> starts_word;   // as the automaton was built with
  Unit boundary = -1;              // likewise
  // The label of the failure arcs: taken where no other arc has the wanted label, without reading
  // it. 0: none, every state has an arc for every label instead.
  fst::Label phi = 0;
  std::size_t max_arcs = 0;
};

// The root comes first and is the start; every state is final, at what the end of the utterance
// takes back or pays. Arcs of a state rise by label. Throws Error(kHotword) where there would be
// more than max_arcs arcs, Error(kOption) where phi is the label of a unit.
fst::Fst to_fst(const Automaton& automaton, const FstForm& form);

}  // namespace tlg::hotwords
