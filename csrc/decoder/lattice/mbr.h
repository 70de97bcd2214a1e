// Minimum Bayes risk: the words with the least expected number of errors, given a lattice; how
// certain each is; what else may stand in its place. Not for: the probability of one arc
// (lattice_posteriors.h).
//
// Source: Xu, Povey, Mangu and Zhu, "Minimum Bayes Risk decoding and system combination based on a
// recursion for edit distance", Computer Speech and Language 25 (2011). All paths are aligned with
// one sequence at once: the expected distance between the paths up to a state and the sequence up
// to a slot is the mean over the arcs into the state, each aligned as is best on average. It is
// never below the true expected distance, and equal to it where one alignment is best for all paths
// through a state.
#pragma once

#include <cstdint>
#include <vector>

#include "decoder/lattice/lattice.h"
#include "decoder/lattice/lattice_posteriors.h"
#include "decoder/path.h"

namespace tlg::decoder {

// One of the words that may stand in a slot; 0: none.
struct SlotWord {
  std::int32_t word;
  double probability;
  double start, end;  // frames, on average
};
// The most probable first; probabilities sum to 1.
using Slot = std::vector<SlotWord>;

struct MbrResult {
  std::vector<std::int32_t> words;
  std::vector<double> confidences;  // probability of each in its slot
  std::vector<Span> spans;          // frames of the lattice; they do not overlap
  double risk = 0;                  // expected number of word errors
  // The confusion network: slots in which some word is possible.
  std::vector<Slot> slots;
};

// How certain each word of a sequence is: the probability of a path to have it in its place.
std::vector<double> word_confidences(const Lattice& lattice, const LatticePosteriors& posteriors,
                                     const std::vector<std::int32_t>& words);

// Starts from `words` (the best path's) and changes them while that lowers the risk: a local
// optimum.
MbrResult minimum_bayes_risk(const Lattice& lattice, const LatticePosteriors& posteriors,
                             const std::vector<std::int32_t>& words);

}  // namespace tlg::decoder
