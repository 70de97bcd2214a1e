// n-gram models: the text they are trained on.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "bindings/register.h"
#include "lm/count/corpus.h"

namespace py = pybind11;

namespace tlg::bindings {
namespace {

using namespace lm;  // NOLINT: this file speaks of nothing else

using release = py::call_guard<py::gil_scoped_release>;

}  // namespace

void register_lm_training(py::module_& m) {
  py::enum_<Symbols>(m, "Symbols")
      .value("error", Symbols::kError)
      .value("skip", Symbols::kSkip)
      .value("unk", Symbols::kUnk);
  py::class_<Corpus>(m, "Corpus")
      .def(py::init<Symbols>())
      .def("add_text", &Corpus::add_text, release())
      .def("add_sentence", &Corpus::add_sentence)
      .def_property_readonly("num_words", &Corpus::num_words)
      .def_property_readonly("num_sentences", &Corpus::num_sentences)
      .def_property_readonly("num_skipped", &Corpus::num_skipped);
}

}  // namespace tlg::bindings
