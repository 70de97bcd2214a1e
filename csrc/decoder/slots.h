// Where words can be attached to a graph while it is decoded over: the slots of its language model
// (graph/grammar.h), laid out for one search graph. Compiled once, then const and shared. Not for:
// the words themselves (attached_words.h).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "decoder/search_graph.h"
#include "fst/fst.h"
#include "util/bit_set.h"

namespace tlg::decoder {

// The LG states that slots lead to: SearchGraph needs a record for each.
std::vector<std::uint32_t> states_after_slots(const fst::Fst& slots);

class Slots {
 public:
  struct Slot {
    std::uint32_t word;  // which of the model's slot words, from 0
    std::uint32_t end;   // the state after it: end_state(end)
    float cost;          // weighted as arcs of the graph are
  };

  // `slots` as LexiconGraph has them. The graph must outlive the object and must have been made
  // with states_after_slots(slots). Throws Error(kGraph): a state that the graph lacks, a topology
  // that is not kCtc.
  Slots(std::shared_ptr<const SearchGraph> graph, const fst::Fst& slots);

  const SearchGraph& graph() const { return *graph_; }
  std::uint32_t num_words() const { return num_words_; }

  // LG states from this on have neither slots nor epsilon arcs.
  std::uint32_t num_places() const { return static_cast<std::uint32_t>(first_.size()) - 1; }
  // Whether a record is of an LG state below num_places().
  bool is_place(std::uint32_t record) const { return is_place_[record]; }
  // The slots of an LG state below num_places().
  const Slot* begin(std::uint32_t lg_state) const { return slots_.data() + first_[lg_state]; }
  const Slot* end(std::uint32_t lg_state) const { return slots_.data() + first_[lg_state + 1]; }

  std::uint32_t num_ends() const { return static_cast<std::uint32_t>(ends_.size()); }
  std::uint32_t end_state(std::uint32_t end) const { return ends_[end].lg_state; }
  std::uint32_t end_record(std::uint32_t end) const { return ends_[end].record; }
  // The token state of end_state(end) that arcs with this unit enter; kNone: the graph has none.
  std::uint32_t token_state(std::uint32_t end, std::uint32_t unit) const;
  static constexpr std::uint32_t kNone = 0xffffffffu;

  // For each LG state below num_places(): what the cheapest way to a slot and into its word costs
  // beyond the cheapest way on without slots, where `entry` is what each slot word costs to begin
  // (infinity: it cannot).
  std::vector<float> extra_costs(const std::vector<float>& entry) const;

 private:
  struct End {
    std::uint32_t lg_state, record;
    std::uint32_t first_token_state, end_token_state;
  };

  std::shared_ptr<const SearchGraph> graph_;
  std::uint32_t num_words_ = 0;
  std::vector<std::uint32_t> first_;
  std::vector<Slot> slots_;
  std::vector<End> ends_;
  util::BitSet is_place_;
  std::vector<float> min_costs_;         // of each place
  std::vector<std::uint32_t> by_level_;  // the places, those with shorter chains of epsilons first
};

}  // namespace tlg::decoder
