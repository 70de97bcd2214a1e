// Words put into the slots of a graph: one prefix tree for each slot word, entered at every slot of
// that word. A token in a tree has to know where its word will lead, so a search sees a copy of the
// trees for each state after a slot (Slots::end_state). The copies exist as numbers alone: state,
// record and arc of copy c are those of copy 0, c times a fixed count further on. Compiled once,
// then const and shared. Not for: what the words are worth as hotwords (hotwords/), their spelling
// (Python).
//
// Numbers, all behind those of the graph:
//   node       slot words' roots, then the insides of the trees, then leaves: one for each unit
//   that
//              a word ends with, in front of the LG state after the slot
//   state      first_state() + copy * num_nodes() + node: a token state or, of a root, the record
//              behind a slot
//   LG state   the same, behind the graph's; that of a leaf is Slots::end_state(copy)
//   hot arc    a node's arcs by unit: what a search looks at first
//   arc        what paths are made of: a hot arc stands for one or more, the cheapest first
#pragma once

#include <cstdint>
#include <memory>
#include <variant>
#include <vector>

#include "decoder/search_graph.h"
#include "decoder/slots.h"

namespace tlg::decoder {

// By word: `slot_words`, `labels` (above all that the graph has), `scores` (nats added to the graph
// score). By pronunciation: how many of `columns` it has, its word, its cost in nats.
struct WordsToAttach {
  std::vector<std::int32_t> slot_words;
  std::vector<fst::Label> labels;
  std::vector<float> scores;
  std::vector<std::int32_t> columns, sizes, owners;
  std::vector<float> costs;
};

class AttachedWords {
 public:
  // Throws Error(kOption): no such word, slot word or column, a column that the graph does not read
  // (blank; GraphOptions::reads_all); more than 2^31 states.
  AttachedWords(std::shared_ptr<const Slots> slots, const WordsToAttach& words);

  const Slots& slots() const { return *slots_; }

  // --- for the search ---

  // Units of the words that no arc of the graph has.
  const std::vector<std::uint32_t>& spare_units() const { return spare_units_; }

  std::uint32_t first_state() const { return first_state_; }
  bool has(std::uint32_t state) const { return state >= first_state_; }
  std::uint32_t num_entries() const { return slots_->num_ends() * slots_->num_words(); }
  // Numbers the records behind slots from 0.
  std::uint32_t entry(std::uint32_t state) const {
    const std::uint32_t at = state - first_state_;
    return at / num_nodes_ * slots_->num_words() + at % num_nodes_;
  }
  // What a slot costs with the first step into its tree, and the record behind it; infinity: the
  // slot has no words.
  float entry_cost(const Slots::Slot& slot) const { return slot.cost + root_costs_[slot.word]; }
  std::uint32_t entry_record(const Slots::Slot& slot) const {
    return first_state_ + slot.end * num_nodes_ + slot.word;
  }
  // What the cheapest way through a slot costs beyond the cheapest way on without, from an LG state
  // below Slots::num_places().
  float extra_cost(std::uint32_t lg_state) const { return extra_costs_[lg_state]; }

  // Of a state. A record's `arcs` are hot arcs of copy 0, or the graph's; see shift().
  template <int W>
  const Record<W>& record(std::uint32_t state) const {
    const std::uint32_t at = state - first_state_, node = at % num_nodes_;
    if (node < num_inner_) return std::get<std::vector<Record<W>>>(records_)[node];
    return slots_->graph().records<W>()[slots_->end_record(at / num_nodes_)];
  }
  std::uint32_t unit(std::uint32_t state) const {
    return units_[(state - first_state_) % num_nodes_];
  }
  // The number of a record's arc less that of copy 0.
  std::uint32_t shift(std::uint32_t state, std::uint32_t record_arcs) const {
    return record_arcs < first_arc_ ? 0 : (state - first_state_) / num_nodes_ * num_hot_arcs_;
  }
  bool has_arc(std::uint32_t arc) const { return arc >= first_arc_; }
  // Of the hot arcs of a record in has_arc(): their units, rising.
  const std::uint32_t* arc_units(std::uint32_t record_arcs) const {
    return hot_units_.data() + (record_arcs - first_arc_);
  }
  // Calls visit(cost, target state | kHasWord, arc) for what a hot arc stands for, rising costs.
  template <typename Visit>
  void visit_arcs(std::uint32_t hot_arc, const Visit& visit) const {
    const std::uint32_t at = hot_arc - first_arc_, copy = at / num_hot_arcs_;
    const std::uint32_t hot = at % num_hot_arcs_;
    for (std::uint32_t a = first_of_hot_[hot]; a < first_of_hot_[hot + 1]; ++a)
      visit(arcs_[a].cost, target(arcs_[a], copy) | (arcs_[a].word != 0 ? kHasWord : 0u),
            first_arc_ + copy * num_arcs() + a);
  }

  // --- for paths ---

  fst::Label arc_word(std::uint32_t arc) const { return arcs_[at_copy_0(arc)].word; }
  std::int32_t arc_column(std::uint32_t arc) const {
    return slots_->graph().columns()[arcs_[at_copy_0(arc)].unit];
  }
  SearchGraph::PathArc path_arc(std::uint32_t arc) const;
  bool has_lg_state(std::uint32_t lg_state) const { return lg_state >= first_lg_state_; }
  std::uint32_t lg_state(std::uint32_t state) const;
  SearchGraph::ArcRange arcs_of(std::uint32_t lg_state) const;
  // The way into a slot, from an LG state that has it.
  SearchGraph::PathArc slot_arc(std::uint32_t source, const Slots::Slot& slot) const {
    return {source, first_lg_state_ + slot.end * num_nodes_ + slot.word, -1, 0, entry_cost(slot)};
  }

 private:
  struct Arc {
    float cost;
    std::uint32_t next;  // node
    std::uint32_t unit;
    fst::Label word;
    std::uint32_t source;  // node
  };
  class Builder;

  std::uint32_t num_arcs() const { return static_cast<std::uint32_t>(arcs_.size()); }
  std::uint32_t at_copy_0(std::uint32_t arc) const { return (arc - first_arc_) % num_arcs(); }
  // Where an arc leads to: into the graph itself, where that has the state.
  std::uint32_t target(const Arc& arc, std::uint32_t copy) const {
    if (arc.next >= num_inner_) {
      const std::uint32_t state = slots_->token_state(copy, arc.unit);
      if (state != Slots::kNone) return state;
    }
    return first_state_ + copy * num_nodes_ + arc.next;
  }

  std::shared_ptr<const Slots> slots_;
  std::uint32_t first_state_ = 0, first_arc_ = 0, first_lg_state_ = 0;
  std::uint32_t num_nodes_ = 0, num_inner_ = 0, num_hot_arcs_ = 0;
  std::variant<std::vector<Record<0>>, std::vector<Record<1>>, std::vector<Record<2>>> records_;
  std::vector<std::uint32_t> units_;          // of each node; of a root none
  std::vector<std::uint32_t> first_of_node_;  // node below num_inner_ -> its first hot arc
  std::vector<std::uint32_t> hot_units_;
  std::vector<std::uint32_t> first_of_hot_;  // hot arc -> its first arc (one more at the end)
  std::vector<Arc> arcs_;
  std::vector<std::uint32_t> spare_units_;
  std::vector<float> root_costs_;  // of each slot word: its cheapest word; infinity: none
  std::vector<float> extra_costs_;
};

}  // namespace tlg::decoder
