// What a stream keeps for the lattice of its utterance, beside the traces of the search: the
// posteriors that its arcs may read, and its best paths. Not for: the pushed frames (stream.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "decoder/decoder.h"
#include "decoder/kept_frames.h"
#include "decoder/lattice/best_paths.h"
#include "decoder/lattice/trace_limit.h"
#include "decoder/traceback.h"

namespace tlg::decoder {

class StreamLattice {
 public:
  // Of an utterance without frames.
  explicit StreamLattice(const Decoder& decoder);

  Utterance* best_paths(const Utterance& searched) { return best_.follow(searched); }
  // `frames` are those since the last call, all that have been searched at least. They are settled,
  // and the traces kept in bounds where the offline search does it: after each kSettleAfter frames.
  void settle(const Frames& frames, Utterance* searched, Traceback* traceback);
  // The end: the best path, and all that the decoder was asked for. `frames` as in settle().
  Hypothesis finish(const Frames& frames, Utterance* searched, Traceback* traceback);

 private:
  void keep(const Frames& frames, const Utterance& searched);
  void renumbered(const Utterance& searched);

  const Decoder* decoder_;
  TraceLimit limit_;
  BestPaths best_;
  KeptFrames kept_;
  std::size_t num_seen_ = 0;           // traces whose columns are in is_read_, or were
  std::vector<std::uint8_t> is_read_;  // columns that paths read in the frames to be kept next
};

}  // namespace tlg::decoder
