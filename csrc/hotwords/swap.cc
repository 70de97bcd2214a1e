#include "hotwords/swap.h"

#include <vector>

namespace tlg::hotwords {

const Swap::Undecided& Swap::undecided_of(StateId s) {
  const auto [at, is_new] = undecided_.try_emplace(s);
  Undecided& found = at->second;
  if (!is_new || before_ == nullptr) return found;
  const std::vector<Unit> units = before_->undecided(s);
  // Along the fallback arcs from `s`, to the last that carries a match: the same matches.
  const std::vector<Match> matches = before_->find_in(units, {false, true});
  for (const Match& match : matches) found.reward += match.reward;
  std::ptrdiff_t decided = 0;
  if (!matches.empty()) {
    decided = matches.back().end;
    const auto next = static_cast<std::size_t>(decided);
    // The boundary that completes a match goes with it.
    if (next < units.size() && units[next] == before_->boundary()) ++decided;
  }
  if (reads_again_) found.units.assign(units.begin() + decided, units.end());
  found.potential = before_->potential(s);
  return found;
}

Handover Swap::of(StateId s, bool in_word) {
  in_word = in_word && asks_what_came_before();
  const auto [at, is_new] = handovers_.try_emplace({s, in_word});
  Handover& found = at->second;
  if (!is_new) return found;
  const Undecided& before = undecided_of(s);
  found.gain = static_cast<float>(before.reward) - before.potential;
  found.num_read = before.units.size();
  found.starts_inside = in_word;
  if (after_ == nullptr) return found;
  found.state = in_word ? after_->inside_word() : kRoot;
  for (const Unit unit : before.units)
    found.gain += after_->advance(found.state, unit, &found.state);
  return found;
}

}  // namespace tlg::hotwords
