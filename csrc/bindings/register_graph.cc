// _core.Lexicon and the native graph builder.
#include <pybind11/native_enum.h>
#include <pybind11/stl.h>

#include <memory>
#include <tuple>

#include "bindings/register.h"
#include "graph/grammar.h"
#include "graph/lexicon.h"
#include "graph/lg.h"
#include "graph/topology.h"
#include "lm/ngram_model.h"

namespace py = pybind11;

namespace tlg::bindings {
namespace {

using graph::Lexicon;

struct Parsed {  // a lexicon with the tokens it was read for
  graph::Tokens tokens;
  Lexicon lexicon;
};

std::shared_ptr<Parsed> parse(const std::string& text, const std::string& name,
                              std::vector<std::string> tokens, std::int64_t blank,
                              bool drop_unknown, bool probabilities) {
  auto parsed = std::make_shared<Parsed>();
  parsed->tokens = {std::move(tokens), blank};
  parsed->lexicon = graph::parse_lexicon(text, name, parsed->tokens, {drop_unknown, probabilities});
  return parsed;
}

using Entry = std::tuple<std::uint32_t, std::vector<fst::Label>, float>;

std::vector<Entry> entries(const Parsed& self) {
  std::vector<Entry> all;
  for (const graph::Pronunciation& p : self.lexicon.pronunciations) {
    const fst::Label* units = self.lexicon.begin(p);
    all.emplace_back(p.word, std::vector<fst::Label>(units, units + p.length), p.cost);
  }
  return all;
}

using Unlocked = py::call_guard<py::gil_scoped_release>;

void register_lexicon(py::module_& module) {
  py::class_<Parsed, std::shared_ptr<Parsed>>(module, "Lexicon")
      .def(py::init(&parse), py::arg("text"), py::arg("name"), py::arg("tokens"), py::arg("blank"),
           py::arg("drop_unknown") = false, py::arg("probabilities") = true, Unlocked())
      .def(
          "pronunciations",
          [](const Parsed& self, const std::string& word) {
            return graph::pronunciations_of(self.lexicon, word);
          },
          py::arg("word"))
      .def("entries", &entries)
      .def("text",
           [](const Parsed& self) {
             return py::bytes(graph::format_lexicon(self.lexicon, self.tokens));
           })
      .def_property_readonly("words", [](const Parsed& self) { return self.lexicon.words; })
      .def_property_readonly("duplicates",
                             [](const Parsed& self) { return self.lexicon.duplicates; })
      .def_property_readonly("dropped", [](const Parsed& self) { return self.lexicon.dropped; })
      .def_property_readonly("num_pronunciations",
                             [](const Parsed& self) { return self.lexicon.pronunciations.size(); });
}

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
      .def(py::init([](const lm::NgramModel& model, const std::string& name, const Parsed& lexicon,
                       graph::Unknown unknown, bool missing_as_unk) {
             return graph::build_grammar(model.trie(), model.repairs(), lexicon.lexicon,
                                         {unknown, missing_as_unk}, name);
           }),
           py::arg("model"), py::arg("name"), py::arg("lexicon"), py::arg("unknown"),
           py::arg("missing_as_unk"), Unlocked())
      .def_readonly("report", &graph::Grammar::report)
      .def_readonly("empty", &graph::Grammar::empty)
      .def_property_readonly("num_states", &graph::Grammar::num_states)
      .def_property_readonly("num_arcs",
                             [](const graph::Grammar& self) { return self.arcs.size(); });
}

void register_lg(py::module_& module) {
  py::class_<graph::LexiconGraph>(module, "LexiconGraph")
      .def_property_readonly(
          "fst",
          [](const graph::LexiconGraph& self) { return std::make_shared<fst::Fst>(self.fst); })
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
      [](const graph::Grammar& grammar, const Parsed& lexicon, fst::Label separator, double prob) {
        return graph::build_lg(grammar, lexicon.lexicon, {separator, prob});
      },
      py::arg("grammar"), py::arg("lexicon"), py::arg("separator"), py::arg("separator_prob"),
      Unlocked());
}

}  // namespace

void register_graph(py::module_& module) {
  register_lexicon(module);
  register_grammar(module);
  register_lg(module);
}

}  // namespace tlg::bindings
