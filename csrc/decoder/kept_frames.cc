#include "decoder/kept_frames.h"

#include <utility>

#include "decoder/frames.h"

namespace tlg::decoder {

void KeptFrames::push(Piece piece, std::int32_t count) {
  piece_of_.insert(piece_of_.end(), static_cast<std::size_t>(count),
                   static_cast<std::uint32_t>(pieces_.size()));
  pieces_.push_back(std::move(piece));
}

void KeptFrames::add_whole(const Frames& frames) {
  const auto width = static_cast<std::size_t>(frames.num_tokens);
  const std::size_t count = static_cast<std::size_t>(frames.num_frames) * width;
  push({num_frames(), width, {}, {frames.dense, frames.dense + count}}, frames.num_frames);
}

void KeptFrames::add(const Frames& frames, std::vector<std::int32_t> columns) {
  if (frames.num_frames == 0) return;
  const std::size_t width = columns.size();
  Piece piece{num_frames(), width, std::move(columns), {}};
  piece.values.resize(static_cast<std::size_t>(frames.num_frames) * width);
  // Where a sparse frame's tokens go: 1 + the place of each column, 0: nowhere.
  std::vector<std::uint32_t> place;
  if (frames.dense == nullptr) {
    place.assign(static_cast<std::size_t>(frames.num_tokens), 0);
    for (std::size_t i = 0; i < width; ++i)
      place[static_cast<std::size_t>(piece.columns[i])] = static_cast<std::uint32_t>(i + 1);
  }
  float* to = piece.values.data();
  for (std::int32_t t = 0; t < frames.num_frames; ++t, to += width) {
    if (frames.dense != nullptr) {
      const float* row = frames.dense + static_cast<std::int64_t>(t) * frames.num_tokens;
      for (std::size_t i = 0; i < width; ++i) to[i] = row[piece.columns[i]];
      continue;
    }
    std::fill(to, to + width, frames.unlisted(t));
    const std::int64_t begin = static_cast<std::int64_t>(t) * frames.width;
    for (std::int64_t i = begin; i < begin + frames.width; ++i)
      if (const std::uint32_t at = place[static_cast<std::size_t>(frames.ids[i])]; at > 0)
        to[at - 1] = frames.log_probs[i];
  }
  push(std::move(piece), frames.num_frames);
}

}  // namespace tlg::decoder
