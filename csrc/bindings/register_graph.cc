// _core.LexiconGraph and the native graph builder.
#include <pybind11/pybind11.h>

#include <memory>

#include "bindings/parsed_lexicon.h"
#include "bindings/register.h"
#include "graph/grammar.h"
#include "graph/lg.h"
#include "graph/topology.h"

namespace py = pybind11;

namespace tlg::bindings {

void register_graph(py::module_& module) {
  using Unlocked = py::call_guard<py::gil_scoped_release>;
  py::class_<graph::LexiconGraph>(module, "LexiconGraph")
      .def_property_readonly(
          "fst",
          [](const graph::LexiconGraph& self) { return std::make_shared<fst::Fst>(self.fst); })
      .def_property_readonly(
          "slots",
          [](const graph::LexiconGraph& self) { return std::make_shared<fst::Fst>(self.slots); })
      .def_readonly("num_roots", &graph::LexiconGraph::num_roots)
      .def_readonly("num_separators", &graph::LexiconGraph::num_separators);
  module.def(
      "apply_ctc",
      [](const fst::Fst& lg, fst::Label blank, bool compact) {
        const auto rule = compact ? graph::CtcRule::kCompact : graph::CtcRule::kExact;
        return std::make_shared<fst::Fst>(graph::apply_ctc(lg, blank, rule));
      },
      py::arg("lg"), py::arg("blank"), py::arg("compact"), Unlocked());
  module.def(
      "build_lg",
      [](const graph::Grammar& grammar, const ParsedLexicon& lexicon, fst::Label separator,
         double prob) { return graph::build_lg(grammar, lexicon.lexicon, {separator, prob}); },
      py::arg("grammar"), py::arg("lexicon"), py::arg("separator"), py::arg("separator_prob"),
      Unlocked());
}

}  // namespace tlg::bindings
