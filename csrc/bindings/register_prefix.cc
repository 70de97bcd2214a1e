// tlg._core.PrefixHotwords, PrefixDecoder, PrefixStream: prefix beam search without a graph.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <vector>

#include "bindings/frames.h"
#include "bindings/register.h"
#include "bindings/signals.h"
#include "decoder/prefix/decoder.h"

namespace py = pybind11;

namespace tlg::bindings {
namespace {

using namespace decoder::prefix;  // NOLINT: this file speaks of nothing else

using Use = std::shared_ptr<const HotwordUse>;

std::vector<std::vector<Hypothesis>> decode(const Decoder& decoder, const py::sequence& inputs,
                                            const Use& hotwords, std::size_t nbest,
                                            std::size_t threads) {
  std::vector<py::array> keep;
  std::vector<tlg::decoder::Frames> batch;
  for (const py::handle input : inputs)
    batch.push_back(frames_of(input, decoder.model().num_tokens(), &keep));
  const SignalPulse pulse;
  const py::gil_scoped_release release;
  return decoder.decode_batch(batch, hotwords, nbest, threads, pulse);
}

void push(Stream& stream, const py::handle& input, std::int32_t num_tokens) {
  std::vector<py::array> keep;
  const tlg::decoder::Frames frames = frames_of(input, num_tokens, &keep);
  const py::gil_scoped_release release;
  stream.push(frames);
}

}  // namespace

void register_prefix(py::module_& module) {
  using unlocked = py::call_guard<py::gil_scoped_release>;
  py::class_<HotwordUse, std::shared_ptr<HotwordUse>>(module, "PrefixHotwords")
      .def(py::init<std::shared_ptr<const hotwords::Automaton>, bool, std::int32_t>(),
           py::arg("automaton").none(false), py::arg("on_words"), py::arg("num_tokens"),
           unlocked());
  py::class_<Options>(module, "PrefixOptions")
      .def(py::init<>())
      .def_readwrite("beam_size", &Options::beam_size)
      .def_readwrite("beam", &Options::beam)
      .def_readwrite("token_beam", &Options::token_beam)
      .def_readwrite("max_tokens", &Options::max_tokens)
      .def_readwrite("acoustic_scale", &Options::acoustic_scale)
      .def_readwrite("blank_penalty", &Options::blank_penalty)
      .def_readwrite("blank", &Options::blank);
  py::class_<Decoder, std::shared_ptr<Decoder>>(module, "PrefixDecoder")
      .def(py::init<std::shared_ptr<const Model>, const Options&>(), py::arg("model").none(false),
           py::arg("options"))
      .def("decode", &decode, py::arg("inputs"), py::arg("hotwords"), py::arg("nbest"),
           py::arg("threads"));
  py::class_<Stream>(module, "PrefixStream")
      .def(py::init<std::shared_ptr<const Decoder>, Use>(), py::arg("decoder").none(false),
           py::arg("hotwords"), unlocked())
      .def("push", &push, py::arg("frames"), py::arg("num_tokens"))
      .def("best", &Stream::best, py::arg("nbest"), unlocked())
      .def_property_readonly("num_nodes", &Stream::num_nodes)
      .def_property_readonly("num_traces", &Stream::num_traces);
}

}  // namespace tlg::bindings
