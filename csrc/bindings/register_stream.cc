// tlg._core.Stream, PartialPath.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <vector>

#include "bindings/frames.h"
#include "bindings/register.h"
#include "decoder/stream.h"

namespace py = pybind11;

namespace tlg::bindings {
namespace {

using decoder::Decoder;
using decoder::FiredHotword;
using decoder::HotwordUse;
using decoder::PartialPath;
using decoder::Stream;

void push(Stream& stream, const py::handle& input, std::int32_t num_tokens) {
  std::vector<py::array> keep;
  const decoder::Frames frames = frames_of(input, num_tokens, &keep);
  const py::gil_scoped_release release;
  stream.push(frames);
}

}  // namespace

void register_stream(py::module_& module) {
  using release = py::call_guard<py::gil_scoped_release>;
  py::class_<FiredHotword>(module, "FiredHotword")
      .def_readonly("phrase", &FiredHotword::phrase)
      .def_property_readonly("start", [](const FiredHotword& fired) { return fired.span.start; })
      .def_property_readonly("end", [](const FiredHotword& fired) { return fired.span.end; })
      .def_readonly("reward", &FiredHotword::reward);
  py::class_<PartialPath>(module, "PartialPath")
      .def_readonly("path", &PartialPath::path)
      .def_readonly("first_word", &PartialPath::first_word)
      .def_readonly("num_stable_words", &PartialPath::num_stable_words)
      .def_readonly("hotwords", &PartialPath::hotwords)
      .def_readonly("first_hotword", &PartialPath::first_hotword)
      .def_readonly("num_stable_hotwords", &PartialPath::num_stable_hotwords)
      .def_readonly("sound_end", &PartialPath::sound_end)
      .def_readonly("relative_cost", &PartialPath::relative_cost);
  py::class_<Stream>(module, "Stream")
      .def(py::init<std::shared_ptr<const Decoder>, std::shared_ptr<const HotwordUse>,
                    const std::vector<std::int32_t>&>(),
           py::arg("decoder"), py::arg("hotwords"), py::arg("silence"))
      .def("push", &push, py::arg("frames"), py::arg("num_tokens"))
      .def("partial", &Stream::partial, release())
      .def("finish", &Stream::finish, release())
      .def("reset", &Stream::reset, py::arg("hotwords"))
      .def("change_hotwords", &Stream::change_hotwords, py::arg("hotwords"), release())
      .def("words", &Stream::words, py::arg("start"), py::arg("end"))
      .def(
          "word_spans",
          [](const Stream& stream, std::int64_t start, std::int64_t end) {
            return span_array(stream.word_spans(start, end));
          },
          py::arg("start"), py::arg("end"))
      .def("hotwords", &Stream::hotwords, py::arg("start"), py::arg("end"))
      .def_property_readonly("num_pushed", &Stream::num_pushed)
      .def_property_readonly("num_traces", &Stream::num_traces)
      .def_property_readonly("num_kept_frames", &Stream::num_kept_frames);
}

}  // namespace tlg::bindings
