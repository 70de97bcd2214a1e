#include "bindings/hotword_arrays.h"

#include <utility>

#include "hotwords/to_fst.h"

namespace py = pybind11;

namespace tlg::bindings {

using hotwords::Automaton;
using hotwords::Unit;

std::shared_ptr<Automaton> build_automaton(
    const Array<Unit>& units, const Array<std::int64_t>& offsets, const Array<double>& bias,
    const Array<double>& word_bias, const Array<std::int32_t>& lengths, Unit num_units,
    Unit boundary, std::vector<bool> starts_word, double max_loan) {
  hotwords::PhraseTable table;
  table.num_phrases = size_of(bias, "bias");
  table.num_units = size_of(units, "units");
  table.units = units.data();
  table.offsets = offsets.data();
  table.bias = bias.data();
  table.word_bias = word_bias.data();
  hotwords::ColumnSizes sizes;
  sizes.offsets = size_of(offsets, "offsets");
  sizes.word_bias = size_of(word_bias, "word_bias");
  sizes.lengths = size_of(lengths, "lengths");
  if (sizes.lengths > 0) table.lengths = lengths.data();
  hotwords::check_columns(table, sizes);
  const hotwords::Options options{num_units, boundary, std::move(starts_word), max_loan};
  py::gil_scoped_release release;
  return std::const_pointer_cast<Automaton>(Automaton::compile(table, options));
}

std::shared_ptr<fst::Fst> automaton_to_fst(const Automaton& automaton,
                                           const Array<fst::Label>& labels,
                                           std::vector<bool> starts_word, Unit boundary,
                                           fst::Label phi, std::size_t max_arcs) {
  const hotwords::FstForm form{
      std::vector<fst::Label>(labels.data(), labels.data() + size_of(labels, "labels")),
      std::move(starts_word), boundary, phi, max_arcs};
  py::gil_scoped_release release;
  return std::make_shared<fst::Fst>(hotwords::to_fst(automaton, form));
}

double automaton_total(const Automaton& automaton, const Array<Unit>& units) {
  const std::vector<Unit> all(units.data(), units.data() + size_of(units, "units"));
  py::gil_scoped_release release;
  return automaton.total(all);
}

}  // namespace tlg::bindings
