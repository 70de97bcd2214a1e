// Everything that a RawLattice can be asked for, in one call: what bindings use. Not for: how any
// of it is found.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "decoder/lattice/lattice.h"
#include "decoder/lattice/lattice_posteriors.h"
#include "decoder/lattice/mbr.h"
#include "decoder/lattice/raw_lattice.h"
#include "decoder/path.h"

namespace tlg::decoder {

struct LatticeRequest {
  std::size_t nbest = 0;
  bool lattice = false;
  bool confidence = false;
  bool mbr = false;
  PosteriorOptions posteriors;  // of confidences and mbr

  bool any() const { return nbest > 0 || lattice || confidence || mbr; }
};

// What was asked for; the rest is empty.
struct LatticeResult {
  std::vector<Hypothesis> nbest;  // different word sequences, the best first
  Lattice lattice;
  float lattice_beam = 0;          // kept: see Determinized
  std::vector<double> confidence;  // of each word of the best path
  MbrResult mbr;
};

// `best_words` are those of the path that the search holds best; `frames` all that were searched;
// the rest as in the search.
LatticeResult examine_lattice(const RawLattice& raw, const SearchGraph& graph,
                              const SearchOptions& options, const SpanOptions& spans,
                              const Frames& frames,
                              const std::shared_ptr<const HotwordUse>& hotwords,
                              const std::vector<std::int32_t>& best_words,
                              const LatticeRequest& request);

}  // namespace tlg::decoder
