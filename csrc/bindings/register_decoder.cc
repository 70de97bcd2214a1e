// tlg._core.SearchGraph, HotwordUse, Decoder.
#include <pybind11/native_enum.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/frames.h"
#include "bindings/register.h"
#include "bindings/signals.h"
#include "decoder/decoder.h"

namespace py = pybind11;

namespace tlg::bindings {
namespace {

using decoder::Decoder;
using decoder::Frames;
using decoder::HotwordLabels;
using decoder::HotwordUse;
using decoder::Hypothesis;
using decoder::SearchGraph;

std::vector<Hypothesis> decode(const Decoder& decoder, const py::sequence& inputs,
                               std::shared_ptr<const HotwordUse> hotwords, std::size_t threads) {
  std::vector<py::array> keep;
  std::vector<Frames> batch;
  for (const py::handle input : inputs)
    batch.push_back(frames_of(input, decoder.graph().options().num_tokens, &keep));
  const py::gil_scoped_release release;
  if (threads > 1) return decoder.decode_batch(batch, hotwords, threads);
  const SignalPulse pulse;
  std::vector<Hypothesis> results;
  for (const Frames& frames : batch) results.push_back(decoder.decode(frames, hotwords, pulse));
  return results;
}

}  // namespace

void register_decoder(py::module_& module) {
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
                       std::int32_t blank, float lm_weight, float word_score) {
             const py::gil_scoped_release release;
             return std::make_shared<SearchGraph>(
                 fst, decoder::GraphOptions{topology, num_tokens, blank, lm_weight, word_score});
           }),
           py::arg("fst"), py::kw_only(), py::arg("topology"), py::arg("num_tokens"),
           py::arg("blank"), py::arg("lm_weight"), py::arg("word_score"));
  py::class_<HotwordUse, std::shared_ptr<HotwordUse>>(module, "HotwordUse")
      .def(py::init<const SearchGraph&, std::shared_ptr<const hotwords::Automaton>, HotwordLabels,
                    std::int32_t, const std::vector<std::int32_t>&>(),
           py::arg("graph"), py::arg("automaton").none(false), py::arg("labels"),
           py::arg("neutral") = -1, py::arg("wanted") = std::vector<std::int32_t>(),
           py::call_guard<py::gil_scoped_release>())
      .def_property_readonly("labels", &HotwordUse::labels);
  py::class_<Decoder, std::shared_ptr<Decoder>>(module, "Decoder")
      .def(
          py::init([](std::shared_ptr<const SearchGraph> graph, float beam, std::int32_t max_active,
                      std::int32_t min_active, float acoustic_scale, float blank_penalty,
                      float blank_skip, float token_beam, std::int32_t max_tokens,
                      float lattice_beam, std::size_t nbest, bool lattice, bool mbr,
                      std::uint32_t num_roots, std::int32_t separator, const std::string& kernel) {
            const decoder::LatticeRequest request{nbest, lattice, lattice || mbr, mbr, {}};
            return std::make_shared<Decoder>(
                std::move(graph),
                decoder::SearchOptions{beam, max_active, min_active, acoustic_scale, blank_penalty,
                                       blank_skip, token_beam, max_tokens, lattice_beam},
                decoder::SpanOptions{num_roots, separator}, kernel, request);
          }),
          py::arg("graph").none(false), py::kw_only(), py::arg("beam"), py::arg("max_active"),
          py::arg("min_active"), py::arg("acoustic_scale"), py::arg("blank_penalty"),
          py::arg("blank_skip") = 1.0f,
          py::arg("token_beam") = std::numeric_limits<float>::infinity(), py::arg("max_tokens") = 0,
          py::arg("lattice_beam") = 0.0f, py::arg("nbest") = 0, py::arg("lattice") = false,
          py::arg("mbr") = false, py::arg("num_roots"), py::arg("separator"), py::arg("kernel"))
      .def("decode", &decode, py::arg("inputs"), py::arg("hotwords"), py::arg("threads"));
}

}  // namespace tlg::bindings
