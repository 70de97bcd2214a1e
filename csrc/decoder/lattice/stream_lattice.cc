#include "decoder/lattice/stream_lattice.h"

#include <algorithm>
#include <utility>

namespace tlg::decoder {

StreamLattice::StreamLattice(const Decoder& decoder)
    : decoder_(&decoder),
      limit_(decoder.options().lattice_beam),
      is_read_(static_cast<std::size_t>(decoder.graph().options().num_tokens), 0) {}

void StreamLattice::settle(const Frames& frames, Utterance* searched, Traceback* traceback) {
  keep(frames, *searched);
  traceback->settle(frames, best_.follow(*searched));
  if (searched->frame % kSettleAfter == 0) limit_.drop(searched);
  renumbered(*searched);
}

Hypothesis StreamLattice::finish(const Frames& frames, Utterance* searched, Traceback* traceback) {
  keep(frames, *searched);
  Hypothesis best = traceback->finish(*best_.follow(*searched), frames);
  limit_.drop(searched);
  TraceLimit::check(*searched);
  best.more = decoder_->examine(*searched, std::move(kept_), best.words);
  searched->traces = {};
  searched->marks = {};
  return best;
}

// A token's column is that of the last arc of its paths, which they go on to read; new arcs read
// theirs.
void StreamLattice::keep(const Frames& frames, const Utterance& searched) {
  const PathGraph graph(decoder_->graph(), searched.hotword_use.get());
  for (; num_seen_ < searched.traces.size(); ++num_seen_) {
    const std::uint32_t arc = searched.traces[num_seen_].arc;
    if (arc != kMergeArc) is_read_[static_cast<std::size_t>(graph.arc_column(arc))] = 1;
  }
  if (graph.options().blank >= 0) is_read_[static_cast<std::size_t>(graph.options().blank)] = 1;
  std::vector<std::int32_t> columns;
  for (std::size_t column = 0; column < is_read_.size(); ++column)
    if (is_read_[column] != 0) columns.push_back(static_cast<std::int32_t>(column));
  const auto count = static_cast<std::int32_t>(searched.num_frames() - kept_.num_frames());
  kept_.add(frames.part(0, count), std::move(columns));
}

void StreamLattice::renumbered(const Utterance& searched) {
  const SearchGraph& graph = decoder_->graph();
  best_.renumbered(searched);
  num_seen_ = searched.traces.size();
  std::fill(is_read_.begin(), is_read_.end(), std::uint8_t{0});
  if (graph.options().topology != Topology::kCtc) return;  // an arc reads one frame
  for (std::size_t i = 0; i < searched.num_tokens; ++i)
    if (searched.unit[i] < graph.num_units())
      is_read_[static_cast<std::size_t>(graph.columns()[searched.unit[i]])] = 1;
}

}  // namespace tlg::decoder
