// What a search leaves of an utterance that was asked for more than its best path, to be examined
// when somebody looks: most of the work is in the looking. It has of the posteriors what the
// lattice needs, so the caller's arrays may go. Not for: what is in it (lattice_result.h).
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "decoder/kept_frames.h"
#include "decoder/lattice/lattice_result.h"

namespace tlg::decoder {

// Of frames that are all at hand, the columns that the lattice's arcs read.
KeptFrames frames_of_lattice(const RawLattice& raw, const PathGraph& graph, const Frames& frames);

class PendingLattice {
 public:
  // The arguments of examine_lattice(). `frames`: of each step its column, from the frame of the
  // step to where the paths through it go on, and blank throughout.
  PendingLattice(RawLattice raw, std::shared_ptr<const SearchGraph> graph,
                 const SearchOptions& options, const SpanOptions& spans, KeptFrames frames,
                 std::shared_ptr<const HotwordUse> hotwords, std::vector<std::int32_t> best_words,
                 const LatticeRequest& request);

  // Worked out by the first call, of whatever thread. Throws what that threw, each time.
  const LatticeResult& result() const;

 private:
  std::shared_ptr<const SearchGraph> graph_;
  SearchOptions options_;
  SpanOptions spans_;
  std::shared_ptr<const HotwordUse> hotwords_;
  std::vector<std::int32_t> best_words_;
  LatticeRequest request_;
  // Let go of when they have been examined:
  mutable RawLattice raw_;
  mutable KeptFrames frames_;

  mutable std::once_flag once_;
  mutable LatticeResult result_;
};

}  // namespace tlg::decoder
