// Where tokens move the automaton: which units go on with a hotword in progress, and what the
// others lose. Part of the search kernel and included like it (see search_kernel.h); so: no include
// guard, no includes.

namespace tlg::decoder::TLG_ISA {

template <int W, HotwordLabels kHot, bool kAttached>
class HotwordWays : protected ArcFinder<W, kHot, kAttached> {
 protected:
  explicit HotwordWays(SearchState& state)
      : ArcFinder<W, kHot, kAttached>(state), state_(state), graph_(*state.graph) {}

  UnitStep step_of(hotwords::StateId hotword, std::uint32_t v) const {
    if (hotword < state_.num_listed) return state_.steps[hotword * graph_.num_units() + v];
    UnitStep one{0, hotword};
    const std::int32_t column = graph_.columns()[v];
    if (column != state_.neutral) one.gain = state_.hotwords->advance(hotword, column, &one.next);
    return one;
  }

  // What a path loses at least with a unit that does not go on with its hotword, beside what the
  // unit gains from the root.
  float refund_of(hotwords::StateId hotword) const {
    const float refund = fallbacks_of(hotword);
    if (state_.hotwords->falls_back_plainly()) return refund;
    hotwords::StateId behind;
    const float gain = state_.hotwords->advance(hotword, state_.hotwords->boundary(), &behind);
    return std::min(refund, fallbacks_of(behind) - gain);
  }

  // Calls visit(unit) for the units that go on with the hotword, or with one that it falls back to,
  // and cost no more than the limit; a unit can come twice.
  template <typename Visit>
  void each_way_on(hotwords::StateId hotword, float limit, const Visit& visit) const {
    const auto take = [&](std::int32_t column) {
      const std::uint32_t v = graph_.unit_of_column(column);
      if (v < graph_.num_units() && state_.unit_costs[v] <= limit) visit(v);
    };
    if (state_.neutral >= 0) take(state_.neutral);
    each_way_on(hotword, take);
    if (state_.hotwords->falls_back_plainly()) return;
    hotwords::StateId behind;
    state_.hotwords->advance(hotword, state_.hotwords->boundary(), &behind);
    each_way_on(behind, take);
  }

 private:
  float fallbacks_of(hotwords::StateId hotword) const {
    float cost = 0;
    for (; !state_.hotwords->is_base(hotword); hotword = state_.hotwords->fallback(hotword))
      cost += state_.hotwords->fallback_cost(hotword);
    return cost;
  }

  template <typename Visit>
  void each_way_on(hotwords::StateId hotword, const Visit& visit) const {
    const hotwords::Automaton& automaton = *state_.hotwords;
    for (hotwords::StateId h = hotword; !automaton.is_base(h); h = automaton.fallback(h))
      for (const auto* at = automaton.next_units_begin(h); at != automaton.next_units_end(h); ++at)
        visit(*at);
  }

  SearchState& state_;
  const SearchGraph& graph_;
};

}  // namespace tlg::decoder::TLG_ISA
