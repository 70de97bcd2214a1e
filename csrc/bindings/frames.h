// Frames that come from Python, and the spans that go back. Not for: whether the rows are
// posteriors, which tlg._arrays and SparseFrames check.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <string>
#include <vector>

#include "bindings/arrays.h"
#include "decoder/path.h"

namespace tlg::bindings {

// [n, 2] int64: start, end.
inline pybind11::array span_array(const std::vector<decoder::Span>& values) {
  static_assert(sizeof(decoder::Span) == 2 * sizeof(std::int64_t));
  return Array<std::int64_t>({static_cast<pybind11::ssize_t>(values.size()), pybind11::ssize_t{2}},
                             reinterpret_cast<const std::int64_t*>(values.data()));
}

inline void check_width(std::int64_t columns, std::int32_t num_tokens) {
  if (columns != num_tokens)
    throw Error(ErrorKind::kPosterior, "log_probs has " + std::to_string(columns) +
                                           " columns, the graph " + std::to_string(num_tokens) +
                                           " tokens");
}

// The frames of one input: float32 [T, V], or a tuple of ids [T, K], log_probs [T, K], rest [T].
// The arrays that the frames point into are appended to `keep`.
inline decoder::Frames frames_of(const pybind11::handle& input, std::int32_t num_tokens,
                                 std::vector<pybind11::array>* keep) {
  decoder::Frames frames;
  frames.num_tokens = num_tokens;
  if (pybind11::isinstance<pybind11::tuple>(input)) {
    const pybind11::tuple parts = pybind11::reinterpret_borrow<pybind11::tuple>(input);
    const auto ids = parts[0].cast<Array<std::int32_t>>();
    const auto log_probs = parts[1].cast<Array<float>>();
    const auto rest = parts[2].cast<Array<float>>();
    check_rank(ids, 2, "ids");
    check_rank(log_probs, 2, "log_probs");
    check_rank(rest, 1, "rest");
    if (ids.shape(0) != rest.shape(0) || log_probs.shape(0) != rest.shape(0) ||
        log_probs.shape(1) != ids.shape(1))
      throw Error(ErrorKind::kPosterior, "ids, log_probs and rest differ in shape");
    frames.num_frames = static_cast<std::int32_t>(ids.shape(0));
    frames.width = static_cast<std::int32_t>(ids.shape(1));
    frames.ids = ids.data();
    frames.log_probs = log_probs.data();
    frames.rest = rest.data();
    for (const pybind11::array& array :
         {pybind11::array(ids), pybind11::array(log_probs), pybind11::array(rest)})
      keep->push_back(array);
    return frames;
  }
  const auto dense = input.cast<Array<float>>();
  check_rank(dense, 2, "log_probs");
  check_width(dense.shape(1), num_tokens);
  frames.num_frames = static_cast<std::int32_t>(dense.shape(0));
  frames.dense = dense.data();
  keep->push_back(dense);
  return frames;
}

}  // namespace tlg::bindings
