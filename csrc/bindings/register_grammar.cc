// _core.Grammar and its report.
#include <pybind11/native_enum.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <string>

#include "bindings/parsed_lexicon.h"
#include "bindings/register.h"
#include "graph/grammar.h"
#include "lm/ngram_model.h"

namespace py = pybind11;

namespace tlg::bindings {

void register_grammar(py::module_& module) {
  py::native_enum<graph::Unknown>(module, "Unknown", "enum.Enum")
      .value("drop", graph::Unknown::kDrop)
      .value("renormalise", graph::Unknown::kRenormalise)
      .value("map", graph::Unknown::kMap)
      .finalize();
  py::class_<graph::GrammarReport>(module, "GrammarReport")
      .def_readonly("words_without_pronunciation",
                    &graph::GrammarReport::words_without_pronunciation)
      .def_readonly("words_without_lm", &graph::GrammarReport::words_without_lm)
      .def_readonly("repairs", &graph::GrammarReport::repairs)
      .def_readonly("dropped_ngrams", &graph::GrammarReport::dropped_ngrams)
      .def_readonly("skipped_ngrams", &graph::GrammarReport::skipped_ngrams)
      .def_readonly("backoff_only_states", &graph::GrammarReport::backoff_only_states)
      .def_readonly("merged_states", &graph::GrammarReport::merged_states)
      .def_readonly("unreachable_states", &graph::GrammarReport::unreachable_states)
      .def_readonly("has_sentence_start", &graph::GrammarReport::has_sentence_start)
      .def_readonly("unk_cost", &graph::GrammarReport::unk_cost);
  py::class_<graph::Grammar, std::shared_ptr<graph::Grammar>>(module, "Grammar")
      .def(py::init([](const lm::NgramModel& model, const std::string& name,
                       const ParsedLexicon& lexicon, graph::Unknown unknown, bool missing_as_unk) {
             return graph::build_grammar(model.trie(), model.repairs(), lexicon.lexicon,
                                         {unknown, missing_as_unk}, name);
           }),
           py::arg("model"), py::arg("name"), py::arg("lexicon"), py::arg("unknown"),
           py::arg("missing_as_unk"), py::call_guard<py::gil_scoped_release>())
      .def_readonly("report", &graph::Grammar::report)
      .def_readonly("empty", &graph::Grammar::empty)
      .def_readonly("slot_words", &graph::Grammar::slot_words)
      .def_property_readonly("num_states", &graph::Grammar::num_states)
      .def_property_readonly("num_arcs",
                             [](const graph::Grammar& self) { return self.arcs.size(); });
}

}  // namespace tlg::bindings
