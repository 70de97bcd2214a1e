#include "decoder/lattice/pending_lattice.h"

#include <cstddef>
#include <utility>

namespace tlg::decoder {

KeptFrames frames_of_lattice(const RawLattice& raw, const PathGraph& graph, const Frames& frames) {
  // Most of a few columns are read: all are copied, at once.
  constexpr std::int32_t few = 64;
  if (frames.dense != nullptr && frames.num_tokens <= few) {
    KeptFrames all;
    all.add_whole(frames);
    return all;
  }
  std::vector<std::uint8_t> is_read(static_cast<std::size_t>(frames.num_tokens), 0);
  if (graph.options().blank >= 0) is_read[static_cast<std::size_t>(graph.options().blank)] = 1;
  for (const RawLattice::Node& node : raw.nodes)
    if (node.arc != RawLattice::kMerge)
      is_read[static_cast<std::size_t>(graph.arc_column(node.arc))] = 1;
  std::vector<std::int32_t> columns;
  for (std::size_t column = 0; column < is_read.size(); ++column)
    if (is_read[column] != 0) columns.push_back(static_cast<std::int32_t>(column));
  KeptFrames kept;
  kept.add(frames, std::move(columns));
  return kept;
}

PendingLattice::PendingLattice(RawLattice raw, std::shared_ptr<const SearchGraph> graph,
                               const SearchOptions& options, const SpanOptions& spans,
                               KeptFrames frames, std::shared_ptr<const HotwordUse> hotwords,
                               std::vector<std::int32_t> best_words, const LatticeRequest& request)
    : graph_(std::move(graph)),
      options_(options),
      spans_(spans),
      hotwords_(std::move(hotwords)),
      best_words_(std::move(best_words)),
      request_(request),
      raw_(std::move(raw)),
      frames_(std::move(frames)) {}

const LatticeResult& PendingLattice::result() const {
  std::call_once(once_, [&] {
    Frames frames;
    frames.num_frames = frames_.num_frames();
    frames.num_tokens = graph_->options().num_tokens;
    frames.kept = &frames_;
    result_ =
        examine_lattice(raw_, *graph_, options_, spans_, frames, hotwords_, best_words_, request_);
    raw_ = {};
    frames_ = {};
  });
  return result_;
}

}  // namespace tlg::decoder
