// n-gram models: ARPA files.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <string>
#include <vector>

#include "bindings/register.h"
#include "lm/files/arpa.h"
#include "lm/ngram_model.h"

namespace py = pybind11;

namespace tlg::bindings {
namespace {

using namespace lm;  // NOLINT: this file speaks of nothing else

using release = py::call_guard<py::gil_scoped_release>;

std::shared_ptr<NgramModel> read_model(std::string_view text, const std::string& name) {
  ArpaFile file = read_arpa(text, name);
  return std::make_shared<NgramModel>(std::move(file.trie), std::move(file.repairs));
}

}  // namespace

void register_lm(py::module_& m) {
  py::class_<NgramModel, std::shared_ptr<NgramModel>>(m, "NgramModel")
      .def_static("read_arpa", &read_model, release())
      .def_property_readonly("counts", &NgramModel::counts)
      .def_property_readonly("vocabulary", [](const NgramModel& self) { return self.vocabulary(); })
      .def_property_readonly("repairs", &NgramModel::repairs);
  py::class_<ArpaWriter>(m, "ArpaWriter")
      .def(py::init([](const NgramModel& model) { return ArpaWriter(model.trie()); }),
           py::keep_alive<1, 2>())
      .def("next", [](ArpaWriter& self) {
        std::string piece;
        {
          py::gil_scoped_release unlocked;
          piece = self.next();
        }
        return py::bytes(piece);
      });
}

}  // namespace tlg::bindings
