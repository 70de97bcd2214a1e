// n-gram models: counts that outlive their text.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bindings/register.h"
#include "lm/count/ngram_counts.h"
#include "lm/ngram_model.h"
#include "lm/smooth/smooth.h"

namespace py = pybind11;

namespace tlg::bindings {
namespace {

using namespace lm;  // NOLINT: this file speaks of nothing else

using release = py::call_guard<py::gil_scoped_release>;

std::pair<std::shared_ptr<NgramModel>, std::vector<OrderReport>> train_counts(
    const NgramCounts& counts, std::shared_ptr<util::Job> job, const SmoothingOptions& options,
    const Corpus* heldout) {
  TrainedModel trained = train(counts.trie(), counts.corpus(std::move(job)), options, heldout);
  return {std::make_shared<NgramModel>(std::move(trained.trie)), std::move(trained.orders)};
}

}  // namespace

void register_lm_counts(py::module_& m) {
  py::class_<NgramCounts>(m, "NgramCounts")
      .def(py::init<int>())
      .def_static(
          "of_text",
          [](Corpus& corpus, int order) {
            const CountTrie trie = count_ngrams(&corpus, order);
            return std::make_unique<NgramCounts>(trie, corpus.words());
          },
          release())
      .def("add_lines", &NgramCounts::add_lines, release())
      .def("add", &NgramCounts::add, release())
      .def_property_readonly("order", &NgramCounts::order)
      .def_property_readonly("num_tokens", &NgramCounts::num_tokens)
      .def_property_readonly("num_sentences", &NgramCounts::num_sentences);
  py::class_<CountWriter>(m, "CountWriter")
      .def(py::init<const NgramCounts&>(), py::keep_alive<1, 2>(), release())
      .def("next", [](CountWriter& self) {
        std::string piece;
        {
          py::gil_scoped_release unlocked;
          piece = self.next();
        }
        return py::bytes(piece);
      });
  m.def("train_counts", &train_counts, release());
}

}  // namespace tlg::bindings
