// _core.HotwordTable: the phrases of a list. _core.HotwordAutomaton: what tlg.hotwords compiles
// them into and the decoder's binding takes.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <utility>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/hotword_arrays.h"
#include "bindings/register.h"
#include "hotwords/automaton.h"
#include "hotwords/gains.h"

namespace py = pybind11;

namespace tlg::bindings {
namespace {

using hotwords::Automaton;
using hotwords::Match;
using hotwords::StateId;
using hotwords::Unit;

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

}  // namespace

void register_hotwords(py::module_& module) {
  py::class_<Match>(module, "HotwordMatch")
      .def_readonly("phrase", &Match::phrase)
      .def_readonly("start", &Match::start)
      .def_readonly("end", &Match::end)
      .def_readonly("reward", &Match::reward);
  const auto unlocked = py::call_guard<py::gil_scoped_release>();
  py::class_<Automaton, std::shared_ptr<Automaton>>(module, "HotwordAutomaton")
      .def(py::init(&build_automaton), py::kw_only(), py::arg("units"), py::arg("offsets"),
           py::arg("bias"), py::arg("word_bias"), py::arg("lengths"), py::arg("num_units"),
           py::arg("boundary"), py::arg("starts_word"), py::arg("max_loan"))
      .def("advance", &advance, py::arg("state"), py::arg("unit"))
      .def("end_score", [](const Automaton& a, StateId s) { return a.end_score(checked(a, s)); })
      .def("max_gain", [](const Automaton& a, StateId s) { return a.max_gain(checked(a, s)); })
      .def("find", &Automaton::find, py::arg("units"), unlocked)
      .def("total", &automaton_total, py::arg("units"))
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
      .def("to_fst", &automaton_to_fst, py::kw_only(), py::arg("labels"), py::arg("starts_word"),
           py::arg("boundary"), py::arg("phi"), py::arg("max_arcs"))
      .def("check", &Automaton::check, unlocked)
      .def_property_readonly("num_states", &Automaton::num_states)
      .def_property_readonly("num_phrases", &Automaton::num_phrases)
      .def_property_readonly("num_bytes", &Automaton::num_bytes)
      .def_property_readonly("max_loan", &Automaton::max_loan);
}

}  // namespace tlg::bindings
