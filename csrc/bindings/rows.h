// Dense rows that come from Python as somebody's array of any floating-point type and strides. Not
// for: whether they are posteriors (decoder/intake.h), rank and byte order (tlg._arrays).
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include "bindings/arrays.h"
#include "decoder/intake.h"

namespace tlg::bindings {

// A uint16 array holds bfloat16, which numpy does not have.
inline decoder::Rows rows_of(const pybind11::array& array, bool logits, double tolerance,
                             std::int64_t first_row) {
  check_rank(array, 2, "log_probs");
  decoder::Rows rows;
  const char kind = array.dtype().kind();
  const pybind11::ssize_t size = array.itemsize();
  if (kind == 'u' && size == 2)
    rows.type = decoder::FloatType::kBfloat16;
  else if (kind == 'f' && size == 2)
    rows.type = decoder::FloatType::kFloat16;
  else if (kind == 'f' && size == 4)
    rows.type = decoder::FloatType::kFloat32;
  else if (kind == 'f' && size == 8)
    rows.type = decoder::FloatType::kFloat64;
  else
    throw Error(ErrorKind::kOption, "log_probs are of a type that is not taken");
  rows.data = array.data();
  rows.num_frames = array.shape(0);
  rows.num_tokens = array.shape(1);
  rows.frame_stride = array.strides(0);
  rows.token_stride = array.strides(1);
  rows.logits = logits;
  rows.tolerance = tolerance;
  rows.first_row = first_row;
  return rows;
}

}  // namespace tlg::bindings
