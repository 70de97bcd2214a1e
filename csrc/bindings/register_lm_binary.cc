// n-gram models: from one query structure to another, and what is in a binary file.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "bindings/register.h"
#include "lm/ngram_model.h"
#include "lm/query/compact_model.h"
#include "lm/query/lm_file.h"

namespace py = pybind11;

namespace tlg::bindings {
namespace {

using namespace lm;  // NOLINT: this file speaks of nothing else

using release = py::call_guard<py::gil_scoped_release>;

std::shared_ptr<NgramModel> to_trie(const NgramModel& model, int prob_bits, int backoff_bits) {
  return std::make_shared<NgramModel>(
      std::make_unique<CompactModel>(model.trie(), CompactOptions{prob_bits, backoff_bits}));
}
std::shared_ptr<NgramModel> to_probing(const NgramModel& model) {
  return std::make_shared<NgramModel>(std::make_unique<BackoffModel>(model.trie()));
}

// Of each order above 1: bits of ranks, probabilities, backoffs, and how many values these have.
using Packing = std::tuple<unsigned, unsigned, unsigned, std::size_t, std::size_t>;
std::vector<Packing> packing(const NgramModel& model) {
  std::vector<Packing> rows;
  if (const auto* compact = dynamic_cast<const CompactModel*>(&model.queries()))
    for (const CompactLevel& level : compact->trie().longer)
      rows.emplace_back(level.rank_bits, level.log10_probs.bits, level.log10_backoffs.bits,
                        level.log10_probs.table.size(), level.log10_backoffs.table.size());
  return rows;
}

std::vector<std::pair<std::string, std::uint64_t>> sections(const std::string& path) {
  return LmFile::open(path)->sizes();
}

}  // namespace

void register_lm_binary(py::module_& m) {
  auto model = py::reinterpret_borrow<py::class_<NgramModel, std::shared_ptr<NgramModel>>>(
      m.attr("NgramModel"));
  model.def("to_trie", &to_trie, py::arg("prob_bits"), py::arg("backoff_bits"), release())
      .def("to_probing", &to_probing, release())
      .def_property_readonly("structure", &NgramModel::structure)
      .def_property_readonly("packing", &packing);
  m.def("binary_sections", &sections, release());
}

}  // namespace tlg::bindings
