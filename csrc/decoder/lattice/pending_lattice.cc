#include "decoder/lattice/pending_lattice.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace tlg::decoder {

PendingLattice::PendingLattice(RawLattice raw, std::shared_ptr<const SearchGraph> graph,
                               const SearchOptions& options, const SpanOptions& spans,
                               const Frames& frames, std::shared_ptr<const HotwordUse> hotwords,
                               std::vector<std::int32_t> best_words, const LatticeRequest& request)
    : graph_(std::move(graph)),
      options_(options),
      spans_(spans),
      hotwords_(std::move(hotwords)),
      best_words_(std::move(best_words)),
      request_(request),
      raw_(std::move(raw)) {
  keep(frames);
}

void PendingLattice::keep(const Frames& frames) {
  frames_.num_frames = frames.num_frames;
  frames_.num_tokens = frames.num_tokens;
  // Most of a few columns are read: all are copied, at once.
  constexpr std::int32_t few = 64;
  if (frames.dense != nullptr && frames.num_tokens <= few) {
    log_probs_.assign(frames.dense, frames.dense + static_cast<std::int64_t>(frames.num_frames) *
                                                       frames.num_tokens);
    frames_.dense = log_probs_.data();
    return;
  }
  std::vector<std::uint8_t> is_read(static_cast<std::size_t>(frames.num_tokens), 0);
  if (graph_->options().blank >= 0) is_read[static_cast<std::size_t>(graph_->options().blank)] = 1;
  for (const RawLattice::Node& node : raw_.nodes)
    if (node.arc != RawLattice::kMerge)
      is_read[static_cast<std::size_t>(graph_->arc_column(node.arc))] = 1;
  for (std::size_t column = 0; column < is_read.size(); ++column)
    if (is_read[column] != 0) columns_.push_back(static_cast<std::int32_t>(column));
  const std::size_t width = columns_.size();
  log_probs_.resize(static_cast<std::size_t>(frames.num_frames) * width);
  float* to = log_probs_.data();
  for (std::int32_t t = 0; t < frames.num_frames; ++t, to += width) {
    if (frames.dense != nullptr) {
      const float* row = frames.dense + static_cast<std::int64_t>(t) * frames.num_tokens;
      for (std::size_t i = 0; i < width; ++i) to[i] = row[columns_[i]];
      continue;
    }
    std::fill(to, to + width, frames.unlisted(t));
    const std::int64_t begin = static_cast<std::int64_t>(t) * frames.width;
    for (std::int64_t i = begin; i < begin + frames.width; ++i)
      if (is_read[static_cast<std::size_t>(frames.ids[i])] != 0)
        to[std::lower_bound(columns_.begin(), columns_.end(), frames.ids[i]) - columns_.begin()] =
            frames.log_probs[i];
  }
  frames_.width = static_cast<std::int32_t>(width);
  frames_.columns = columns_.data();
  frames_.log_probs = log_probs_.data();
}

const LatticeResult& PendingLattice::result() const {
  std::call_once(once_, [&] {
    result_ =
        examine_lattice(raw_, *graph_, options_, spans_, frames_, hotwords_, best_words_, request_);
    raw_ = {};
    std::vector<std::int32_t>().swap(columns_);
    std::vector<float>().swap(log_probs_);
  });
  return result_;
}

}  // namespace tlg::decoder
