// n-gram models: linear mixtures, and the text that weights are fitted on.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <vector>

#include "bindings/lm_models.h"
#include "bindings/register.h"

namespace py = pybind11;

namespace tlg::bindings {
namespace {

using namespace lm;  // NOLINT: this file speaks of nothing else

using release = py::call_guard<py::gil_scoped_release>;

py::array_t<double> probs_of(const std::vector<const NgramModel*>& models, const HeldOut& text,
                             bool share) {
  std::vector<double> probs;
  {
    py::gil_scoped_release unlocked;
    probs = token_probs(tries_of(models), text, unknown_of(share));
  }
  const std::size_t columns = models.size();
  return py::array_t<double>({probs.size() / columns, columns}, probs.data());
}

}  // namespace

void register_lm_mix(py::module_& m) {
  py::class_<HeldOut>(m, "HeldOut")
      .def(py::init([](const std::vector<const NgramModel*>& models) {
             return HeldOut(unite_words(tries_of(models)));
           }),
           release())
      .def("add_text", &HeldOut::add_text, release())
      .def("add_sentence", &HeldOut::add_sentence)
      .def_property_readonly("num_sentences", &HeldOut::num_sentences)
      .def_property_readonly("num_oovs", &HeldOut::num_oovs);
  m.def("token_probs", &probs_of);
  m.def(
      "mix_linear",
      [](const std::vector<const NgramModel*>& models, const std::vector<double>& weights,
         bool share) {
        return std::make_shared<NgramModel>(
            mix_linear(tries_of(models), weights, unknown_of(share)));
      },
      release());
}

}  // namespace tlg::bindings
