#include "fst/ops.h"

#include <algorithm>
#include <cstdint>
#include <tuple>
#include <vector>

#include "util/error.h"

namespace tlg::fst {

Fst sort_arcs(const Fst& fst) {
  std::vector<State> states(fst.states(), fst.states() + fst.num_states());
  std::vector<Arc> arcs;
  arcs.reserve(fst.num_arcs());
  for (std::size_t s = 0; s < states.size(); ++s) {
    const auto state = static_cast<StateId>(s);
    states[s].arcs = static_cast<std::uint32_t>(arcs.size());
    arcs.insert(arcs.end(), fst.begin(state), fst.end(state));
    std::sort(arcs.begin() + states[s].arcs, arcs.end(), [](const Arc& a, const Arc& b) {
      return std::tie(a.ilabel, a.olabel, a.weight, a.nextstate) <
             std::tie(b.ilabel, b.olabel, b.weight, b.nextstate);
    });
  }
  return make_fst(fst.start(), std::move(states), std::move(arcs));
}

Fst connect(const Fst& fst) {
  const std::size_t count = fst.num_states();
  if (count == 0) return fst;
  std::vector<StateId> reached{fst.start()};
  std::vector<bool> from_start(count, false), to_end(count, false);
  from_start[static_cast<std::size_t>(fst.start())] = true;
  std::vector<std::uint32_t> incoming(count + 1, 0);
  for (std::size_t i = 0; i < reached.size(); ++i)
    for (const Arc* arc = fst.begin(reached[i]); arc != fst.end(reached[i]); ++arc) {
      const auto next = static_cast<std::size_t>(arc->nextstate);
      ++incoming[next + 1];
      if (from_start[next]) continue;
      from_start[next] = true;
      reached.push_back(arc->nextstate);
    }
  for (std::size_t s = 0; s < count; ++s) incoming[s + 1] += incoming[s];
  std::vector<StateId> sources(incoming[count]);
  std::vector<std::uint32_t> next(incoming.begin(), incoming.end() - 1);
  for (const StateId s : reached)
    for (const Arc* arc = fst.begin(s); arc != fst.end(s); ++arc)
      sources[next[static_cast<std::size_t>(arc->nextstate)]++] = s;
  std::vector<StateId> queue;
  for (const StateId s : reached)
    if (fst.final_cost(s) != kInfinity) {
      to_end[static_cast<std::size_t>(s)] = true;
      queue.push_back(s);
    }
  while (!queue.empty()) {
    const auto s = static_cast<std::size_t>(queue.back());
    queue.pop_back();
    for (std::uint32_t i = incoming[s]; i < incoming[s + 1]; ++i) {
      const auto source = static_cast<std::size_t>(sources[i]);
      if (to_end[source]) continue;
      to_end[source] = true;
      queue.push_back(sources[i]);
    }
  }
  if (!to_end[static_cast<std::size_t>(fst.start())]) return FstBuilder().build(kNoState);
  std::vector<StateId> number(count, kNoState);
  StateId kept = 0;
  for (std::size_t s = 0; s < count; ++s)
    if (from_start[s] && to_end[s]) number[s] = kept++;
  FstBuilder builder;
  for (std::size_t s = 0; s < count; ++s) {
    if (number[s] == kNoState) continue;
    const auto state = static_cast<StateId>(s);
    builder.add_state(fst.final_cost(state));
    for (const Arc* arc = fst.begin(state); arc != fst.end(state); ++arc)
      if (const StateId to = number[static_cast<std::size_t>(arc->nextstate)]; to != kNoState)
        builder.add_arc({arc->ilabel, arc->olabel, arc->weight, to});
  }
  return std::move(builder).build(number[static_cast<std::size_t>(fst.start())]);
}

StateId find_input_epsilon_cycle(const Fst& fst) {
  enum : std::uint8_t { kNew, kOpen, kDone };
  std::vector<std::uint8_t> colour(fst.num_states(), kNew);
  struct Frame {
    StateId state;
    const Arc* arc;
  };
  std::vector<Frame> stack;
  for (std::size_t s = 0; s < fst.num_states(); ++s) {
    if (colour[s] != kNew || fst.states()[s].num_input_epsilons == 0) continue;
    colour[s] = kOpen;
    stack.push_back({static_cast<StateId>(s), fst.begin(static_cast<StateId>(s))});
    while (!stack.empty()) {
      Frame& top = stack.back();
      const Arc* const end = fst.end(top.state);
      while (top.arc != end && top.arc->ilabel != 0) ++top.arc;
      if (top.arc == end) {
        colour[static_cast<std::size_t>(top.state)] = kDone;
        stack.pop_back();
        continue;
      }
      const StateId to = (top.arc++)->nextstate;
      std::uint8_t& there = colour[static_cast<std::size_t>(to)];
      if (there == kOpen) return to;
      if (there == kDone) continue;
      there = kOpen;
      stack.push_back({to, fst.begin(to)});
    }
  }
  return kNoState;
}

void check_labels(const Fst& fst, Label max_ilabel, Label max_olabel, const std::string& name) {
  for (std::size_t i = 0; i < fst.num_arcs(); ++i) {
    const Arc& arc = fst.arcs()[i];
    if (arc.ilabel > max_ilabel)
      throw Error(ErrorKind::kGraph,
                  "has the input label " + std::to_string(arc.ilabel) + ", but the tokens end at " +
                      std::to_string(max_ilabel) + " (token id + 1)",
                  "Use the tokens.txt that the graph was built with", name);
    if (arc.olabel > max_olabel)
      throw Error(ErrorKind::kGraph,
                  "has the output label " + std::to_string(arc.olabel) + ", but the words end at " +
                      std::to_string(max_olabel),
                  "Use the words.txt that the graph was built with", name);
  }
}

}  // namespace tlg::fst
