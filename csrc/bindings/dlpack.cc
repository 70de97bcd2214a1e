#include "bindings/dlpack.h"

#include <vector>

#include "bindings/dlpack_tensor.h"
#include "util/error.h"

namespace py = pybind11;

namespace tlg::bindings {
py::array from_dlpack(const py::capsule& capsule) {
  auto* managed = static_cast<ManagedDlTensor*>(PyCapsule_GetPointer(capsule.ptr(), "dltensor"));
  if (managed == nullptr) throw py::error_already_set();
  const DlTensor& tensor = managed->tensor;
  if (tensor.device_type != kDlCpu)
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
    auto* given = static_cast<ManagedDlTensor*>(held);
    if (given->deleter != nullptr) given->deleter(given);
  });
  static char nothing = 0;  // the place of an array without elements
  char* data = static_cast<char*>(tensor.data);
  return py::array(dtype, shape, strides, data == nullptr ? &nothing : data + tensor.byte_offset,
                   owner);
}

}  // namespace tlg::bindings
