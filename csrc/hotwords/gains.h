// What every unit of a vocabulary would gain in one state: for models that score all next tokens at
// once. Not for: the search, which asks for the units that it looks at.
#pragma once

#include <cstddef>
#include <vector>

#include "hotwords/automaton.h"

namespace tlg::hotwords {

// gains[unit] = what advance(s, unit) returns, for the units 0 .. count - 1. All but the units that
// go on from `s`, or from a state that it falls back to, gain what they do from the root, less one
// constant: only those few are asked for.
std::vector<float> unit_gains(const Automaton& automaton, StateId s, std::size_t count);

}  // namespace tlg::hotwords
