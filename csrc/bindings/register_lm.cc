// n-gram models: scoring of texts.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <string>
#include <vector>

#include "bindings/register.h"
#include "lm/ngram_model.h"
#include "lm/query/text_score.h"

namespace py = pybind11;

namespace tlg::bindings {
namespace {

using namespace lm;  // NOLINT: this file speaks of nothing else

using release = py::call_guard<py::gil_scoped_release>;

void register_scoring(py::module_& m) {
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
      .def(py::init([](const NgramModel& model, bool per_sentence) {
             return TextScorer(model.queries(), per_sentence);
           }),
           py::keep_alive<1, 2>(), release())
      .def("add_text", &TextScorer::add_text, release())
      .def("add_sentence", &TextScorer::add_sentence)
      .def_property_readonly("total", &TextScorer::total)
      .def_property_readonly("sentences", &TextScorer::sentences);
}

}  // namespace

void register_lm(py::module_& m) {
  py::class_<NgramModel, std::shared_ptr<NgramModel>>(m, "NgramModel")
      .def_property_readonly("counts", &NgramModel::counts)
      .def_property_readonly("vocabulary",
                             [](const NgramModel& self) { return self.trie().vocabulary; })
      .def_property_readonly("repairs", &NgramModel::repairs)
      .def("score_tokens", [](const NgramModel& self, const std::vector<std::string>& words) {
        return score_tokens(self.queries(), words);
      });
  register_scoring(m);
}

}  // namespace tlg::bindings
