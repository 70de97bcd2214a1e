// Which arcs of a state are worth a look in this frame. With mask words that is one comparison per
// state (search_kernel.h); with more units than masks hold, it is done here. Part of the search
// kernel and included like it (see search_kernel.h); so: no include guard, no includes.
//
// Few arcs: their units' costs are gathered and compared. Many arcs: the frame has a short list of
// its cheap units, found by a pass over all; each is looked up among the state's arcs. All other
// units cost more than the list's limit, so that only the state's cheapest arcs can take them:
// these come first in the order of cost.

namespace tlg::decoder::TLG_ISA {

template <int W, HotwordLabels kHot, bool kAttached>
class ArcFinder {
 protected:
  // Of units; the larger one is for those that begin a hotword.
  struct Limits {
    float all, begins;
  };

  explicit ArcFinder(SearchState& state) : state_(state), graph_(*state.graph) {}

  void begin_frame() { has_cheap_units_ = false; }

  // The arc of a record with unit v, or kNoTrace.
  std::uint32_t find_arc(const Record<W>& record, std::uint32_t v) const {
    if constexpr (W > 0) {
      const std::uint64_t word = record.mask[v >> 6], bit = std::uint64_t{1} << (v & 63);
      if ((word & bit) == 0) return kNoTrace;
      return record.arcs + (v >= 64 ? popcount(record.mask[0]) : 0) + popcount(word & (bit - 1));
    } else {
      if (record.num_arcs > kFewArcs && !is_attached(record)) {
        const ManyArcs& many = graph_.many_arcs()[record.detail];
        if (many.blocks != kNoTrace) {
          const UnitBlock& block = graph_.unit_blocks()[many.blocks + (v >> 6)];
          const std::uint64_t bit = std::uint64_t{1} << (v & 63);
          return (block.units & bit) != 0 ? block.arcs + popcount(block.units & (bit - 1))
                                          : kNoTrace;
        }
      }
      const std::uint32_t* units = units_of(record);
      const std::uint32_t* end = units + record.num_arcs;
      const std::uint32_t* at = std::lower_bound(units, end, v);
      return at != end && *at == v ? record.arcs + static_cast<std::uint32_t>(at - units)
                                   : kNoTrace;
    }
  }

  // W = 0: calls push(arc, unit) for the arcs whose unit is within the limits and that, together
  // with it, are within `total`, and maybe for others. `widest`: what any token has left for an arc
  // and its unit.
  template <typename Push>
  void each_arc(const Record<W>& record, const Limits& limits, float total, float widest,
                const Push& push) {
    const float* costs = state_.unit_costs.data();
    const std::uint32_t* units = units_of(record);
    const float most = std::max(limits.all, limits.begins);
    if (record.num_arcs <= kFewArcs || is_attached(record)) {
      for (std::uint32_t a = 0; a < record.num_arcs; a += 16) {
        std::uint32_t within = listed_below(costs, units + a, record.num_arcs - a, most);
        for (; within != 0; within &= within - 1) {
          const std::uint32_t at = a + lowest_bit(within);
          if (costs[units[at]] <= limit_of(units[at], limits)) push(record.arcs + at, units[at]);
        }
      }
      return;
    }
    if (!has_cheap_units_) find_cheap_units(widest);
    for (std::uint32_t i = 0; i < num_cheap_; i += 16) {
      std::uint64_t within = mask_below(state_.cheap_costs.data() + i, most, 16);
      for (; within != 0; within &= within - 1) {
        const std::uint32_t v = state_.cheap_units[i + lowest_bit(within)];
        if (!(costs[v] <= limit_of(v, limits))) continue;
        const std::uint32_t arc = find_arc(record, v);
        if (arc != kNoTrace) push(arc, v);
      }
    }
    if (!(record.min_own_cost <= total - cheap_limit_)) return;
    const CostedArc* arc = graph_.arcs_by_cost() + graph_.many_arcs()[record.detail].by_cost;
    for (const CostedArc* end = arc + record.num_arcs; arc != end; ++arc) {
      if (!(arc->cost <= total - cheap_limit_)) return;
      const std::uint32_t v = units[arc->arc - record.arcs];
      if (costs[v] <= cheap_limit_ || !(costs[v] <= limit_of(v, limits))) continue;
      if (costs[v] + arc->cost <= total) push(arc->arc, v);
    }
  }

  float limit_of(std::uint32_t v, const Limits& limits) const {
    if (kHot != HotwordLabels::kTokens) return limits.all;
    return state_.begins_hotword[v] != 0 ? limits.begins : limits.all;
  }

 private:
  bool is_attached(const Record<W>& record) const {
    return kAttached && state_.attached->has_arc(record.arcs);
  }
  const std::uint32_t* units_of(const Record<W>& record) const {
    return is_attached(record) ? state_.attached->arc_units(record.arcs)
                               : graph_.arc_units() + record.arcs;
  }

  // Any limit would do: a low one makes a short list, a high one leaves fewer arcs to go through by
  // cost. Many networks give all units but a few the same small rest: no list should hold those.
  void find_cheap_units(float widest) {
    const float least = state_.unit_costs[graph_.num_units()];
    cheap_limit_ = widest - graph_.usual_arc_cost();
    for (int tries = 0;; ++tries) {
      num_cheap_ = static_cast<std::uint32_t>(
          list_below(state_.unit_costs.data(), cheap_limit_, graph_.num_units(),
                     state_.cheap_units.data(), state_.cheap_costs.data()));
      if (num_cheap_ <= kShortList || tries == 8) break;
      cheap_limit_ -= (cheap_limit_ - least) / 4;
    }
    std::fill_n(state_.cheap_costs.data() + num_cheap_, 16, kCostInfinity);
    has_cheap_units_ = true;
  }

  static constexpr std::uint32_t kShortList = 64;

  SearchState& state_;
  const SearchGraph& graph_;
  float cheap_limit_ = 0;  // all units up to it are listed
  std::uint32_t num_cheap_ = 0;
  bool has_cheap_units_ = false;
};

}  // namespace tlg::decoder::TLG_ISA
