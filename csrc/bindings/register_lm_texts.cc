// n-gram models: scoring texts.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "bindings/register.h"
#include "lm/ngram_model.h"
#include "lm/query/text_score.h"

namespace py = pybind11;

namespace tlg::bindings {

using namespace lm;  // NOLINT: this file speaks of nothing else

void register_lm_texts(py::module_& m) {
  using release = py::call_guard<py::gil_scoped_release>;
  py::class_<TokenScore>(m, "TokenScore")
      .def_readonly("log10_prob", &TokenScore::log10_prob)
      .def_readonly("order", &TokenScore::order)
      .def_readonly("oov", &TokenScore::oov);
  py::class_<TextScore>(m, "TextScore")
      .def_readonly("sentences", &TextScore::sentences)
      .def_readonly("words", &TextScore::words)
      .def_readonly("oovs", &TextScore::oovs)
      .def_readonly("zeroprobs", &TextScore::zeroprobs)
      .def_readonly("oov_zeroprobs", &TextScore::oov_zeroprobs)
      .def_readonly("log10_prob", &TextScore::log10_prob)
      .def_readonly("log10_oov", &TextScore::log10_oov)
      .def_readonly("hits", &TextScore::hits);
  py::class_<TextScorer>(m, "TextScorer")
      .def(py::init([](const NgramModel& model, bool per_sentence, std::size_t threads) {
             return TextScorer(model.queries(), per_sentence, threads);
           }),
           py::arg("model"), py::arg("per_sentence"), py::arg("threads") = 1,
           py::keep_alive<1, 2>(), release())
      .def("add_text", &TextScorer::add_text, release())
      .def("add_sentence", &TextScorer::add_sentence)
      .def_property_readonly(
          "total", py::cpp_function(&TextScorer::total, release(), py::return_value_policy::copy))
      .def_property_readonly("sentences", &TextScorer::sentences);
}

}  // namespace tlg::bindings
