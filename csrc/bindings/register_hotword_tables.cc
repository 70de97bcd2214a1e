// _core.HotwordTable: the phrases of a list, compiled and looked over. Not for: the automaton
// (register_hotwords.cc), words and neighbours (register_hotword_words.cc).
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/hotword_table.h"
#include "bindings/register.h"
#include "hotwords/automaton.h"
#include "hotwords/lint.h"

namespace py = pybind11;

namespace tlg::bindings {
namespace {

using hotwords::Automaton;

// Held as a pointer to a non-const object because pybind11 wants it so; nothing bound changes it.
std::shared_ptr<Automaton> build(const HotwordTable& table, double max_loan) {
  hotwords::Options options = table.options;
  options.max_loan = max_loan;
  py::gil_scoped_release release;
  return std::const_pointer_cast<Automaton>(Automaton::compile(table.view, options));
}

py::array winners(const HotwordTable& table) {
  std::vector<std::int32_t> found;
  {
    py::gil_scoped_release release;
    found = hotwords::SortedPhrases(table.view, table.options).winners();
  }
  return to_array(found);
}

py::tuple hidden(const HotwordTable& table) {
  hotwords::Hidden found;
  {
    py::gil_scoped_release release;
    found = hotwords::find_hidden(table.view, table.options);
  }
  return py::make_tuple(to_array(found.by), to_array(found.at));
}

}  // namespace

void register_hotword_tables(py::module_& module) {
  py::class_<HotwordTable>(module, "HotwordTable")
      .def(py::init(&make_hotword_table), py::kw_only(), py::arg("units"), py::arg("offsets"),
           py::arg("bias"), py::arg("word_bias"), py::arg("lengths"), py::arg("owners"),
           py::arg("texts"), py::arg("text_offsets"), py::arg("num_units"), py::arg("boundary"),
           py::arg("starts_word"))
      .def("automaton", &build, py::kw_only(), py::arg("max_loan"))
      .def("winners", &winners)
      .def("hidden", &hidden);
}

}  // namespace tlg::bindings
