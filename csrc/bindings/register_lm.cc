// n-gram models: corpus, training, ARPA files, scoring of texts.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <string>
#include <vector>

#include "bindings/register.h"
#include "lm/corpus.h"
#include "lm/kneser_ney.h"
#include "lm/ngram_model.h"
#include "lm/text_score.h"

namespace py = pybind11;

namespace tlg::bindings {
namespace {

using namespace lm;  // NOLINT: this file speaks of nothing else

using release = py::call_guard<py::gil_scoped_release>;

std::shared_ptr<NgramModel> read_model(std::string_view text, const std::string& name) {
  NgramLinks links;
  ArpaModel arpa = read_arpa(text, name, &links);
  return std::make_shared<NgramModel>(std::move(arpa), std::move(links));
}

std::pair<std::shared_ptr<NgramModel>, std::vector<OrderReport>> train_model(
    Corpus& corpus, int order, const KneserNeyOptions& options) {
  TrainedModel trained = train_kneser_ney(&corpus, order, options);
  return {std::make_shared<NgramModel>(std::move(trained.arpa), std::move(trained.links)),
          std::move(trained.orders)};
}

std::vector<std::size_t> sizes(const NgramModel& model) {
  std::vector<std::size_t> counts;
  for (const NgramOrder& one : model.arpa().orders) counts.push_back(one.size());
  return counts;
}

void register_training(py::module_& m) {
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

void register_scoring(py::module_& m) {
  py::class_<TextScore>(m, "TextScore")
      .def_readonly("sentences", &TextScore::sentences)
      .def_readonly("words", &TextScore::words)
      .def_readonly("oovs", &TextScore::oovs)
      .def_readonly("zeroprobs", &TextScore::zeroprobs)
      .def_readonly("oov_zeroprobs", &TextScore::oov_zeroprobs)
      .def_readonly("log10_prob", &TextScore::log10_prob)
      .def_readonly("log10_oov", &TextScore::log10_oov)
      .def_readonly("hits", &TextScore::hits);
  py::class_<TextScorer>(m, "TextScorer")
      .def(py::init([](const NgramModel& model, bool per_sentence) {
             return TextScorer(model.queries(), per_sentence);
           }),
           py::keep_alive<1, 2>(), release())
      .def("add_text", &TextScorer::add_text, release())
      .def("add_sentence", &TextScorer::add_sentence)
      .def_property_readonly("total", &TextScorer::total)
      .def_property_readonly("sentences", &TextScorer::sentences);
}

}  // namespace

void register_lm(py::module_& m) {
  register_training(m);
  py::class_<NgramModel, std::shared_ptr<NgramModel>>(m, "NgramModel")
      .def_static("read_arpa", &read_model, release())
      .def_property_readonly("counts", &sizes)
      .def_property_readonly("vocabulary",
                             [](const NgramModel& self) { return self.arpa().vocabulary; })
      .def_property_readonly("repairs", [](const NgramModel& self) { return self.arpa().repairs; })
      .def("score_tokens", [](const NgramModel& self, const std::vector<std::string>& words) {
        py::list out;
        for (const TokenScore& one : score_tokens(self.queries(), words))
          out.append(py::make_tuple(one.log10_prob, one.order, one.oov));
        return out;
      });
  py::class_<ArpaWriter>(m, "ArpaWriter")
      .def(py::init([](const NgramModel& model) { return ArpaWriter(model.arpa()); }),
           py::keep_alive<1, 2>())
      .def("next", [](ArpaWriter& self) {
        std::string piece;
        {
          py::gil_scoped_release unlocked;
          piece = self.next();
        }
        return py::bytes(piece);
      });
  register_scoring(m);
}

}  // namespace tlg::bindings
