// Hotword automata and arrays: made of them, run over them, written as transducers. Not for: what
// else Python sees of them (register_hotwords.cc).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "bindings/arrays.h"
#include "fst/fst.h"
#include "hotwords/automaton.h"

namespace tlg::bindings {

// Phrases without texts: of those that are worth the same, the first counts. Held as a pointer to a
// non-const object because pybind11 wants it so; nothing bound changes it.
std::shared_ptr<hotwords::Automaton> build_automaton(
    const Array<hotwords::Unit>& units, const Array<std::int64_t>& offsets,
    const Array<double>& bias, const Array<double>& word_bias, const Array<std::int32_t>& lengths,
    hotwords::Unit num_units, hotwords::Unit boundary, std::vector<bool> starts_word,
    double max_loan);

std::shared_ptr<fst::Fst> automaton_to_fst(const hotwords::Automaton& automaton,
                                           const Array<fst::Label>& labels,
                                           std::vector<bool> starts_word, hotwords::Unit boundary,
                                           fst::Label phi, std::size_t max_arcs);

double automaton_total(const hotwords::Automaton& automaton, const Array<hotwords::Unit>& units);

}  // namespace tlg::bindings
