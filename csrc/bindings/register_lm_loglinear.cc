// n-gram models: log-linear mixtures.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <utility>
#include <vector>

#include "bindings/lm_models.h"
#include "bindings/register.h"

namespace py = pybind11;

namespace tlg::bindings {

using namespace lm;  // NOLINT: this file speaks of nothing else

void register_lm_loglinear(py::module_& m) {
  using release = py::call_guard<py::gil_scoped_release>;
  py::class_<LoglinearMix>(m, "LoglinearMix")
      .def(py::init([](const std::vector<const NgramModel*>& models, bool share) {
             return LoglinearMix(tries_of(models), unknown_of(share));
           }),
           release())
      .def(
          "model",
          [](const LoglinearMix& self, const std::vector<double>& weights) {
            return std::make_shared<NgramModel>(self.model(weights));
          },
          release())
      .def("set_text", &LoglinearMix::set_text, release())
      .def(
          "evaluate",
          [](const LoglinearMix& self, const std::vector<double>& weights) {
            LoglinearMix::Value value = self.evaluate(weights);
            return std::pair(value.score, std::move(value.gradient));
          },
          release())
      .def_property_readonly("num_tokens", &LoglinearMix::num_tokens);
}

}  // namespace tlg::bindings
