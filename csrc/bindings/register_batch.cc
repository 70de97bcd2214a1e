// tlg._core.Batch.
#include <pybind11/pybind11.h>

#include <memory>

#include "bindings/array_batch.h"
#include "bindings/register.h"

namespace py = pybind11;

namespace tlg::bindings {

void register_batch(py::module_& module) {
  py::class_<ArrayBatch>(module, "Batch")
      .def(py::init<std::shared_ptr<const decoder::Decoder>,
                    std::shared_ptr<const decoder::HotwordUse>, std::size_t, bool>(),
           py::arg("decoder").none(false), py::arg("hotwords"), py::kw_only(), py::arg("threads"),
           py::arg("all_or_nothing") = false)
      .def("add", &ArrayBatch::add, py::arg("number"), py::arg("input"), py::kw_only(),
           py::arg("logits"), py::arg("tolerance"))
      .def("wait", &ArrayBatch::wait, py::arg("number") = decoder::Batch::kNone)
      .def(
          "is_done",
          [](const ArrayBatch& b, std::int64_t number) { return b.batch.is_done(number); },
          py::arg("number"))
      .def("num_waiting", [](const ArrayBatch& b) { return b.batch.num_waiting(); })
      .def("take", &ArrayBatch::take, py::arg("number"))
      .def("stop", &ArrayBatch::stop);
}

}  // namespace tlg::bindings
