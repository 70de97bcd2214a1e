// _core.WordSplitter: phrases cut into words; _core.hotword_neighbours: phrases that are nearly the
// same.
#include <pybind11/pybind11.h>

#include <memory>
#include <string>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/register.h"
#include "hotwords/automaton.h"
#include "hotwords/lint.h"
#include "hotwords/split_words.h"

namespace py = pybind11;

namespace tlg::bindings {
namespace {

using hotwords::Unit;

py::tuple neighbours(const Array<Unit>& units, const Array<std::int64_t>& offsets,
                     std::size_t shortest) {
  const std::vector<Unit> all(units.data(), units.data() + size_of(units, "units"));
  const std::vector<std::int64_t> begins(offsets.data(),
                                         offsets.data() + size_of(offsets, "offsets"));
  hotwords::Neighbours found;
  {
    py::gil_scoped_release release;
    found = hotwords::find_neighbours(all, begins, shortest);
  }
  return py::make_tuple(to_array(found.nearest), to_array(found.distance), to_array(found.counts));
}

hotwords::Texts texts_of(const Array<std::uint32_t>& characters,
                         const Array<std::int64_t>& offsets) {
  const std::uint32_t* begin = characters.data();
  const std::int64_t* first = offsets.data();
  return {std::u32string(begin, begin + size_of(characters, "characters")),
          std::vector<std::int64_t>(first, first + size_of(offsets, "offsets"))};
}

std::unique_ptr<hotwords::WordSplitter> make_splitter(const Array<std::uint32_t>& characters,
                                                      const Array<std::int64_t>& offsets,
                                                      const Array<std::int32_t>& ids) {
  return std::make_unique<hotwords::WordSplitter>(
      texts_of(characters, offsets),
      std::vector<std::int32_t>(ids.data(), ids.data() + size_of(ids, "ids")));
}

py::tuple split(const hotwords::WordSplitter& splitter, const Array<std::uint32_t>& characters,
                const Array<std::int64_t>& offsets, std::size_t most) {
  const hotwords::Texts texts = texts_of(characters, offsets);
  hotwords::Ways ways;
  {
    py::gil_scoped_release release;
    ways = splitter.split(texts, most);
  }
  return py::make_tuple(to_array(ways.words), to_array(ways.sizes), to_array(ways.owners),
                        to_array(ways.cut));
}

}  // namespace

void register_hotword_words(py::module_& module) {
  py::class_<hotwords::WordSplitter>(module, "WordSplitter")
      .def(py::init(&make_splitter), py::arg("characters"), py::arg("offsets"), py::arg("ids"))
      .def("split", &split, py::arg("characters"), py::arg("offsets"), py::arg("most"));
  module.def("hotword_neighbours", &neighbours, py::arg("units"), py::arg("offsets"),
             py::arg("shortest"));
}

}  // namespace tlg::bindings
