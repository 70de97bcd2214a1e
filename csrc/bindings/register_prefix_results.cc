// tlg._core.PrefixHypothesis and its words.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "bindings/frames.h"
#include "bindings/register.h"
#include "decoder/prefix/result.h"

namespace py = pybind11;

namespace tlg::bindings {

using decoder::prefix::Hypothesis;
using decoder::prefix::Word;

void register_prefix_results(py::module_& module) {
  py::class_<Word>(module, "PrefixWord")
      .def_readonly("id", &Word::id)
      .def_readonly("first_token", &Word::first_token)
      .def_readonly("end_token", &Word::end_token)
      .def_readonly("unknown", &Word::unknown);
  py::class_<Hypothesis>(module, "PrefixHypothesis")
      .def_readonly("tokens", &Hypothesis::tokens)
      .def_readonly("words", &Hypothesis::words)
      .def_property_readonly("token_spans",
                             [](const Hypothesis& h) { return span_array(h.token_spans); })
      .def_readonly("hotwords", &Hypothesis::hotwords)
      .def_readonly("score", &Hypothesis::score)
      .def_readonly("am_score", &Hypothesis::am_score)
      .def_readonly("lm_score", &Hypothesis::lm_score)
      .def_readonly("word_score", &Hypothesis::word_score)
      .def_readonly("unk_score", &Hypothesis::unk_score)
      .def_readonly("hotword_score", &Hypothesis::hotword_score)
      .def_readonly("search_score", &Hypothesis::search_score)
      .def_readonly("partial", &Hypothesis::partial)
      .def_readonly("num_frames", &Hypothesis::num_frames);
}

}  // namespace tlg::bindings
