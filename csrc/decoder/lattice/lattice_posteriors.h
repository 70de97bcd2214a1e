// How probable each arc of a lattice is, given all its paths. Not for: which words are probable at
// a place of a sequence (mbr.h).
#pragma once

#include <vector>

#include "decoder/lattice/lattice.h"

namespace tlg::decoder {

struct PosteriorOptions {
  double scale = 1;  // multiplies scores: below 1, paths become more alike
  // Whether what hotwords earn counts: by default a word is not more certain for being listed.
  bool with_hotwords = false;
};

// Probabilities, in float64. Those of a state's arcs and its final one sum to the state's; those of
// the arcs and final states that cover a frame (see Lattice::State::frame) to 1.
struct LatticePosteriors {
  double log_total = 0;         // log of the sum over all paths of exp(scale * score)
  std::vector<double> arcs;     // that a path takes the arc
  std::vector<double> finals;   // state -> that a path ends there
  std::vector<double> arrival;  // arc -> that a path which is in its target came by it
};

// A lattice without states has log_total -infinity. Source: the forward-backward algorithm.
LatticePosteriors lattice_posteriors(const Lattice& lattice, const PosteriorOptions& options = {});

}  // namespace tlg::decoder
