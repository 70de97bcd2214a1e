// _core.Lexicon.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "bindings/parsed_lexicon.h"
#include "bindings/register.h"

namespace py = pybind11;

namespace tlg::bindings {
namespace {

using graph::Lexicon;

std::shared_ptr<ParsedLexicon> parse(const std::string& text, const std::string& name,
                                     std::vector<std::string> tokens, std::int64_t blank,
                                     bool drop_unknown, bool probabilities) {
  auto parsed = std::make_shared<ParsedLexicon>();
  parsed->tokens = {std::move(tokens), blank};
  parsed->lexicon = graph::parse_lexicon(text, name, parsed->tokens, {drop_unknown, probabilities});
  return parsed;
}

using Entry = std::tuple<std::uint32_t, std::vector<fst::Label>, float>;

std::vector<Entry> entries(const ParsedLexicon& self) {
  std::vector<Entry> all;
  for (const graph::Pronunciation& p : self.lexicon.pronunciations) {
    const fst::Label* units = self.lexicon.begin(p);
    all.emplace_back(p.word, std::vector<fst::Label>(units, units + p.length), p.cost);
  }
  return all;
}

}  // namespace

void register_lexicon(py::module_& module) {
  py::class_<ParsedLexicon, std::shared_ptr<ParsedLexicon>>(module, "Lexicon")
      .def(py::init(&parse), py::arg("text"), py::arg("name"), py::arg("tokens"), py::arg("blank"),
           py::arg("drop_unknown") = false, py::arg("probabilities") = true,
           py::call_guard<py::gil_scoped_release>())
      .def(
          "pronunciations",
          [](const ParsedLexicon& self, const std::string& word) {
            return graph::pronunciations_of(self.lexicon, word);
          },
          py::arg("word"))
      .def("entries", &entries)
      .def("text",
           [](const ParsedLexicon& self) {
             return py::bytes(graph::format_lexicon(self.lexicon, self.tokens));
           })
      .def_property_readonly("words", [](const ParsedLexicon& self) { return self.lexicon.words; })
      .def_property_readonly("duplicates",
                             [](const ParsedLexicon& self) { return self.lexicon.duplicates; })
      .def_property_readonly("dropped",
                             [](const ParsedLexicon& self) { return self.lexicon.dropped; })
      .def_property_readonly("num_pronunciations", [](const ParsedLexicon& self) {
        return self.lexicon.pronunciations.size();
      });
}

}  // namespace tlg::bindings
