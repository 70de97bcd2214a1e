// What a search leaves of an utterance that was asked for more than its best path, to be examined
// when somebody looks: most of the work is in the looking. It keeps of the posteriors what the
// lattice needs, so the caller's arrays may go. Not for: what is in it (lattice_result.h).
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "decoder/lattice/lattice_result.h"

namespace tlg::decoder {

class PendingLattice {
 public:
  // The arguments of examine_lattice().
  PendingLattice(RawLattice raw, std::shared_ptr<const SearchGraph> graph,
                 const SearchOptions& options, const SpanOptions& spans, const Frames& frames,
                 std::shared_ptr<const HotwordUse> hotwords, std::vector<std::int32_t> best_words,
                 const LatticeRequest& request);

  // Worked out by the first call, of whatever thread. Throws what that threw, each time.
  const LatticeResult& result() const;

 private:
  void keep(const Frames& frames);

  std::shared_ptr<const SearchGraph> graph_;
  SearchOptions options_;
  SpanOptions spans_;
  std::shared_ptr<const HotwordUse> hotwords_;
  std::vector<std::int32_t> best_words_;
  LatticeRequest request_;
  // Let go of when they have been examined:
  mutable RawLattice raw_;
  mutable std::vector<std::int32_t> columns_;  // those that the lattice's arcs read, and blank
  mutable std::vector<float> log_probs_;       // [num_frames, columns]
  Frames frames_;                              // of those

  mutable std::once_flag once_;
  mutable LatticeResult result_;
};

}  // namespace tlg::decoder
