#include "decoder/slots.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "util/error.h"

namespace tlg::decoder {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

}  // namespace

std::vector<std::uint32_t> states_after_slots(const fst::Fst& slots) {
  std::vector<std::uint32_t> states;
  for (std::size_t i = 0; i < slots.num_arcs(); ++i)
    states.push_back(static_cast<std::uint32_t>(slots.arcs()[i].nextstate));
  std::sort(states.begin(), states.end());
  states.erase(std::unique(states.begin(), states.end()), states.end());
  return states;
}

Slots::Slots(std::shared_ptr<const SearchGraph> graph, const fst::Fst& slots)
    : graph_(std::move(graph)) {
  const SearchGraph& g = *graph_;
  if (g.options().topology != Topology::kCtc)
    throw Error(ErrorKind::kGraph, "words can be attached to a graph without a topology of its own",
                "Build it with topology='implicit'");
  if (slots.num_states() > g.num_lg_states())
    throw Error(ErrorKind::kGraph,
                "slots.fst has " + std::to_string(slots.num_states()) + " states, the graph " +
                    std::to_string(g.num_lg_states()),
                "Build the graph again");
  for (const std::uint32_t state : states_after_slots(slots)) {
    const auto [begin, end] = g.token_states(state);
    ends_.push_back({state, g.epsilon_record(state), begin, end});
  }
  const auto end_of = [this](std::uint32_t state) {
    const auto at = std::lower_bound(
        ends_.begin(), ends_.end(), state,
        [](const End& one, std::uint32_t wanted) { return one.lg_state < wanted; });
    return static_cast<std::uint32_t>(at - ends_.begin());
  };
  const std::uint32_t places =
      std::max(g.num_special(), static_cast<std::uint32_t>(slots.num_states()));
  first_.assign(1, 0);
  for (std::uint32_t s = 0; s < places; ++s) {
    if (s < slots.num_states())
      for (const fst::Arc* arc = slots.begin(static_cast<fst::StateId>(s));
           arc != slots.end(static_cast<fst::StateId>(s)); ++arc) {
        const auto word = static_cast<std::uint32_t>(arc->ilabel - 1);
        slots_.push_back({word, end_of(static_cast<std::uint32_t>(arc->nextstate)),
                          g.options().lm_weight * arc->weight});
        num_words_ = std::max(num_words_, word + 1);
      }
    first_.push_back(static_cast<std::uint32_t>(slots_.size()));
  }
  is_place_ = util::BitSet(g.num_records());
  min_costs_.assign(places, kInfinity);
  for (std::uint32_t r = 0; r < g.num_records(); ++r) {
    if (g.lg_state(r) >= places) continue;
    is_place_.set(r);
    min_costs_[g.lg_state(r)] = g.min_cost(r);
  }
  for (std::uint32_t s = 0; s < places; ++s)
    if (g.level(s) > 0 || first_[s] != first_[s + 1]) by_level_.push_back(s);
  std::stable_sort(by_level_.begin(), by_level_.end(),
                   [&g](std::uint32_t a, std::uint32_t b) { return g.level(a) < g.level(b); });
}

std::uint32_t Slots::token_state(std::uint32_t end, std::uint32_t unit) const {
  // Their units rise, but for the first.
  const auto [lg_state, record, begin, last] = ends_[end];
  if (begin == last) return kNone;
  if (graph_->unit_of_state(begin) == unit) return begin;
  std::uint32_t low = begin + 1, high = last;
  while (low < high) {
    const std::uint32_t middle = low + (high - low) / 2;
    if (graph_->unit_of_state(middle) < unit)
      low = middle + 1;
    else
      high = middle;
  }
  return low < last && graph_->unit_of_state(low) == unit ? low : kNone;
}

std::vector<float> Slots::extra_costs(const std::vector<float>& entry) const {
  std::vector<float> cheapest(num_places(), kInfinity);
  for (const std::uint32_t s : by_level_) {
    for (const Slot* slot = begin(s); slot != end(s); ++slot)
      cheapest[s] = std::min(cheapest[s], slot->cost + entry[slot->word]);
    graph_->visit_epsilons(s, [&](const SearchGraph::PathArc& arc) {
      // Only places have epsilon arcs or slots.
      if (arc.target < num_places())
        cheapest[s] = std::min(cheapest[s], static_cast<float>(arc.cost) + cheapest[arc.target]);
    });
  }
  for (std::uint32_t s = 0; s < num_places(); ++s)
    if (cheapest[s] < kInfinity)
      cheapest[s] = min_costs_[s] < kInfinity ? cheapest[s] - min_costs_[s] : -kInfinity;
  return cheapest;
}

}  // namespace tlg::decoder
