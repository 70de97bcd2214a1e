// tlg._core.read_log_probs, from_dlpack.
#include "bindings/dlpack.h"
#include "bindings/register.h"
#include "bindings/rows.h"

namespace py = pybind11;

namespace tlg::bindings {
namespace {

// The array itself where it is what the search reads already, else a float32 copy.
py::array read_log_probs(const py::array& array, bool logits, double tolerance,
                         std::int64_t first_row) {
  const decoder::Rows rows = rows_of(array, logits, tolerance, first_row);
  py::array result = array;
  if (!rows.is_ready()) result = py::array_t<float>({array.shape(0), array.shape(1)});
  float* out = rows.is_ready() ? nullptr : static_cast<float*>(result.mutable_data());
  {
    // References are counted under the GIL: nothing of Python's is returned or copied in here.
    const py::gil_scoped_release release;
    if (out == nullptr)
      decoder::read_rows(rows, nullptr);
    else
      decoder::read_rows_into(rows, out);
  }
  return result;
}

}  // namespace

void register_posteriors(py::module_& module) {
  module.def("read_log_probs", &read_log_probs, py::arg("array"), py::kw_only(), py::arg("logits"),
             py::arg("tolerance"), py::arg("first_row") = 0);
  module.def("from_dlpack", &from_dlpack, py::arg("capsule"));
}

}  // namespace tlg::bindings
