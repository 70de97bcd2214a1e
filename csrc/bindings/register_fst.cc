// _core.Fst: operations, and views of the arrays for tests.
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <memory>
#include <utility>

#include "bindings/arrays.h"
#include "bindings/register.h"
#include "fst/fst.h"
#include "fst/ops.h"

namespace py = pybind11;

namespace tlg::bindings {
namespace {

using fst::Fst;
using Shared = std::shared_ptr<Fst>;

Shared from_arrays(fst::StateId start, const Array<fst::State>& states,
                   const Array<fst::Arc>& arcs) {
  check_rank(states, 1, "states");
  check_rank(arcs, 1, "arcs");
  Fst made = fst::make_fst(start, {states.data(), states.data() + states.size()},
                           {arcs.data(), arcs.data() + arcs.size()});
  made.check();
  return std::make_shared<Fst>(std::move(made));
}

}  // namespace

void register_fst(py::module_& module) {
  PYBIND11_NUMPY_DTYPE(fst::Arc, ilabel, olabel, weight, nextstate);
  PYBIND11_NUMPY_DTYPE(fst::State, final_cost, arcs, num_arcs, num_input_epsilons,
                       num_output_epsilons);
  const py::call_guard<py::gil_scoped_release> unlocked;
  const auto share = [](Fst made) { return std::make_shared<Fst>(std::move(made)); };
  py::class_<Fst, Shared>(module, "Fst")
      .def(py::init(&from_arrays), py::arg("start"), py::arg("states"), py::arg("arcs"))
      .def("check_labels", &fst::check_labels, py::arg("max_ilabel"), py::arg("max_olabel"),
           py::arg("name"), unlocked)
      .def("find_input_epsilon_cycle", &fst::find_input_epsilon_cycle, unlocked)
      .def(
          "sort_arcs", [share](const Fst& self) { return share(fst::sort_arcs(self)); }, unlocked)
      .def(
          "connect", [share](const Fst& self) { return share(fst::connect(self)); }, unlocked)
      .def("states",
           [](const py::object& self) {
             const auto& made = py::cast<const Fst&>(self);
             return view_of(self, made.states(), made.num_states());
           })
      .def("arcs",
           [](const py::object& self) {
             const auto& made = py::cast<const Fst&>(self);
             return view_of(self, made.arcs(), made.num_arcs());
           })
      .def("drop_pages", &Fst::drop_pages)
      .def_property_readonly("start", &Fst::start)
      .def_property_readonly("num_states", &Fst::num_states)
      .def_property_readonly("num_arcs", &Fst::num_arcs);
}

}  // namespace tlg::bindings
