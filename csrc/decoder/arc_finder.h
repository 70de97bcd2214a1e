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
  explicit ArcFinder(SearchState& state) : state_(state), graph_(*state.graph) {}

  // `least_costs`: of units in this frame, whatever hotwords take off them.
  void begin_frame(const float* least_costs) {
    has_cheap_units_ = false;
    least_costs_ = least_costs;
  }

  // The arc of a record with unit v, or kNoTrace.
  std::uint32_t find_arc(const Record<W>& record, std::uint32_t v) const {
    if constexpr (W > 0) {
      const std::uint64_t word = record.mask[v >> 6], bit = std::uint64_t{1} << (v & 63);
      if ((word & bit) == 0) return kNoTrace;
      return record.arcs + (v >= 64 ? popcount(record.mask[0]) : 0) + popcount(word & (bit - 1));
    } else {
      if (has_many_arcs(record)) {
        if (v >= graph_.num_used_units()) return kNoTrace;
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

  // Calls push(arc, unit) for the arcs whose unit costs no more than the limit and, W = 0, with the
  // arc no more than `total`; with W = 0 maybe for others. `costs`: of units, at least those of
  // begin_frame(). `widest`: what any token has left for an arc and its unit.
  template <typename Push>
  TLG_ALWAYS_INLINE void each_arc(const Record<W>& record, const float* costs, float limit,
                                  float total, float widest, const Push& push) {
    if constexpr (W > 0) {
      std::uint32_t before = record.arcs;
      for (std::uint32_t first = 0; first < 64 * W; first += 64) {
        const std::uint64_t mask = record.mask[first / 64];
        std::uint64_t rest = mask & mask_below(costs + first, limit, graph_.num_units() - first);
        for (; rest != 0; rest &= rest - 1) {
          const std::uint32_t bit = lowest_bit(rest);
          push(before + popcount(mask & ((std::uint64_t{1} << bit) - 1)), first + bit);
        }
        before += W > 1 ? popcount(mask) : 0;
      }
    } else {
      each_listed_arc(record, costs, limit, total, widest, push);
    }
  }

  // All units whose least cost is within the limit, if that is at most cheap_limit(), and maybe
  // others.
  template <typename Visit>
  void each_cheap_unit(float limit, const Visit& visit) const {
    for (std::uint32_t i = 0; i < num_cheap_; i += 16) {
      std::uint64_t within = mask_below(state_.cheap_costs.data() + i, limit, 16);
      for (; within != 0; within &= within - 1) visit(state_.cheap_units[i + lowest_bit(within)]);
    }
  }

  bool has_many_arcs(const Record<W>& record) const {
    if constexpr (W > 0)
      return false;
    else
      return record.num_arcs > kFewArcs && !is_attached(record);
  }

  // W = 0: makes each_cheap_unit() ready for this frame.
  void list_cheap_units(float widest) {
    if (!has_cheap_units_) find_cheap_units(widest);
  }
  float cheap_limit() const { return cheap_limit_; }

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
          list_below(least_costs_, cheap_limit_, graph_.num_used_units(), state_.cheap_units.data(),
                     state_.cheap_costs.data()));
      if (num_cheap_ <= kShortList || tries == 8) break;
      cheap_limit_ -= (cheap_limit_ - least) / 4;
    }
    std::fill_n(state_.cheap_costs.data() + num_cheap_, 16, kCostInfinity);
    has_cheap_units_ = true;
  }

  template <typename Push>
  void each_listed_arc(const Record<W>& record, const float* costs, float limit, float total,
                       float widest, const Push& push) {
    const std::uint32_t* units = units_of(record);
    if (!has_many_arcs(record)) {
      for (std::uint32_t a = 0; a < record.num_arcs; a += 16) {
        std::uint32_t within = listed_below(costs, units + a, record.num_arcs - a, limit);
        for (; within != 0; within &= within - 1) {
          const std::uint32_t at = a + lowest_bit(within);
          push(record.arcs + at, units[at]);
        }
      }
      return;
    }
    list_cheap_units(widest);
    each_cheap_unit(limit, [&](std::uint32_t v) {
      if (!(costs[v] <= limit)) return;
      const std::uint32_t arc = find_arc(record, v);
      if (arc != kNoTrace) push(arc, v);
    });
    if (!(record.min_own_cost <= total - cheap_limit_)) return;
    const CostedArc* arc = graph_.arcs_by_cost() + graph_.many_arcs()[record.detail].by_cost;
    for (const CostedArc* end = arc + record.num_arcs; arc != end; ++arc) {
      if (!(arc->cost <= total - cheap_limit_)) return;
      const std::uint32_t v = units[arc->arc - record.arcs];
      if (least_costs_[v] <= cheap_limit_ || !(costs[v] <= limit)) continue;
      if (costs[v] + arc->cost <= total) push(arc->arc, v);
    }
  }

  static constexpr std::uint32_t kShortList = 64;

  SearchState& state_;
  const SearchGraph& graph_;
  const float* least_costs_ = nullptr;
  float cheap_limit_ = 0;  // all units up to it are listed
  std::uint32_t num_cheap_ = 0;
  bool has_cheap_units_ = false;
};

}  // namespace tlg::decoder::TLG_ISA
