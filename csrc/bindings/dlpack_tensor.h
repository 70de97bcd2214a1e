// The binary interface of DLPack without versions (dmlc/dlpack, dlpack.h), which all producers
// have, and its types as numpy's. Not for: taking tensors over (dlpack.h).
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cstdint>
#include <string>

#include "util/error.h"

namespace tlg::bindings {

struct DlTensor {
  void* data;
  std::int32_t device_type, device_id;
  std::int32_t rank;
  std::uint8_t type_code, type_bits;
  std::uint16_t type_lanes;
  std::int64_t* shape;
  std::int64_t* strides;  // in elements; null: C-contiguous
  std::uint64_t byte_offset;
};
struct ManagedDlTensor {
  DlTensor tensor;
  void* context;
  void (*deleter)(ManagedDlTensor*);
};
constexpr std::int32_t kDlCpu = 1;
enum DlType : int { kDlInt, kDlUint, kDlFloat, kDlBfloat = 4, kDlComplex, kDlBool };

inline std::string type_name(const DlTensor& tensor) {
  const int code = tensor.type_code;
  const std::string kind = code == kDlInt       ? "int"
                           : code == kDlUint    ? "uint"
                           : code == kDlFloat   ? "float"
                           : code == kDlBfloat  ? "bfloat"
                           : code == kDlComplex ? "complex"
                           : code == kDlBool    ? "bool"
                                                : "DLPack type " + std::to_string(code) + ", bits ";
  const std::string lanes = tensor.type_lanes == 1 ? "" : "x" + std::to_string(tensor.type_lanes);
  return kind + std::to_string(tensor.type_bits) + lanes;
}

inline pybind11::dtype dtype_of(const DlTensor& tensor) {
  if (tensor.type_lanes == 1) {
    if (tensor.type_code == kDlBfloat && tensor.type_bits == 16) return pybind11::dtype("uint16");
    if (tensor.type_code == kDlFloat && tensor.type_bits == 16) return pybind11::dtype("float16");
    if (tensor.type_code == kDlFloat && tensor.type_bits == 32) return pybind11::dtype("float32");
    if (tensor.type_code == kDlFloat && tensor.type_bits == 64) return pybind11::dtype("float64");
  }
  throw Error(
      ErrorKind::kPosterior,
      "log_probs are of type " + type_name(tensor) + ", not floating point of 16 to 64 bits",
      "Pass natural-log posteriors, or logits=True for raw network output");
}

}  // namespace tlg::bindings
