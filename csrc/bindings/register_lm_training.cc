// n-gram models: corpus and training.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <utility>
#include <vector>

#include "bindings/register.h"
#include "lm/count/corpus.h"
#include "lm/ngram_model.h"
#include "lm/smooth/kneser_ney.h"

namespace py = pybind11;

namespace tlg::bindings {
namespace {

using namespace lm;  // NOLINT: this file speaks of nothing else

using release = py::call_guard<py::gil_scoped_release>;

std::pair<std::shared_ptr<NgramModel>, std::vector<OrderReport>> train_model(
    Corpus& corpus, int order, const KneserNeyOptions& options) {
  TrainedModel trained = train_kneser_ney(&corpus, order, options);
  return {std::make_shared<NgramModel>(std::move(trained.trie)), std::move(trained.orders)};
}

}  // namespace

void register_lm_training(py::module_& m) {
  py::enum_<Symbols>(m, "Symbols")
      .value("error", Symbols::kError)
      .value("skip", Symbols::kSkip)
      .value("unk", Symbols::kUnk);
  py::enum_<CountOfCounts>(m, "CountOfCounts")
      .value("lmplz", CountOfCounts::kLmplz)
      .value("exact", CountOfCounts::kExact);
  py::class_<Corpus>(m, "Corpus")
      .def(py::init<Symbols>())
      .def("add_text", &Corpus::add_text, release())
      .def("add_sentence", &Corpus::add_sentence)
      .def_property_readonly("num_words", &Corpus::num_words)
      .def_property_readonly("num_sentences", &Corpus::num_sentences)
      .def_property_readonly("num_skipped", &Corpus::num_skipped);
  py::class_<KneserNeyOptions>(m, "KneserNeyOptions")
      .def(py::init<>())
      .def_readwrite("count_of_counts", &KneserNeyOptions::count_of_counts)
      .def_readwrite("discount_fallback", &KneserNeyOptions::discount_fallback)
      .def_readwrite("fallback", &KneserNeyOptions::fallback)
      .def_readwrite("prune", &KneserNeyOptions::prune)
      .def_readwrite("interpolate_unigrams", &KneserNeyOptions::interpolate_unigrams)
      .def_readwrite("vocab_pad", &KneserNeyOptions::vocab_pad)
      .def_readwrite("limit_vocab", &KneserNeyOptions::limit_vocab)
      .def_readwrite("vocab", &KneserNeyOptions::vocab);
  py::class_<OrderReport>(m, "OrderReport")
      .def_readonly("counted", &OrderReport::counted)
      .def_readonly("kept", &OrderReport::kept)
      .def_readonly("t", &OrderReport::t)
      .def_readonly("discount", &OrderReport::discount)
      .def_readonly("fallback", &OrderReport::fallback);
  m.def("train_kneser_ney", &train_model, release());
}

}  // namespace tlg::bindings
