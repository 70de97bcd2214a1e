#include "hotwords/gains.h"

#include <cstdint>

namespace tlg::hotwords {
namespace {

// Where the fallbacks of a state end, and what they cost in all.
struct Base {
  StateId state;
  float cost = 0;
};

Base base_of(const Automaton& automaton, StateId s) {
  Base base{s};
  for (; !automaton.is_base(base.state); base.state = automaton.fallback(base.state))
    base.cost += automaton.fallback_cost(base.state);
  return base;
}

// Calls `visit` with each unit that goes on from `s` or from a state that it falls back to, those
// of the root left out.
template <typename Visit>
void each_way_on(const Automaton& automaton, StateId s, std::size_t count, const Visit& visit) {
  for (; !automaton.is_base(s); s = automaton.fallback(s))
    for (const Unit* unit = automaton.next_units_begin(s); unit != automaton.next_units_end(s);
         ++unit)
      if (static_cast<std::size_t>(*unit) < count) visit(*unit);
}

}  // namespace

std::vector<float> unit_gains(const Automaton& automaton, StateId s, std::size_t count) {
  std::vector<float> gains(count);
  StateId next;
  // Units that bring a boundary with them are read from where that leads.
  StateId behind = s;
  float gain_of_boundary = 0;
  if (!automaton.falls_back_plainly())
    gain_of_boundary = automaton.advance(s, automaton.boundary(), &behind);
  const Base plain = base_of(automaton, s), after = base_of(automaton, behind);
  for (std::size_t u = 0; u < count; ++u) {
    const auto unit = static_cast<Unit>(u);
    // A unit that comes after a boundary brings it along here too: from a base that costs nothing.
    gains[u] = automaton.brings_boundary(unit)
                   ? gain_of_boundary - after.cost + automaton.advance(after.state, unit, &next)
                   : automaton.advance(plain.state, unit, &next) - plain.cost;
  }
  const auto ask = [&](Unit unit) {
    gains[static_cast<std::size_t>(unit)] = automaton.advance(s, unit, &next);
  };
  each_way_on(automaton, s, count, ask);
  if (!automaton.falls_back_plainly()) each_way_on(automaton, behind, count, ask);
  return gains;
}

}  // namespace tlg::hotwords
