// The phrases of a hotword list in arrays, as _core.HotwordTable holds them. Not for: what is done
// with them.
#pragma once

#include <pybind11/pybind11.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "bindings/arrays.h"
#include "hotwords/automaton.h"
#include "hotwords/phrases.h"

namespace tlg::bindings {

// Phrases in arrays, which Python keeps while they are used here.
struct HotwordTable {
  Array<hotwords::Unit> units;
  Array<std::int64_t> offsets;
  Array<double> bias, word_bias;
  Array<std::int32_t> lengths, owners;
  pybind11::bytes texts;
  Array<std::int64_t> text_offsets;
  hotwords::Options options;
  hotwords::PhraseTable view;
};

// Throws Error where the columns do not fit together.
std::unique_ptr<HotwordTable> make_hotword_table(
    Array<hotwords::Unit> units, Array<std::int64_t> offsets, Array<double> bias,
    Array<double> word_bias, Array<std::int32_t> lengths, Array<std::int32_t> owners,
    pybind11::bytes texts, Array<std::int64_t> text_offsets, hotwords::Unit num_units,
    hotwords::Unit boundary, std::vector<bool> starts_word);

}  // namespace tlg::bindings
