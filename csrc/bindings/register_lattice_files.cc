// _core.LatticeForm, parse_lattice: lattices from and to the bytes of files.
#include <pybind11/native_enum.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "bindings/register.h"
#include "decoder/lattice/lattice_io.h"

namespace py = pybind11;

namespace tlg::bindings {
namespace {

using namespace decoder;  // NOLINT: this file speaks of nothing else

using Shared = std::shared_ptr<Lattice>;

py::bytes to_bytes(const Lattice& lattice, LatticeForm form, double acoustic_scale) {
  std::string bytes;
  {
    const py::gil_scoped_release unlocked;
    bytes = write_lattice(lattice, form, acoustic_scale);
  }
  return bytes;
}

std::pair<Shared, std::size_t> from_bytes(const py::bytes& data, std::size_t begin,
                                          double acoustic_scale, const std::string& name) {
  const std::string_view bytes = data;
  const py::gil_scoped_release unlocked;
  ParsedLattice read = parse_lattice(bytes.data(), bytes.size(), begin, acoustic_scale, name);
  return {std::make_shared<Lattice>(std::move(read.lattice)), read.end};
}

}  // namespace

void register_lattice_files(py::module_& module) {
  py::native_enum<LatticeForm>(module, "LatticeForm", "enum.Enum")
      .value("OPENFST", LatticeForm::kOpenFst)
      .value("COMPACT", LatticeForm::kCompact)
      .value("COMPACT_TEXT", LatticeForm::kCompactText)
      .value("FRAMES", LatticeForm::kFrames)
      .value("FRAMES_TEXT", LatticeForm::kFramesText)
      .finalize();
  py::reinterpret_borrow<py::class_<Lattice, Shared>>(module.attr("Lattice"))
      .def("write", &to_bytes, py::arg("form"), py::arg("acoustic_scale"));
  module.def("parse_lattice", &from_bytes, py::arg("data"), py::arg("begin"),
             py::arg("acoustic_scale"), py::arg("name"));
}

}  // namespace tlg::bindings
