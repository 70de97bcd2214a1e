// Rows of any floating-point type become what the search reads: float32 log-posteriors,
// C-contiguous and checked. Not for: rank and width, which the caller checks, and any guess at the
// kind of rows.
#pragma once

#include <cstdint>
#include <vector>

namespace tlg::decoder {

enum class FloatType { kFloat16, kBfloat16, kFloat32, kFloat64 };

// Somebody's array [num_frames, num_tokens] in native byte order; strides in bytes, of any sign.
struct Rows {
  const void* data = nullptr;
  FloatType type = FloatType::kFloat32;
  std::int64_t num_frames = 0, num_tokens = 0;
  std::int64_t frame_stride = 0, token_stride = 0;
  bool logits = false;         // raw network output: a log-softmax is applied
  double tolerance = 0;        // nats that the log-sum-exp of a row may be off, if not logits
  std::int64_t first_row = 0;  // what to add to row numbers in messages

  bool is_ready() const {  // but for the check
    return type == FloatType::kFloat32 && !logits && token_stride == 4 &&
           reinterpret_cast<std::uintptr_t>(data) % alignof(float) == 0 &&
           (frame_stride == 4 * num_tokens || num_frames <= 1);
  }
};

// Returns [num_frames, num_tokens] log-posteriors: the array itself where it is_ready(), else
// *buffer (float64 is worked on as such until then). Throws Error(kPosterior) naming the first row
// that holds NaN or +inf, is -inf throughout or, if not logits, no distribution.
const float* read_rows(const Rows& rows, std::vector<float>* buffer);
// The same, into an array of that size.
void read_rows_into(const Rows& rows, float* out);

}  // namespace tlg::decoder
