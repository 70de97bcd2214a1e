// n-gram models: ARPA files.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "bindings/register.h"
#include "lm/files/arpa.h"
#include "lm/files/model_check.h"
#include "lm/ngram_model.h"

namespace py = pybind11;

namespace tlg::bindings {
namespace {

using namespace lm;  // NOLINT: this file speaks of nothing else

// `readinto` fills a writable memoryview and returns how many bytes it wrote, 0 at the end.
std::shared_ptr<NgramModel> read_model(const py::object& readinto, std::uint64_t bytes,
                                       const std::string& name) {
  TextSource source([&readinto](char* out, std::size_t size) {
    const py::gil_scoped_acquire locked;
    return readinto(py::memoryview::from_memory(out, static_cast<py::ssize_t>(size)))
        .cast<std::size_t>();
  });
  const py::gil_scoped_release unlocked;
  ArpaFile file = read_arpa(&source, bytes, name);
  return std::make_shared<NgramModel>(std::move(file.trie), std::move(file.repairs));
}

}  // namespace

void register_lm_files(py::module_& m) {
  m.def("read_arpa", &read_model);
  py::class_<ContextSums>(m, "ContextSums")
      .def_readonly("length", &ContextSums::length)
      .def_readonly("contexts", &ContextSums::contexts)
      .def_readonly("off", &ContextSums::off)
      .def_readonly("worst", &ContextSums::worst)
      .def_readonly("worst_context", &ContextSums::worst_context);
  m.def(
      "check_sums",
      [](const NgramModel& model, double tolerance) { return check_sums(model.trie(), tolerance); },
      py::call_guard<py::gil_scoped_release>());
  py::class_<ArpaWriter>(m, "ArpaWriter")
      .def(py::init([](const std::shared_ptr<NgramModel>& model, std::size_t threads) {
             return std::make_unique<ArpaWriter>(model->trie(), threads);
           }),
           py::arg("model").none(false), py::arg("threads") = 1, py::keep_alive<1, 2>())
      .def(
          "next",
          [](ArpaWriter& self) {
            std::string_view piece;
            {
              const py::gil_scoped_release unlocked;
              piece = self.next();
            }
            return py::memoryview::from_memory(piece.data(),
                                               static_cast<py::ssize_t>(piece.size()));
          },
          py::keep_alive<0, 1>())
      .def_property_readonly("num_written", &ArpaWriter::num_written);
}

}  // namespace tlg::bindings
