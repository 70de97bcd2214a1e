// n-gram models: pruning, other vocabularies.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bindings/register.h"
#include "lm/change/entropy_prune.h"
#include "lm/change/history.h"
#include "lm/change/vocabulary.h"
#include "lm/ngram_model.h"

namespace py = pybind11;

namespace tlg::bindings {
namespace {

using namespace lm;  // NOLINT: this file speaks of nothing else

using release = py::call_guard<py::gil_scoped_release>;

std::shared_ptr<NgramModel> model_of(NgramTrie trie) {
  return std::make_shared<NgramModel>(std::move(trie));
}

std::pair<std::shared_ptr<NgramModel>, PruneFigures> prune_model(const NgramModel& model,
                                                                 const std::string& history,
                                                                 const NgramModel* history_model,
                                                                 const PruneOptions& options) {
  const NgramTrie& trie = model.trie();
  const ContextProbs contexts = history_model ? chain_context_probs(trie, history_model->trie())
                                : history == "stationary" ? stationary_context_probs(trie)
                                                          : chain_context_probs(trie);
  PruneFigures figures;
  NgramTrie pruned = prune(trie, contexts, options, &figures);
  return {model_of(std::move(pruned)), std::move(figures)};
}

std::pair<std::shared_ptr<NgramModel>, std::vector<std::string>> limit_model(
    const NgramModel& model, const std::vector<std::string>& words, bool spread) {
  std::vector<std::string> missing;
  const std::vector<std::uint8_t> keep = mark_words(model.trie(), words, &missing);
  return {model_of(limit_vocabulary(model.trie(), keep,
                                    spread ? RemovedMass::kSpread : RemovedMass::kUnk)),
          std::move(missing)};
}

}  // namespace

void register_lm_change(py::module_& m) {
  py::class_<PruneOptions>(m, "PruneOptions")
      .def(py::init<>())
      .def_readwrite("threshold", &PruneOptions::threshold)
      .def_readwrite("ngrams", &PruneOptions::ngrams)
      .def_readwrite("min_order", &PruneOptions::min_order)
      .def_property(
          "back_off_suffixes",
          [](const PruneOptions& self) { return self.suffixes == PrunedSuffixes::kBackOff; },
          [](PruneOptions& self, bool on) {
            self.suffixes = on ? PrunedSuffixes::kBackOff : PrunedSuffixes::kKeep;
          });
  py::class_<PruneFigures>(m, "PruneFigures")
      .def_readonly("threshold", &PruneFigures::threshold)
      .def_readonly("kept", &PruneFigures::kept)
      .def_readonly("suffixes", &PruneFigures::suffixes);
  m.def("prune_model", &prune_model, release());
  m.def("limit_vocabulary", &limit_model, release());
  m.def(
      "add_words",
      [](const NgramModel& model, const std::vector<std::pair<std::string, double>>& shares) {
        return model_of(add_words(model.trie(), shares));
      },
      release());
}

}  // namespace tlg::bindings
