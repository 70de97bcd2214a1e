// tlg._core.SearchGraph, HotwordUse: what is searched, and what is rewarded on the way.
#include <pybind11/native_enum.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <vector>

#include "bindings/register.h"
#include "decoder/attached_words.h"
#include "decoder/search.h"

namespace py = pybind11;

namespace tlg::bindings {

using decoder::AttachedWords;
using decoder::HotwordLabels;
using decoder::HotwordUse;
using decoder::SearchGraph;

void register_search_graph(py::module_& module) {
  py::native_enum<decoder::Topology>(module, "Topology", "enum.Enum")
      .value("CTC", decoder::Topology::kCtc)
      .value("PLAIN", decoder::Topology::kPlain)
      .finalize();
  py::native_enum<HotwordLabels>(module, "HotwordLabels", "enum.Enum")
      .value("NONE", HotwordLabels::kNone)
      .value("TOKENS", HotwordLabels::kTokens)
      .value("WORDS", HotwordLabels::kWords)
      .finalize();
  py::class_<SearchGraph, std::shared_ptr<SearchGraph>>(module, "SearchGraph")
      .def(py::init([](const fst::Fst& fst, decoder::Topology topology, std::int32_t num_tokens,
                       std::int32_t blank, float lm_weight, float word_score,
                       const fst::Fst* slot_arcs) {
             const py::gil_scoped_release release;
             std::vector<std::uint32_t> entered;
             if (slot_arcs != nullptr) entered = decoder::states_after_slots(*slot_arcs);
             return std::make_shared<SearchGraph>(
                 fst,
                 decoder::GraphOptions{topology, num_tokens, blank, lm_weight, word_score,
                                       slot_arcs != nullptr},
                 entered);
           }),
           py::arg("fst"), py::kw_only(), py::arg("topology"), py::arg("num_tokens"),
           py::arg("blank"), py::arg("lm_weight"), py::arg("word_score"),
           py::arg("slot_arcs").none(true) = static_cast<const fst::Fst*>(nullptr));
  py::class_<HotwordUse, std::shared_ptr<HotwordUse>>(module, "HotwordUse")
      .def(py::init<const SearchGraph&, std::shared_ptr<const hotwords::Automaton>, HotwordLabels,
                    std::int32_t, const std::vector<std::int32_t>&,
                    std::shared_ptr<const AttachedWords>>(),
           py::arg("graph"), py::arg("automaton").none(false), py::arg("labels"),
           py::arg("neutral") = -1, py::arg("wanted") = std::vector<std::int32_t>(),
           py::arg("attached").none(true) = std::shared_ptr<const AttachedWords>(),
           py::call_guard<py::gil_scoped_release>())
      .def_property_readonly("labels", &HotwordUse::labels);
}

}  // namespace tlg::bindings
