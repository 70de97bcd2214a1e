// tlg._core.Hypothesis, and what else an utterance was asked for.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>

#include "bindings/frames.h"
#include "bindings/register.h"
#include "decoder/lattice/pending_lattice.h"

namespace py = pybind11;

namespace tlg::bindings {
namespace {

using decoder::Hypothesis;
using decoder::Lattice;
using decoder::LatticeResult;
using decoder::MbrResult;
using decoder::PendingLattice;
using decoder::SlotWord;

const LatticeResult& read(const PendingLattice& pending) {
  const py::gil_scoped_release release;
  return pending.result();
}

}  // namespace

void register_results(py::module_& module) {
  py::class_<SlotWord>(module, "SlotWord")
      .def_readonly("word", &SlotWord::word)
      .def_readonly("probability", &SlotWord::probability)
      .def_readonly("start", &SlotWord::start)
      .def_readonly("end", &SlotWord::end);
  py::class_<MbrResult>(module, "MbrResult")
      .def_readonly("words", &MbrResult::words)
      .def_readonly("confidences", &MbrResult::confidences)
      .def_property_readonly("spans", [](const MbrResult& m) { return span_array(m.spans); })
      .def_readonly("risk", &MbrResult::risk)
      .def_readonly("slots", &MbrResult::slots);
  // What is read first is worked out then.
  py::class_<PendingLattice, std::shared_ptr<PendingLattice>>(module, "LatticeResult")
      .def_property_readonly("nbest", [](const PendingLattice& p) { return read(p).nbest; })
      .def_property_readonly("lattice",
                             [](const std::shared_ptr<PendingLattice>& p) {
                               return std::shared_ptr<Lattice>(
                                   p, const_cast<Lattice*>(&read(*p).lattice));
                             })
      .def_property_readonly("lattice_beam",
                             [](const PendingLattice& p) { return read(p).lattice_beam; })
      .def_property_readonly("confidence",
                             [](const PendingLattice& p) { return read(p).confidence; })
      .def_property_readonly("mbr", [](const PendingLattice& p) { return read(p).mbr; });
  py::class_<Hypothesis>(module, "Hypothesis")
      .def_readonly("tokens", &Hypothesis::tokens)
      .def_readonly("words", &Hypothesis::words)
      .def_property_readonly("token_spans",
                             [](const Hypothesis& h) { return span_array(h.token_spans); })
      .def_property_readonly("word_spans",
                             [](const Hypothesis& h) { return span_array(h.word_spans); })
      .def_readonly("hotwords", &Hypothesis::hotwords)
      .def_readonly("score", &Hypothesis::score)
      .def_readonly("am_score", &Hypothesis::am_score)
      .def_readonly("lm_score", &Hypothesis::lm_score)
      .def_readonly("word_score", &Hypothesis::word_score)
      .def_readonly("blank_score", &Hypothesis::blank_score)
      .def_readonly("hotword_score", &Hypothesis::hotword_score)
      .def_readonly("search_score", &Hypothesis::search_score)
      .def_readonly("partial", &Hypothesis::partial)
      .def_readonly("num_frames", &Hypothesis::num_frames)
      .def_property_readonly("more", [](const Hypothesis& h) {
        return std::const_pointer_cast<PendingLattice>(h.more);
      });
}

}  // namespace tlg::bindings
