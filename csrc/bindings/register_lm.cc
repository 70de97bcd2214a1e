// n-gram models: what they have.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>

#include "bindings/register.h"
#include "lm/ngram_model.h"

namespace py = pybind11;

namespace tlg::bindings {

using namespace lm;  // NOLINT: this file speaks of nothing else

void register_lm(py::module_& m) {
  py::class_<NgramModel, std::shared_ptr<NgramModel>>(m, "NgramModel")
      .def_property_readonly("counts", &NgramModel::counts)
      .def_property_readonly("vocabulary", [](const NgramModel& self) { return self.vocabulary(); })
      .def_property_readonly("repairs", &NgramModel::repairs);
}

}  // namespace tlg::bindings
