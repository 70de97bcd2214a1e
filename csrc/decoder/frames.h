// What a search is fed: the log-posteriors of consecutive frames, dense or sparse, checked at the
// door (bindings, tlg._arrays): finite or -infinity, never NaN. The arrays belong to the caller.
#pragma once

#include <cmath>
#include <cstdint>

#include "decoder/kept_frames.h"

namespace tlg::decoder {

struct Frames {
  std::int32_t num_frames = 0;
  std::int32_t num_tokens = 0;  // V

  const float* dense = nullptr;  // [num_frames, num_tokens], natural logarithms

  // Sparse (dense == nullptr): `width` listed tokens a frame; `rest` is the log of the mass of all
  // others, which is spread evenly over them.
  std::int32_t width = 0;
  const std::int32_t* ids = nullptr;  // [num_frames, width], no token twice in a frame
  const float* log_probs = nullptr;   // [num_frames, width]
  const float* rest = nullptr;        // [num_frames]

  // What was kept of frames that are gone (for at() alone; dense and ids are null).
  const KeptFrames* kept = nullptr;

  Frames part(std::int32_t first, std::int32_t count) const {
    Frames some = *this;
    some.num_frames = count;
    if (dense != nullptr) {
      some.dense = dense + static_cast<std::int64_t>(first) * num_tokens;
      return some;
    }
    if (width > 0) {
      some.ids = ids + static_cast<std::int64_t>(first) * width;
      some.log_probs = log_probs + static_cast<std::int64_t>(first) * width;
    }
    some.rest = rest + first;
    return some;
  }

  // The log-posterior of each token that frame t does not list.
  float unlisted(std::int32_t t) const {
    const std::int32_t others = num_tokens - width;
    return others > 0 ? rest[t] - std::log(static_cast<float>(others)) : -INFINITY;
  }

  float at(std::int32_t t, std::int32_t token) const {
    if (dense != nullptr) return dense[static_cast<std::int64_t>(t) * num_tokens + token];
    if (kept != nullptr) return kept->at(t, token);
    const std::int64_t row = static_cast<std::int64_t>(t) * width;
    for (std::int32_t i = 0; i < width; ++i)
      if (ids[row + i] == token) return log_probs[row + i];
    return unlisted(t);
  }
};

}  // namespace tlg::decoder
