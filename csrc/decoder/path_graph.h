// What paths run over: a search graph, and the words that a list has attached to it. The slow side
// of both under one roof: arcs by number, epsilon arcs, final costs. Not for: the search
// (search_kernel.h asks each by itself).
#pragma once

#include <cstdint>
#include <vector>

#include "decoder/attached_words.h"
#include "decoder/search_graph.h"
#include "decoder/search_state.h"

namespace tlg::decoder {

class PathGraph {
 public:
  using PathArc = SearchGraph::PathArc;
  using ArcRange = SearchGraph::ArcRange;

  // What the hotwords (null: none) have attached is part of it. Neither is owned.
  PathGraph(const SearchGraph& graph, const HotwordUse* hotwords)
      : graph_(&graph), attached_(hotwords != nullptr ? hotwords->attached() : nullptr) {}

  const SearchGraph& graph() const { return *graph_; }
  const GraphOptions& options() const { return graph_->options(); }

  // As SearchGraph has them.
  PathArc path_arc(std::uint32_t arc, std::uint32_t near = 0) const {
    if (is_attached(arc)) return attached_->path_arc(arc);
    return graph_->path_arc(arc, near < graph_->num_lg_states() ? near : 0);
  }
  void prefetch_path_arc(std::uint32_t arc) const { graph_->prefetch_path_arc(arc); }
  PathArc arc_content(std::uint32_t arc) const {
    return is_attached(arc) ? attached_->path_arc(arc) : graph_->arc_content(arc);
  }
  std::int32_t arc_column(std::uint32_t arc) const {
    return is_attached(arc) ? attached_->arc_column(arc) : graph_->arc_column(arc);
  }
  ArcRange arcs_of(std::uint32_t lg_state) const {
    return is_inside(lg_state) ? attached_->arcs_of(lg_state) : graph_->arcs_of(lg_state);
  }
  std::uint32_t hot_arc(std::uint32_t arc) const {
    return is_attached(arc) ? arc : graph_->hot_arc(arc);
  }
  bool is_silent(std::uint32_t arc) const { return !is_attached(arc) && graph_->is_silent(arc); }
  std::uint32_t lg_state(std::uint32_t token_state) const {
    return attached_ != nullptr && attached_->has(token_state) ? attached_->lg_state(token_state)
                                                               : graph_->lg_state(token_state);
  }
  std::uint32_t start_lg_state() const { return graph_->start_lg_state(); }
  std::vector<PathArc> epsilon_arcs(std::uint32_t lg_state) const;
  template <typename Visit>
  void visit_epsilons(std::uint32_t lg_state, const Visit& visit) const {
    if (is_inside(lg_state)) return;
    graph_->visit_epsilons(lg_state, visit);
    visit_slots(lg_state, visit);
  }
  bool only_epsilon_arc(std::uint32_t lg_state, PathArc* arc) const;
  // Epsilon arcs lead to lower levels; an attached word begins at the lowest.
  std::uint32_t level(std::uint32_t lg_state) const;
  double final_cost(std::uint32_t lg_state, const SearchGraph::WordHotwords& hotwords) const;
  float total_final_cost(std::uint32_t lg_state) const {
    return graph_->total_final_cost(lg_state);
  }
  float own_final_cost(std::uint32_t lg_state) const { return graph_->own_final_cost(lg_state); }
  bool has_epsilon_words() const { return graph_->has_epsilon_words(); }

 private:
  bool is_attached(std::uint32_t arc) const {
    return attached_ != nullptr && attached_->has_arc(arc);
  }
  bool is_inside(std::uint32_t lg_state) const {
    return attached_ != nullptr && attached_->has_lg_state(lg_state);
  }
  template <typename Visit>
  void visit_slots(std::uint32_t lg_state, const Visit& visit) const {
    if (attached_ == nullptr || lg_state >= attached_->slots().num_places()) return;
    const Slots& slots = attached_->slots();
    for (const Slots::Slot* slot = slots.begin(lg_state); slot != slots.end(lg_state); ++slot) {
      const PathArc arc = attached_->slot_arc(lg_state, *slot);
      if (arc.cost < std::numeric_limits<double>::infinity()) visit(arc);
    }
  }

  const SearchGraph* graph_;
  const AttachedWords* attached_;
};

}  // namespace tlg::decoder
