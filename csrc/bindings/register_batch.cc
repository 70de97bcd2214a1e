// tlg._core.Batch.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "bindings/frames.h"
#include "bindings/register.h"
#include "bindings/rows.h"
#include "bindings/signals.h"
#include "decoder/batch.h"

namespace py = pybind11;

namespace tlg::bindings {
namespace {

using decoder::Batch;

// A Batch with the arrays of its utterances.
struct BatchOfArrays {
  std::shared_ptr<const decoder::Decoder> decoder;
  Batch batch;
  std::map<std::int64_t, std::vector<py::array>> kept;

  BatchOfArrays(const std::shared_ptr<const decoder::Decoder>& shared,
                std::shared_ptr<const decoder::HotwordUse> hotwords, std::size_t threads,
                bool all_or_nothing)
      : decoder(shared), batch(shared, std::move(hotwords), threads, all_or_nothing) {}
  ~BatchOfArrays() { stop(); }

  void add(std::int64_t number, const py::object& input, bool logits, double tolerance) {
    Batch::Input one;
    std::vector<py::array> arrays;
    const std::int32_t width = decoder->graph().options().num_tokens;
    one.is_dense = !py::isinstance<py::tuple>(input);
    if (one.is_dense) {
      arrays.push_back(input.cast<py::array>());
      one.rows = rows_of(arrays.back(), logits, tolerance, 0);
      check_width(one.rows.num_tokens, width);
    } else {
      one.sparse = frames_of(input, width, &arrays);
    }
    kept[number] = std::move(arrays);
    batch.add(number, one);
  }

  std::int64_t wait(std::int64_t number) {
    const SignalPulse pulse;
    const py::gil_scoped_release release;
    for (;;) {
      const std::int64_t found = batch.wait(number, SignalPulse::kInterval, pulse);
      if (found != Batch::kNone) return found;
      pulse();
    }
  }

  decoder::Hypothesis take(std::int64_t number) {
    decoder::Hypothesis found = batch.take(number);
    kept.erase(number);
    return found;
  }

  void stop() {
    const py::gil_scoped_release release;
    batch.stop();
  }
};

}  // namespace

void register_batch(py::module_& module) {
  py::class_<BatchOfArrays>(module, "Batch")
      .def(py::init<std::shared_ptr<const decoder::Decoder>,
                    std::shared_ptr<const decoder::HotwordUse>, std::size_t, bool>(),
           py::arg("decoder").none(false), py::arg("hotwords"), py::kw_only(), py::arg("threads"),
           py::arg("all_or_nothing") = false)
      .def("add", &BatchOfArrays::add, py::arg("number"), py::arg("input"), py::kw_only(),
           py::arg("logits"), py::arg("tolerance"))
      .def("wait", &BatchOfArrays::wait, py::arg("number") = Batch::kNone)
      .def(
          "is_done",
          [](const BatchOfArrays& b, std::int64_t number) { return b.batch.is_done(number); },
          py::arg("number"))
      .def("num_waiting", [](const BatchOfArrays& b) { return b.batch.num_waiting(); })
      .def("take", &BatchOfArrays::take, py::arg("number"))
      .def("stop", &BatchOfArrays::stop);
}

}  // namespace tlg::bindings
