#include "fst/fst.h"

#include <cmath>
#include <limits>
#include <string>

#include "util/error.h"

namespace tlg::fst {
namespace {

struct Arrays {
  std::vector<State> states;
  std::vector<Arc> arcs;
};

// A state has its number in 31 bits and names its first arc in 32.
void check_counts(std::size_t states, std::size_t arcs) {
  if (states >= static_cast<std::size_t>(std::numeric_limits<StateId>::max()) ||
      arcs > std::numeric_limits<std::uint32_t>::max())
    throw Error(ErrorKind::kGraph, "has more states or arcs than a graph can number",
                "Prune the language model: tlg lm prune");
}

[[noreturn]] void broken(const std::string& what) {
  throw Error(ErrorKind::kGraph, "corrupt transducer: " + what, "Build it again");
}

[[noreturn]] void arcs_beyond_the_end(std::size_t state) {
  broken("state " + std::to_string(state) + " has arcs beyond the end of the arcs");
}

bool is_cost(float weight) { return weight > -kInfinity; }  // false for NaN as well

}  // namespace

void Fst::check() const {
  if (num_states_ == 0) {
    if (start_ != kNoState || num_arcs_ != 0) broken("no states, but a start state or arcs");
    return;
  }
  const auto count = static_cast<std::int64_t>(num_states_);
  if (start_ < 0 || start_ >= count)
    broken("start state " + std::to_string(start_) + " of " + std::to_string(count));
  std::size_t owned = 0;  // arcs of the states so far
  bool in_order = true;   // and they are the first ones
  for (std::size_t s = 0; s < num_states_; ++s) {
    const State& state = states_[s];
    const auto where = [s] { return "state " + std::to_string(s); };
    if (!is_cost(state.final_cost)) broken(where() + " has a final cost that is NaN or -infinity");
    if (state.arcs > num_arcs_ || state.num_arcs > num_arcs_ - state.arcs) arcs_beyond_the_end(s);
    in_order = in_order && (state.num_arcs == 0 || state.arcs == owned);
    owned += state.num_arcs;
    std::uint32_t input_epsilons = 0, output_epsilons = 0;
    const Arc* const last = arcs_ + state.arcs + state.num_arcs;
    for (const Arc* arc = arcs_ + state.arcs; arc != last; ++arc) {
      if (arc->nextstate < 0 || arc->nextstate >= count)
        broken(where() + " has an arc to state " + std::to_string(arc->nextstate) + " of " +
               std::to_string(count));
      if (arc->ilabel < 0 || arc->olabel < 0) broken(where() + " has a negative label");
      if (!is_cost(arc->weight)) broken(where() + " has an arc whose cost is NaN or -infinity");
      input_epsilons += arc->ilabel == 0;
      output_epsilons += arc->olabel == 0;
    }
    if (state.num_input_epsilons != input_epsilons || state.num_output_epsilons != output_epsilons)
      broken(where() + " has a wrong count of epsilon arcs");
  }
  if (owned != num_arcs_)
    broken(std::to_string(num_arcs_) + " arcs, of which the states have " + std::to_string(owned));
  // Some walk the arcs without their states; two states that share arcs leave others to nobody.
  for (std::size_t i = 0; i < num_arcs_ && !in_order; ++i)
    if (const Arc& arc = arcs_[i]; arc.nextstate < 0 || arc.nextstate >= count || arc.ilabel < 0 ||
                                   arc.olabel < 0 || !is_cost(arc.weight))
      broken("arc " + std::to_string(i) + ", which no state has, is none");
}

Fst make_fst(StateId start, std::vector<State> states, std::vector<Arc> arcs) {
  for (State& state : states) {
    if (state.arcs > arcs.size() || state.num_arcs > arcs.size() - state.arcs)
      arcs_beyond_the_end(static_cast<std::size_t>(&state - states.data()));
    state.num_input_epsilons = state.num_output_epsilons = 0;
    for (std::uint32_t i = state.arcs; i < state.arcs + state.num_arcs; ++i) {
      state.num_input_epsilons += arcs[i].ilabel == 0;
      state.num_output_epsilons += arcs[i].olabel == 0;
    }
  }
  auto arrays = std::make_shared<Arrays>(Arrays{std::move(states), std::move(arcs)});
  return Fst(arrays->states.empty() ? kNoState : start, arrays->states.data(),
             arrays->states.size(), arrays->arcs.data(), arrays->arcs.size(), arrays);
}

StateId FstBuilder::add_state(float final_cost) {
  check_counts(states_.size(), arcs_.size());
  states_.push_back({final_cost, static_cast<std::uint32_t>(arcs_.size()), 0, 0, 0});
  return static_cast<StateId>(states_.size() - 1);
}

void FstBuilder::add_arc(const Arc& arc) {
  arcs_.push_back(arc);
  ++states_.back().num_arcs;
}

void FstBuilder::reserve(std::size_t states, std::size_t arcs) {
  states_.reserve(states);
  arcs_.reserve(arcs);
}

Fst FstBuilder::build(StateId start) && {
  check_counts(states_.size(), arcs_.size());
  return make_fst(start, std::move(states_), std::move(arcs_));
}

}  // namespace tlg::fst
