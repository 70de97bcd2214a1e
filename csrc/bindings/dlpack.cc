#include "bindings/dlpack.h"

#include <cstdint>
#include <string>
#include <vector>

#include "util/error.h"

namespace py = pybind11;

namespace tlg::bindings {
namespace {

// The binary interface of DLPack without versions (dmlc/dlpack, dlpack.h), which all producers
// have.
struct Tensor {
  void* data;
  std::int32_t device_type, device_id;
  std::int32_t rank;
  std::uint8_t type_code, type_bits;
  std::uint16_t type_lanes;
  std::int64_t* shape;
  std::int64_t* strides;  // in elements; null: C-contiguous
  std::uint64_t byte_offset;
};
struct ManagedTensor {
  Tensor tensor;
  void* context;
  void (*deleter)(ManagedTensor*);
};
constexpr std::int32_t kCpu = 1;
constexpr int kInt = 0, kUint = 1, kFloat = 2, kBfloat = 4, kComplex = 5, kBool = 6;

std::string type_name(const Tensor& tensor) {
  const int code = tensor.type_code;
  const std::string kind = code == kInt       ? "int"
                           : code == kUint    ? "uint"
                           : code == kFloat   ? "float"
                           : code == kBfloat  ? "bfloat"
                           : code == kComplex ? "complex"
                           : code == kBool    ? "bool"
                                              : "DLPack type " + std::to_string(code) + ", bits ";
  const std::string lanes = tensor.type_lanes == 1 ? "" : "x" + std::to_string(tensor.type_lanes);
  return kind + std::to_string(tensor.type_bits) + lanes;
}

py::dtype dtype_of(const Tensor& tensor) {
  if (tensor.type_lanes == 1) {
    if (tensor.type_code == kBfloat && tensor.type_bits == 16) return py::dtype("uint16");
    if (tensor.type_code == kFloat && tensor.type_bits == 16) return py::dtype("float16");
    if (tensor.type_code == kFloat && tensor.type_bits == 32) return py::dtype("float32");
    if (tensor.type_code == kFloat && tensor.type_bits == 64) return py::dtype("float64");
  }
  throw Error(
      ErrorKind::kPosterior,
      "log_probs are of type " + type_name(tensor) + ", not floating point of 16 to 64 bits",
      "Pass natural-log posteriors, or logits=True for raw network output");
}

}  // namespace

py::array from_dlpack(const py::capsule& capsule) {
  auto* managed = static_cast<ManagedTensor*>(PyCapsule_GetPointer(capsule.ptr(), "dltensor"));
  if (managed == nullptr) throw py::error_already_set();
  const Tensor& tensor = managed->tensor;
  if (tensor.device_type != kCpu)
    throw Error(ErrorKind::kPosterior, "log_probs are not in CPU memory", "Copy them there first");
  const py::dtype dtype = dtype_of(tensor);
  std::vector<py::ssize_t> shape(tensor.shape, tensor.shape + tensor.rank), strides(shape.size());
  py::ssize_t step = dtype.itemsize();
  for (std::size_t i = shape.size(); i-- > 0;) {
    strides[i] = tensor.strides == nullptr ? step : tensor.strides[i] * dtype.itemsize();
    step *= shape[i];
  }
  // From here on the tensor is ours, to be given back by its deleter.
  if (PyCapsule_SetName(capsule.ptr(), "used_dltensor") != 0) throw py::error_already_set();
  const py::capsule owner(managed, [](void* held) {
    auto* given = static_cast<ManagedTensor*>(held);
    if (given->deleter != nullptr) given->deleter(given);
  });
  static char nothing = 0;  // the place of an array without elements
  char* data = static_cast<char*>(tensor.data);
  return py::array(dtype, shape, strides, data == nullptr ? &nothing : data + tensor.byte_offset,
                   owner);
}

}  // namespace tlg::bindings
