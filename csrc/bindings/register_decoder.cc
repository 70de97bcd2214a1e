// tlg._core.Decoder.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "bindings/frames.h"
#include "bindings/register.h"
#include "bindings/signals.h"
#include "decoder/decoder.h"

namespace py = pybind11;

namespace tlg::bindings {
namespace {

using decoder::Decoder;
using decoder::Frames;
using decoder::HotwordUse;
using decoder::Hypothesis;
using decoder::SearchGraph;

Hypothesis decode(const Decoder& decoder, const py::object& input,
                  const std::shared_ptr<const HotwordUse>& hotwords) {
  std::vector<py::array> keep;
  const Frames frames = frames_of(input, decoder.graph().options().num_tokens, &keep);
  const SignalPulse pulse;
  const py::gil_scoped_release release;
  return decoder.decode(frames, hotwords, pulse);
}

}  // namespace

void register_decoder(py::module_& module) {
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
      .def("decode", &decode, py::arg("input"), py::arg("hotwords"));
}

}  // namespace tlg::bindings
