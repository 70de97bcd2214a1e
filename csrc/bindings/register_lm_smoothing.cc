// n-gram models: counts to probabilities.
#include <pybind11/native_enum.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <utility>
#include <vector>

#include "bindings/register.h"
#include "lm/ngram_model.h"
#include "lm/smooth/smooth.h"

namespace py = pybind11;

namespace tlg::bindings {
namespace {

using namespace lm;  // NOLINT: this file speaks of nothing else

std::pair<std::shared_ptr<NgramModel>, std::vector<OrderReport>> train_model(
    Corpus& corpus, int order, const SmoothingOptions& options, const Corpus* heldout) {
  TrainedModel trained = train(&corpus, order, options, heldout);
  return {std::make_shared<NgramModel>(std::move(trained.trie)), std::move(trained.orders)};
}

}  // namespace

void register_lm_smoothing(py::module_& m) {
  py::native_enum<Smoothing>(m, "Smoothing", "enum.Enum")
      .value("mkn", Smoothing::kModifiedKneserNey)
      .value("kn", Smoothing::kKneserNey)
      .value("absolute", Smoothing::kAbsolute)
      .value("wb", Smoothing::kWittenBell)
      .value("katz", Smoothing::kKatz)
      .value("addk", Smoothing::kAddK)
      .value("ml", Smoothing::kMaximumLikelihood)
      .value("jm", Smoothing::kJelinekMercer)
      .finalize();
  py::native_enum<CountOfCounts>(m, "CountOfCounts", "enum.Enum")
      .value("lmplz", CountOfCounts::kLmplz)
      .value("exact", CountOfCounts::kExact)
      .value("raw", CountOfCounts::kRaw)
      .finalize();
  py::native_enum<PruneCounts>(m, "PruneCounts", "enum.Enum")
      .value("raw", PruneCounts::kRaw)
      .value("adjusted", PruneCounts::kAdjusted)
      .finalize();
  using O = SmoothingOptions;
  py::class_<O>(m, "SmoothingOptions")
      .def(py::init<>())
      .def_readwrite("smoothing", &O::smoothing)
      .def_readwrite("backoff", &O::backoff)
      .def_readwrite("count_of_counts", &O::count_of_counts)
      .def_readwrite("discount_fallback", &O::discount_fallback)
      .def_readwrite("fallback", &O::fallback)
      .def_readwrite("prune", &O::prune)
      .def_readwrite("prune_counts", &O::prune_counts)
      .def_readwrite("interpolate_unigrams", &O::interpolate_unigrams)
      .def_readwrite("vocab_pad", &O::vocab_pad)
      .def_readwrite("limit_vocab", &O::limit_vocab)
      .def_readwrite("vocab", &O::vocab)
      .def_readwrite("k", &O::k)
      .def_readwrite("gt_max", &O::gt_max)
      .def_readwrite("weight_buckets", &O::weight_buckets);
  py::class_<OrderReport>(m, "OrderReport")
      .def_readonly("counted", &OrderReport::counted)
      .def_readonly("kept", &OrderReport::kept)
      .def_readonly("t", &OrderReport::t)
      .def_readonly("discount", &OrderReport::discount)
      .def_readonly("fallback", &OrderReport::fallback)
      .def_readonly("weight", &OrderReport::weight);
  m.def("train", &train_model, py::arg("corpus"), py::arg("order"), py::arg("options"),
        py::arg("heldout") = nullptr, py::call_guard<py::gil_scoped_release>());
}

}  // namespace tlg::bindings
