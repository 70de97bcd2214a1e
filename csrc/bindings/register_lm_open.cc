// n-gram models: binary files, opened and written.
#include <pybind11/pybind11.h>

#include <memory>
#include <string>
#include <string_view>

#include "bindings/register.h"
#include "lm/ngram_model.h"
#include "lm/query/open_model.h"

namespace py = pybind11;

namespace tlg::bindings {
namespace {

using namespace lm;  // NOLINT: this file speaks of nothing else

using release = py::call_guard<py::gil_scoped_release>;

std::shared_ptr<NgramModel> open_file(const std::string& path, bool verify) {
  const std::shared_ptr<const LmFile> file = LmFile::open(path);
  if (verify) file->verify();
  return std::make_shared<NgramModel>(open_model(*file));
}

py::bytes next_piece(LmFileWriter& writer) {
  std::string_view piece;
  {
    const py::gil_scoped_release unlocked;
    piece = writer.next();
  }
  return {piece.data(), piece.size()};
}

}  // namespace

void register_lm_open(py::module_& m) {
  auto model = py::reinterpret_borrow<py::class_<NgramModel, std::shared_ptr<NgramModel>>>(
      m.attr("NgramModel"));
  model.def_static("open", &open_file, py::arg("path"), py::arg("verify"), release());
  py::class_<LmFileWriter>(m, "LmFileWriter")
      .def(py::init([](const NgramModel& self) {
             LmFileWriter writer(self.queries().structure());
             self.queries().add_to(&writer);
             return writer;
           }),
           py::keep_alive<1, 2>(), release())
      .def_property_readonly("size", &LmFileWriter::size)
      .def("next", &next_piece);
}

}  // namespace tlg::bindings
