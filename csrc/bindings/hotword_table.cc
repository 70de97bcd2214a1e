#include "bindings/hotword_table.h"

#include <string_view>
#include <utility>

namespace py = pybind11;

namespace tlg::bindings {

using hotwords::Unit;

std::unique_ptr<HotwordTable> make_hotword_table(Array<Unit> units, Array<std::int64_t> offsets,
                                                 Array<double> bias, Array<double> word_bias,
                                                 Array<std::int32_t> lengths,
                                                 Array<std::int32_t> owners, py::bytes texts,
                                                 Array<std::int64_t> text_offsets, Unit num_units,
                                                 Unit boundary, std::vector<bool> starts_word) {
  auto table = std::make_unique<HotwordTable>(HotwordTable{std::move(units),
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

}  // namespace tlg::bindings
