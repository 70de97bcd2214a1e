// LG: lexicon and grammar as one transducer from tokens to words, built directly: for each state of
// G one prefix tree over the pronunciations of its words, shared from the leaves up, with the
// weights looked ahead. No composition, determinisation or minimisation is needed (docs/graph.md).
// Not for: the CTC topology (topology.h).
//
// Shape of the result: state r of G is state r ("root"), the start is 0; then, with a separator,
// one state in front of each root that a word leads to; then the insides of the trees. So an arc
// into a state below num_roots + num_separators is either the end of a word (ilabel > 0) or an
// epsilon: a backoff (olabel 0), a word without tokens (olabel > 0), or the pass from a separator
// state to its root.
#pragma once

#include <cstdint>

#include "fst/fst.h"
#include "graph/grammar.h"
#include "graph/lexicon.h"

namespace tlg::graph {

struct Separator {
  fst::Label label = 0;  // input label of the optional token after each word; 0: none
  double prob = 0.5;     // of the token, above 0 and below 1
};

// `slots`: an arc from state i to state j with the input label k + 1 says that word k of
// Grammar::slot_words may be said from i, and that j comes after it. Its states are the first of
// `fst`.
struct LexiconGraph {
  fst::Fst fst;
  std::int64_t num_roots = 0, num_separators = 0;
  fst::Fst slots;
};

// Invariant of the result: arcs of a state are sorted by ilabel; no cycle of input epsilons; every
// state can be reached, by arcs or slots. Throws Error(kLexicon) where a word without tokens would
// make such a cycle.
LexiconGraph build_lg(const Grammar& grammar, const Lexicon& lexicon, const Separator& separator);

}  // namespace tlg::graph
