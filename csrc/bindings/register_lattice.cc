// _core.Lattice: word lattices from and to arrays, posteriors, oracle paths.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <utility>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/register.h"
#include "decoder/lattice/lattice_build.h"
#include "decoder/lattice/lattice_oracle.h"
#include "decoder/lattice/lattice_posteriors.h"

namespace py = pybind11;

namespace tlg::bindings {
namespace {

using namespace decoder;  // NOLINT: this file speaks of nothing else

using Shared = std::shared_ptr<Lattice>;

Shared from_arrays(const Array<Lattice::State>& states, const Array<Lattice::Arc>& arcs,
                   std::int64_t num_frames, bool partial) {
  check_rank(states, 1, "states");
  check_rank(arcs, 1, "arcs");
  return std::make_shared<Lattice>(make_lattice({states.data(), states.data() + states.size()},
                                                {arcs.data(), arcs.data() + arcs.size()},
                                                num_frames, partial));
}

py::array posteriors(const Lattice& lattice, double scale, bool with_hotwords) {
  std::vector<double> arcs;
  {
    const py::gil_scoped_release unlocked;
    arcs = lattice_posteriors(lattice, {scale, with_hotwords}).arcs;
  }
  return to_array(arcs);
}

std::pair<std::int64_t, std::vector<std::uint32_t>> oracle(
    const Lattice& lattice, std::vector<std::int32_t> units, std::vector<std::size_t> begin,
    const std::vector<std::int32_t>& reference) {
  OraclePath path = oracle_path(lattice, {std::move(units), std::move(begin)}, reference);
  return {path.errors, std::move(path.arcs)};
}

}  // namespace

void register_lattice(py::module_& module) {
  PYBIND11_NUMPY_DTYPE(LatticeScore, am, graph, hotword);
  PYBIND11_NUMPY_DTYPE(Lattice::Arc, source, target, word, score);
  PYBIND11_NUMPY_DTYPE(Lattice::State, first_arc, frame, is_final, final_score);
  py::class_<Lattice, Shared>(module, "Lattice")
      .def(py::init(&from_arrays), py::kw_only(), py::arg("states"), py::arg("arcs"),
           py::arg("num_frames"), py::arg("partial"))
      .def_static("state_dtype", [] { return py::dtype::of<Lattice::State>(); })
      .def_static("arc_dtype", [] { return py::dtype::of<Lattice::Arc>(); })
      .def("states",
           [](const py::object& self) {
             const auto& lattice = py::cast<const Lattice&>(self);
             return view_of(self, lattice.states.data(), lattice.num_states());
           })
      .def("arcs",
           [](const py::object& self) {
             const auto& lattice = py::cast<const Lattice&>(self);
             return view_of(self, lattice.arcs.data(), lattice.arcs.size());
           })
      .def("posteriors", &posteriors, py::arg("scale"), py::arg("with_hotwords"))
      .def("oracle", &oracle, py::arg("units"), py::arg("begin"), py::arg("reference"),
           py::call_guard<py::gil_scoped_release>())
      .def_property_readonly("num_states", &Lattice::num_states)
      .def_property_readonly("num_arcs", [](const Lattice& self) { return self.arcs.size(); })
      .def_readonly("num_frames", &Lattice::num_frames)
      .def_readonly("partial", &Lattice::partial);
}

}  // namespace tlg::bindings
