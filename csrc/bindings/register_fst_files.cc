// _core.Fst: files and their bytes.
#include <pybind11/pybind11.h>

#include <memory>
#include <string>
#include <utility>

#include "bindings/register.h"
#include "fst/openfst_io.h"
#include "util/error.h"

namespace py = pybind11;

namespace tlg::bindings {
namespace {

using fst::Fst;
using Shared = std::shared_ptr<Fst>;

fst::FstKind kind_of(const std::string& name) {
  if (name == "const") return fst::FstKind::kConst;
  if (name == "vector") return fst::FstKind::kVector;
  throw Error(ErrorKind::kOption, "kind '" + name + "' is not 'const' or 'vector'");
}

Shared parse(const py::bytes& bytes, const std::string& name) {
  const auto owner = std::make_shared<std::string>(bytes);
  auto file = std::make_shared<util::FileBytes>(owner->data(), owner->size(), owner);
  return std::make_shared<Fst>(fst::parse_fst(std::move(file), name));
}

}  // namespace

void register_fst_files(py::module_& module) {
  const py::call_guard<py::gil_scoped_release> unlocked;
  py::reinterpret_borrow<py::class_<Fst, Shared>>(module.attr("Fst"))
      .def_static(
          "read",
          [](const std::string& path) { return std::make_shared<Fst>(fst::read_fst(path)); },
          py::arg("path"), unlocked)
      .def(
          "write",
          [](const Fst& self, const std::string& path, const std::string& kind) {
            fst::write_fst(self, path, kind_of(kind));
          },
          py::arg("path"), py::arg("kind") = "const", unlocked);
  module.def("parse_fst", &parse, py::arg("data"), py::arg("name"));
}

}  // namespace tlg::bindings
