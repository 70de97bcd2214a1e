// Log-posteriors of past frames that paths still need: pieces of consecutive frames, each with the
// columns that matter there. Not for: searching (frames.h).
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace tlg::decoder {

struct Frames;

class KeptFrames {
 public:
  // The frames behind those kept so far, of them these columns, rising.
  void add(const Frames& frames, std::vector<std::int32_t> columns);
  // The same with all columns of dense frames.
  void add_whole(const Frames& frames);
  std::int32_t num_frames() const { return static_cast<std::int32_t>(piece_of_.size()); }

  // The column must have been kept of that frame.
  float at(std::int32_t t, std::int32_t column) const {
    const Piece& piece = pieces_[piece_of_[static_cast<std::size_t>(t)]];
    const float* row =
        piece.values.data() + static_cast<std::size_t>(t - piece.first_frame) * piece.width;
    if (piece.columns.empty()) return row[column];
    const auto found = std::lower_bound(piece.columns.begin(), piece.columns.end(), column);
    assert(found != piece.columns.end() && *found == column);
    return row[found - piece.columns.begin()];
  }

 private:
  struct Piece {
    std::int32_t first_frame;
    std::size_t width;
    std::vector<std::int32_t> columns;  // none: all
    std::vector<float> values;          // [frames, width]
  };
  void push(Piece piece, std::int32_t count);

  std::vector<Piece> pieces_;
  std::vector<std::uint32_t> piece_of_;  // by frame
};

}  // namespace tlg::decoder
