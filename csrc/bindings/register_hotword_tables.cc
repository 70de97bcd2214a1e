// _core.HotwordTable: the phrases of a list, compiled and looked over. Not for: the automaton
// (register_hotwords.cc).
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/register.h"
#include "hotwords/automaton.h"
#include "hotwords/lint.h"
#include "hotwords/split_words.h"

namespace py = pybind11;

namespace tlg::bindings {
namespace {

using hotwords::Automaton;
using hotwords::Unit;

// Phrases in arrays, which Python keeps while they are used here.
struct Table {
  Array<Unit> units;
  Array<std::int64_t> offsets;
  Array<double> bias, word_bias;
  Array<std::int32_t> lengths, owners;
  py::bytes texts;
  Array<std::int64_t> text_offsets;
  hotwords::Options options;
  hotwords::PhraseTable view;
};

std::unique_ptr<Table> make_table(Array<Unit> units, Array<std::int64_t> offsets,
                                  Array<double> bias, Array<double> word_bias,
                                  Array<std::int32_t> lengths, Array<std::int32_t> owners,
                                  py::bytes texts, Array<std::int64_t> text_offsets, Unit num_units,
                                  Unit boundary, std::vector<bool> starts_word) {
  auto table = std::make_unique<Table>(Table{std::move(units),
                                             std::move(offsets),
                                             std::move(bias),
                                             std::move(word_bias),
                                             std::move(lengths),
                                             std::move(owners),
                                             std::move(texts),
                                             std::move(text_offsets),
                                             {},
                                             {}});
  table->options.num_units = num_units;
  table->options.boundary = boundary;
  table->options.starts_word = std::move(starts_word);
  const std::string_view text(table->texts);
  hotwords::ColumnSizes sizes;
  sizes.offsets = size_of(table->offsets, "offsets");
  sizes.word_bias = size_of(table->word_bias, "word_bias");
  sizes.lengths = size_of(table->lengths, "lengths");
  sizes.owners = size_of(table->owners, "owners");
  sizes.texts = text.size();
  sizes.text_offsets = size_of(table->text_offsets, "text_offsets");
  table->view.num_phrases = size_of(table->bias, "bias");
  table->view.num_units = size_of(table->units, "units");
  table->view.units = table->units.data();
  table->view.offsets = table->offsets.data();
  table->view.bias = table->bias.data();
  table->view.word_bias = table->word_bias.data();
  table->view.lengths = sizes.lengths == 0 ? nullptr : table->lengths.data();
  table->view.owners = table->owners.data();
  table->view.texts = text.data();
  table->view.text_offsets = table->text_offsets.data();
  hotwords::check_columns(table->view, sizes);
  return table;
}

// Held as a pointer to a non-const object because pybind11 wants it so; nothing bound changes it.
std::shared_ptr<Automaton> build(const Table& table, double max_loan) {
  hotwords::Options options = table.options;
  options.max_loan = max_loan;
  py::gil_scoped_release release;
  return std::const_pointer_cast<Automaton>(Automaton::compile(table.view, options));
}

py::array winners(const Table& table) {
  std::vector<std::int32_t> found;
  {
    py::gil_scoped_release release;
    found = hotwords::SortedPhrases(table.view, table.options).winners();
  }
  return to_array(found);
}

py::tuple hidden(const Table& table) {
  hotwords::Hidden found;
  {
    py::gil_scoped_release release;
    found = hotwords::find_hidden(table.view, table.options);
  }
  return py::make_tuple(to_array(found.by), to_array(found.at));
}

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

void register_hotword_tables(py::module_& module) {
  py::class_<Table>(module, "HotwordTable")
      .def(py::init(&make_table), py::kw_only(), py::arg("units"), py::arg("offsets"),
           py::arg("bias"), py::arg("word_bias"), py::arg("lengths"), py::arg("owners"),
           py::arg("texts"), py::arg("text_offsets"), py::arg("num_units"), py::arg("boundary"),
           py::arg("starts_word"))
      .def("automaton", &build, py::kw_only(), py::arg("max_loan"))
      .def("winners", &winners)
      .def("hidden", &hidden);
  py::class_<hotwords::WordSplitter>(module, "WordSplitter")
      .def(py::init(&make_splitter), py::arg("characters"), py::arg("offsets"), py::arg("ids"))
      .def("split", &split, py::arg("characters"), py::arg("offsets"), py::arg("most"));
  module.def("hotword_neighbours", &neighbours, py::arg("units"), py::arg("offsets"),
             py::arg("shortest"));
}

}  // namespace tlg::bindings
