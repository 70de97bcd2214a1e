// _core.HotwordTable: the phrases of a list. _core.HotwordAutomaton: what tlg.hotwords compiles
// them into and the decoder's binding takes.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <utility>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/register.h"
#include "hotwords/automaton.h"
#include "hotwords/gains.h"
#include "hotwords/to_fst.h"

namespace py = pybind11;

namespace tlg::bindings {
namespace {

using hotwords::Automaton;
using hotwords::Match;
using hotwords::StateId;
using hotwords::Unit;

template <typename T>
std::vector<T> to_vector(const Array<T>& array, const char* name) {
  check_rank(array, 1, name);
  return std::vector<T>(array.data(), array.data() + array.size());
}

// Phrases without texts: of those that are worth the same, the first counts. Held as a pointer to a
// non-const object because pybind11 wants it so; nothing bound changes it.
std::shared_ptr<Automaton> build(const Array<Unit>& units, const Array<std::int64_t>& offsets,
                                 const Array<double>& bias, const Array<double>& word_bias,
                                 const Array<std::int32_t>& lengths, Unit num_units, Unit boundary,
                                 std::vector<bool> starts_word, double max_loan) {
  hotwords::PhraseTable table;
  table.num_phrases = size_of(bias, "bias");
  table.num_units = size_of(units, "units");
  table.units = units.data();
  table.offsets = offsets.data();
  table.bias = bias.data();
  table.word_bias = word_bias.data();
  hotwords::ColumnSizes sizes;
  sizes.offsets = size_of(offsets, "offsets");
  sizes.word_bias = size_of(word_bias, "word_bias");
  sizes.lengths = size_of(lengths, "lengths");
  if (sizes.lengths > 0) table.lengths = lengths.data();
  hotwords::check_columns(table, sizes);
  const hotwords::Options options{num_units, boundary, std::move(starts_word), max_loan};
  py::gil_scoped_release release;
  return std::const_pointer_cast<Automaton>(Automaton::compile(table, options));
}

// Python gives any number; the search gives only states that it got from advance().
StateId checked(const Automaton& automaton, StateId state) {
  if (state <= automaton.max_state()) return state;
  throw Error(ErrorKind::kOption, "hotword state " + std::to_string(state) + " does not exist");
}

std::pair<float, StateId> advance(const Automaton& automaton, StateId state, Unit unit) {
  StateId next = 0;
  const float gain = automaton.advance(checked(automaton, state), unit, &next);
  return {gain, next};
}

std::shared_ptr<fst::Fst> to_fst(const Automaton& automaton, const Array<fst::Label>& labels,
                                 std::vector<bool> starts_word, Unit boundary, fst::Label phi,
                                 std::size_t max_arcs) {
  const hotwords::FstForm form{to_vector(labels, "labels"), std::move(starts_word), boundary, phi,
                               max_arcs};
  py::gil_scoped_release release;
  return std::make_shared<fst::Fst>(hotwords::to_fst(automaton, form));
}

double total(const Automaton& automaton, const Array<Unit>& units) {
  const std::vector<Unit> all = to_vector(units, "units");
  py::gil_scoped_release release;
  return automaton.total(all);
}

}  // namespace

void register_hotwords(py::module_& module) {
  py::class_<Match>(module, "HotwordMatch")
      .def_readonly("phrase", &Match::phrase)
      .def_readonly("start", &Match::start)
      .def_readonly("end", &Match::end)
      .def_readonly("reward", &Match::reward);
  const auto unlocked = py::call_guard<py::gil_scoped_release>();
  py::class_<Automaton, std::shared_ptr<Automaton>>(module, "HotwordAutomaton")
      .def(py::init(&build), py::kw_only(), py::arg("units"), py::arg("offsets"), py::arg("bias"),
           py::arg("word_bias"), py::arg("lengths"), py::arg("num_units"), py::arg("boundary"),
           py::arg("starts_word"), py::arg("max_loan"))
      .def("advance", &advance, py::arg("state"), py::arg("unit"))
      .def("end_score", [](const Automaton& a, StateId s) { return a.end_score(checked(a, s)); })
      .def("max_gain", [](const Automaton& a, StateId s) { return a.max_gain(checked(a, s)); })
      .def("find", &Automaton::find, py::arg("units"), unlocked)
      .def("total", &total, py::arg("units"))
      .def(
          "trace",
          [](const Automaton& a, const std::vector<Unit>& units) {
            hotwords::Trace trace = a.trace(units);
            return std::make_pair(std::move(trace.running), std::move(trace.ended));
          },
          py::arg("units"), unlocked)
      .def(
          "gains",
          [](const Automaton& a, StateId s, std::size_t count) {
            return to_array(hotwords::unit_gains(a, checked(a, s), count));
          },
          py::arg("state"), py::arg("count"))
      .def("to_fst", &to_fst, py::kw_only(), py::arg("labels"), py::arg("starts_word"),
           py::arg("boundary"), py::arg("phi"), py::arg("max_arcs"))
      .def("check", &Automaton::check, unlocked)
      .def_property_readonly("num_states", &Automaton::num_states)
      .def_property_readonly("num_phrases", &Automaton::num_phrases)
      .def_property_readonly("num_bytes", &Automaton::num_bytes)
      .def_property_readonly("max_loan", &Automaton::max_loan);
}

}  // namespace tlg::bindings
