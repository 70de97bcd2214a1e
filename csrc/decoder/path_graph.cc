#include "decoder/path_graph.h"

#include <limits>

namespace tlg::decoder {

std::vector<PathGraph::PathArc> PathGraph::epsilon_arcs(std::uint32_t lg_state) const {
  std::vector<PathArc> arcs;
  visit_epsilons(lg_state, [&](const PathArc& arc) { arcs.push_back(arc); });
  return arcs;
}

bool PathGraph::only_epsilon_arc(std::uint32_t lg_state, PathArc* arc) const {
  if (attached_ == nullptr) return graph_->only_epsilon_arc(lg_state, arc);
  int count = 0;
  visit_epsilons(lg_state, [&](const PathArc& one) {
    *arc = one;
    ++count;
  });
  return count == 1;
}

std::uint32_t PathGraph::level(std::uint32_t lg_state) const {
  if (is_inside(lg_state)) return 0;
  const std::uint32_t level = graph_->level(lg_state);
  if (attached_ == nullptr) return level;
  const Slots& slots = attached_->slots();
  const bool has_slots =
      lg_state < slots.num_places() && slots.begin(lg_state) != slots.end(lg_state);
  return level > 0 || has_slots ? level + 1 : 0;
}

double PathGraph::final_cost(std::uint32_t lg_state,
                             const SearchGraph::WordHotwords& hotwords) const {
  if (is_inside(lg_state)) return std::numeric_limits<double>::infinity();
  return graph_->final_cost(lg_state, hotwords);
}

}  // namespace tlg::decoder
