// tlg._core.check_log_probs.
#include "bindings/arrays.h"
#include "bindings/register.h"
#include "decoder/posteriors.h"

namespace py = pybind11;

namespace tlg::bindings {

void register_posteriors(py::module_& module) {
  module.def(
      "check_log_probs",
      // noconvert: a copy made here would be thrown away; tlg._arrays makes the one that is kept.
      [](const py::array_t<float, py::array::c_style>& log_probs, double tolerance,
         std::int64_t first_row) {
        check_rank(log_probs, 2, "log_probs");
        const float* data = log_probs.data();
        const std::int64_t frames = log_probs.shape(0), tokens = log_probs.shape(1);
        py::gil_scoped_release unlocked;
        decoder::check_log_probs(data, frames, tokens, tolerance, first_row);
      },
      py::arg("log_probs").noconvert(), py::arg("tolerance"), py::arg("first_row") = 0);
}

}  // namespace tlg::bindings
