// One frame of the search, on top of its parts (kernel_parts.h). Included by one source file for
// each instruction set (search_*.cc), which defines TLG_ISA (the namespace) and the functions of
// simd.h for it; so: no include guard, no includes.
//
// A token is a pair of costs: `nb` (the last frame was its unit) and `b` (the last frame was
// blank). One step:
//   stay    nb + cost(unit);   blank   min(nb, b) + cost(blank);
//   an arc with unit v starts from min(nb, b), or, when v is the token's own unit, from b alone.
// That is the exact CTC topology. Epsilon arcs are taken only right before an emitting arc
// ("lazily"): waiting behind them costs the same as waiting in front. Source: docs/search.md.

namespace tlg::decoder::TLG_ISA {

constexpr std::size_t kWorkBlock = 64;
constexpr std::size_t kAhead = 4;  // records to fetch in advance

template <int W, bool kCtcTopology, HotwordLabels kHot, bool kAttached = false>
class Kernel : private WaitingPaths<W, kHot, kAttached>,
               private FrameCosts<kCtcTopology>,
               private HotwordWays<W, kHot, kAttached> {
 public:
  explicit Kernel(SearchState& state)
      : WaitingPaths<W, kHot, kAttached>(state),
        FrameCosts<kCtcTopology>(state),
        HotwordWays<W, kHot, kAttached>(state),
        arcs_(graph_.arcs()),
        epsilons_(graph_.epsilons()),
        begins_(state.gains->begins),
        num_units_(graph_.num_units()),
        beam_(state.options.beam) {}

  void run(const Frames& frames) {
    for (std::int32_t t = 0; t < frames.num_frames && !s_.dead; ++t) {
      const bool skipped = skips(frames, t);
      if (kCtcTopology && skipped) {
        score_blank(frames, t);
        pass_blank();
      } else {
        score_units(frames, t, skipped);
        step();
      }
      if (!s_.dead) ++s_.frame;
    }
  }

 private:
  using Paths = WaitingPaths<W, kHot, kAttached>;
  using Tokens = typename Paths::Tokens;
  using Costs = FrameCosts<kCtcTopology>;
  using Costs::blank_cost_;
  using Costs::score_blank;
  using Costs::score_units;
  using Costs::skips;
  using Costs::unit_costs_;
  using Ways = HotwordWays<W, kHot, kAttached>;
  using Paths::is_covered;
  using Paths::wait;
  using Tokens::attached_;
  using Tokens::cut_of_min_active;
  using Tokens::graph_;
  using Tokens::hope;
  using Tokens::is_attached;
  using Tokens::least_way;
  using Tokens::limit_active;
  using Tokens::merge_candidates;
  using Tokens::only_way;
  using Tokens::place_of;
  using Tokens::prefetch_record;
  using Tokens::rebase;
  using Tokens::record_of;
  using Tokens::s_;
  using Tokens::slot_of;
  using Tokens::squeeze;
  using Tokens::steps_at_root_;
  using Ways::find_arc;
  using Ways::has_many_arcs;
  // Whether the unit of an arc alone tells what the automaton does: else the arc may be silent.
  static constexpr bool kSteps = kHot == HotwordLabels::kTokens && kCtcTopology;
  const HotArc* arcs_;
  const EpsilonArc* epsilons_;
  const util::BitSet::View begins_;  // HotwordGains, at hand
  const std::uint32_t num_units_;
  const float beam_;
  float cut_ = kLargest;                  // costs above it cannot survive this frame
  float best_before_ = 0;                 // best cost before this frame
  static constexpr float kSlack = 1e-3f;  // of differences of costs, in float32
  Work work_[kWorkBlock];
  std::size_t num_work_ = 0;
  std::uint32_t shift_ = 0;  // kAttached: from the arcs of the record in hand to those of its copy

  // A frame of blank and nothing else. After the first in a row all costs rise alike.
  void pass_blank() {
    if (!s_.only_blank) {
      limit_active();
      if (kLattice) this->meet_in_tokens();
      for (std::size_t i = 0; i < s_.num_tokens; ++i) {
        if (kLattice)
          s_.b_trace[i] = s_.both_trace[i];
        else if (s_.nb[i] < s_.b[i])
          s_.b_trace[i] = s_.nb_trace[i];
        s_.b[i] = std::min(s_.nb[i], s_.b[i]);
        s_.nb[i] = kCostInfinity;
      }
      s_.only_blank = true;
    }
    s_.offset += blank_cost_;
    rebase();
  }

  void step() {
    limit_active();
    s_.only_blank = false;
    s_.candidates.clear();
    const float* least_costs = unit_costs_;
    if (kSteps) {
      this->take_off(s_.unit_gains, s_.begin_costs.data());
      least_costs = s_.begin_costs.data();
    }
    this->begin_frame(least_costs);
    if (kLattice) {
      s_.waiting.clear();
      s_.waiters.clear();
      this->meet_in_tokens();
    }
    cut_ = kLargest;
    float best_stay = kCostInfinity;
    best_before_ = kCostInfinity;
    if (kCtcTopology)
      best_stay = best_of_staying(s_.nb.data(), s_.b.data(), s_.unit.data(), unit_costs_,
                                  blank_cost_, s_.num_tokens, &best_before_);
    else
      best_before_ = least_of(s_.nb.data(), s_.num_tokens);
    lower_cut(best_stay);
    expand_tokens();
    expand_waiting();
    if (best_stay == kCostInfinity && s_.candidates.empty()) {
      s_.dead = true;
      return;
    }
    if (s_.options.min_active > 0) cut_ = cut_of_min_active(kCtcTopology, unit_costs_, blank_cost_);
    move_in_place();
    merge_candidates(cut_);
    rebase();
  }

  void lower_cut(float cost) {
    if (s_.options.min_active > 0) return;  // cut_of_min_active() decides, when all costs are known
    const float cut = cost + beam_;
    if (cut < cut_) cut_ = cut;
  }

  void expand_tokens() {
    const std::size_t n = s_.num_tokens;
    if (s_.list.size() < n + 16) s_.list.resize(2 * n + 16);  // select() writes whole blocks
    s_.scratch.resize(std::max(s_.scratch.size(), n + 16));
    // Tokens that have a way on within the beam, by the bounds alone: the graph is not touched.
    const std::size_t count =
        select(s_.nb.data(), s_.b.data(), s_.bound.data(), s_.only_unit.data(), unit_costs_, cut_,
               n, s_.scratch.data(), s_.list.data());
    const std::uint32_t* const list = s_.list.data();
    const std::uint32_t* const states = s_.state.data();
    const float *const nbs = s_.nb.data(), *const bs = s_.b.data();
    for (std::size_t j = 0; j < std::min(count, kAhead); ++j) prefetch_record(states[list[j]]);
    for (std::size_t j = 0; j < count; ++j) {
      if (j + kAhead < count) prefetch_record(states[list[j + kAhead]]);
      const std::uint32_t i = list[j];
      const float nb = nbs[i], b = bs[i];
      // Again: the cut has fallen since.
      if (std::min(nb, b) + s_.bound[i] + unit_costs_[s_.only_unit[i]] > cut_) continue;
      const std::uint32_t hotword = kHot == HotwordLabels::kNone ? 0 : s_.hotword[i];
      const std::uint32_t b_trace = s_.b_trace[i];
      const std::uint32_t m_trace = kLattice ? s_.both_trace[i] : nb < b ? s_.nb_trace[i] : b_trace;
      const Record<W>& record = record_of(states[i]);
      const float most = kAttached ? hope(states[i], hotword) : record.min_cost - s_.bound[i];
      expand(states[i], record, {nb, b, s_.unit[i], m_trace, b_trace}, hotword, most, false);
    }
    flush();
  }

  // Epsilon targets, those with the longest chains of epsilon arcs behind them first; the
  // beginnings of attached words, which are behind all others, last.
  void expand_waiting() {
    const std::size_t levels = graph_.max_level();
    for (std::size_t done = 0; done < levels + (kAttached ? 1 : 0); ++done) {
      Buffer<std::uint32_t>& indices = s_.waiting_at[done < levels ? levels - 1 - done : levels];
      if (indices.empty()) continue;
      for (std::size_t j = 0; j < indices.size(); ++j) {
        const Waiting w = s_.waiting[indices[j]];
        const Record<W>& record = record_of(w.record);
        const float way = least_way(w.record, record, w.hotword);
        if (w.m1 + way + unit_costs_[only_way(w.record, record)] > cut_) continue;
        // With lattices, which of its paths go on is seen later (TraceKeeper::resolve).
        const std::uint32_t trace = kLattice ? kInWaiting | indices[j] : w.trace;
        const Place from{w.m1, w.alt, w.r1, trace, kLattice ? trace : w.alt_trace};
        const float most = kAttached ? hope(w.record, w.hotword) : record.min_cost - way;
        expand_apart(w.record, record, from, w.hotword, most, kSteps && is_covered(w));
      }
      indices.clear();
      flush();
    }
    if (!kLattice) s_.waiting.clear();
  }

  // Where a path is.
  struct Place {
    float nb, b;
    std::uint32_t unit, m_trace, b_trace;

    float m() const { return std::min(nb, b); }
  };

  // `most`: hope(). `covered`: only what goes on with the hotword in progress is wanted, and
  // epsilon arcs.
  TLG_ALWAYS_INLINE void expand(std::uint32_t record_number, const Record<W>& record,
                                const Place& from, std::uint32_t hotword, float most,
                                bool covered) {
    take_epsilons(record_number, record, from, hotword, most);
    if (!kSteps)
      take_arcs(record, from, hotword, most);
    else if (s_.hotwords->is_base(hotword))
      take_arcs_of_base(record, from, hotword);
    else
      take_arcs_of_hotword(record, from, hotword, most, covered);
  }

  // The same as a function of its own: for the few.
  TLG_NOINLINE void expand_apart(std::uint32_t record_number, const Record<W>& record,
                                 const Place& from, std::uint32_t hotword, float most,
                                 bool covered) {
    expand(record_number, record, from, hotword, most, covered);
  }

  // What is left for the unit of an arc. Subtraction needs the slack.
  float left_for_unit(const Record<W>& record, const Place& from) const {
    return cut_ - from.m() - record.min_own_cost + kSlack;
  }

  // What arcs gain is seen when they are.
  void take_arcs(const Record<W>& record, const Place& from, std::uint32_t hotword, float most) {
    // An arc that is not the cheapest may gain more than the cheapest does.
    const float gain = most > 0 ? s_.hotwords->max_gain(hotword) : 0;
    each_arc_within(record, unit_costs_, left_for_unit(record, from) + most,
                    cut_ - from.m() + gain + kSlack,
                    [&](std::uint32_t arc, std::uint32_t v) { push(arc, v, from, gain, hotword); });
  }

  // No hotword is in progress: what a unit gains is known beforehand.
  void take_arcs_of_base(const Record<W>& record, const Place& from, std::uint32_t hotword) {
    const bool can_begin = hotword == hotwords::kRoot || !s_.hotwords->falls_back_plainly();
    const UnitStep* steps = hotword == hotwords::kRoot ? s_.from_root : s_.from_inside;
    each_arc_within(record, can_begin ? s_.begin_costs.data() : unit_costs_,
                    left_for_unit(record, from), cut_ - from.m() + kSlack,
                    [&](std::uint32_t arc, std::uint32_t v) {
                      push(arc, v, from, steps[v].gain, steps[v].next);
                    });
  }

  // A hotword is in progress.
  void take_arcs_of_hotword(const Record<W>& record, const Place& from, std::uint32_t hotword,
                            float most, bool covered) {
    const float limit = left_for_unit(record, from);
    if (!(unit_costs_[num_units_] <= limit + most)) return;
    const auto step = [&](std::uint32_t arc, std::uint32_t v) {
      const UnitStep one = this->step_of(hotword, v);
      if (unit_costs_[v] - one.gain <= limit) push(arc, v, from, one.gain, one.next);
    };
    if (!covered && !has_many_arcs(record)) {
      each_arc_within(record, unit_costs_, limit + most, 0, step);
      return;
    }
    // Few of many arcs go on with it: the others are as dear as after falling back.
    const float refund = this->refund_of(hotword);
    const float* costs = s_.begin_costs.data();
    this->each_way_on(hotword, limit + most, [&](std::uint32_t v) {
      if (!covered && costs[v] <= limit - refund) return;  // comes anyway
      const std::uint32_t arc = find_arc(record, v);
      if (arc != kNoTrace) step(arc, v);
    });
    if (!covered)
      each_arc_within(record, costs, limit - refund, cut_ - from.m() - refund + kSlack, step);
  }

  // `most`: that hotwords take off the ways behind them.
  void take_epsilons(std::uint32_t record_number, const Record<W>& record, const Place& from,
                     std::uint32_t hotword, float most) {
    if constexpr (kAttached) {
      shift_ = is_attached(record_number) ? attached_->shift(record_number, record.arcs) : 0;
      if (record.num_epsilons > 0) {
        const float way = least_way(record_number, record, hotword);
        most = way == -kLargest ? kLargest : record.min_cost - way;
      }
      enter_slots(record_number, from.nb, from.b, from.unit, from.m_trace, from.b_trace, hotword);
    }
    const float m = from.m();
    for (std::uint32_t e = record.epsilons; e < record.epsilons + record.num_epsilons; ++e) {
      const EpsilonArc& arc = epsilons_[e];
      // An infinite bound: slots are the only ways on behind it.
      if (m + arc.bound - most + unit_costs_[num_units_] > cut_ &&
          !(kAttached && arc.bound == kCostInfinity))
        continue;
      take_epsilon(arc, from.nb, from.b, from.unit, from.m_trace, from.b_trace, hotword);
    }
  }

  template <typename Visit>
  TLG_ALWAYS_INLINE void each_arc_within(const Record<W>& record, const float* costs, float limit,
                                         float total, const Visit& visit) {
    this->each_arc(record, costs, limit, total, cut_ - best_before_, visit);
  }

  void push(std::uint32_t arc, std::uint32_t v, const Place& from, float gain,
            std::uint32_t hotword) {
    if (!has_attached_arc(arc)) {
      prefetch(&arcs_[arc]);
      if (kHot == HotwordLabels::kWords) {
        // From the root few words matter, and the bits of all fit a cache.
        if (hotword != hotwords::kRoot) graph_.prefetch_word(arc);
      }
    }
    if (kAttached) arc += shift_;
    const bool repeat = v == from.unit;
    work_[num_work_++] = {(repeat ? from.b : from.m()) + unit_costs_[v], gain,    arc,
                          repeat ? from.b_trace : from.m_trace,          hotword, v};
    if (num_work_ == kWorkBlock) flush();
  }

  // Words begin here that the hotword list has attached to the graph.
  void enter_slots(std::uint32_t record, float nb, float b, std::uint32_t unit,
                   std::uint32_t m_trace, std::uint32_t b_trace, std::uint32_t hotword) {
    const std::uint32_t place = place_of(record);
    if (place >= attached_->slots().num_places()) return;
    const float m = std::min(nb, b), gain = s_.hotwords->max_gain(hotword);
    for (auto slot = attached_->slots().begin(place); slot != attached_->slots().end(place);
         ++slot) {
      const float cost = attached_->entry_cost(*slot);
      if (!(m + cost - gain + unit_costs_[num_units_] <= cut_) || !(cost < kCostInfinity)) continue;
      const EpsilonArc arc{cost, cost, attached_->entry_record(*slot), graph_.max_level(), 0};
      wait(arc, cost, nb + cost, b + cost, unit, m_trace, b_trace, hotword);
    }
  }

  bool has_attached_arc(std::uint32_t arc) const { return kAttached && attached_->has_arc(arc); }

  void take_epsilon(const EpsilonArc& arc, float nb, float b, std::uint32_t unit,
                    std::uint32_t m_trace, std::uint32_t b_trace, std::uint32_t hotword) {
    float cost = arc.cost;
    if (kHot == HotwordLabels::kWords && arc.word != 0) {
      std::uint32_t next;
      cost -= s_.hotwords->advance(hotword, arc.word, &next);
      hotword = next;
    }
    wait(arc, cost, nb + cost, b + cost, unit, m_trace, b_trace, hotword);
  }

  void flush() {
    for (std::size_t i = 0; i < num_work_; ++i) {
      const Work& work = work_[i];
      if constexpr (kAttached)
        if (has_attached_arc(work.arc)) {
          flush_attached(work);
          continue;
        }
      const HotArc arc = arcs_[work.arc];
      const float cost = work.cost + arc.cost;
      float most = arc_hope(work, arc.target);
      if (!(cost - most <= cut_)) continue;
      if (most > 0 && (!(cost <= cut_) || (arc.target & kIsGroup)) && !begins_or_goes_on(work)) {
        most = 0;
        if (!(cost <= cut_)) continue;
      }
      if (arc.target & kIsGroup) {
        const std::uint32_t* group = graph_.groups() + (arc.target & kTargetMask);
        for (std::uint32_t g = group[0]; g < group[1]; ++g) {
          const GroupArc& member = graph_.group_arcs()[g];
          const float member_cost = work.cost + member.cost;
          if (!(member_cost - most <= cut_)) break;  // rising costs
          add_candidate(work, member_cost, member.target, graph_.group_arc_number(g));
        }
      } else {
        add_candidate(work, cost, arc.target, work.arc);
      }
    }
    num_work_ = 0;
  }

  void flush_attached(const Work& work) {
    attached_->visit_arcs(work.arc, [&](float arc_cost, std::uint32_t target, std::uint32_t arc) {
      const float cost = work.cost + arc_cost;
      if (cost - work.gain <= cut_) add_candidate(work, cost, target, arc);
    });
  }

  // The most that an arc can gain.
  float arc_hope(const Work& work, std::uint32_t target) const {
    if (kHot == HotwordLabels::kNone) return 0;
    if (kHot == HotwordLabels::kWords) return (target & (kHasWord | kIsGroup)) ? work.gain : 0;
    if (!kSteps && work.hotword == hotwords::kRoot) return s_.unit_gains[work.unit];
    return work.gain;
  }

  // Of an arc with words, whether one of them can gain: a look that most need not have.
  bool begins_or_goes_on(const Work& work) const {
    return kHot != HotwordLabels::kWords || work.hotword != hotwords::kRoot || begins_[work.arc];
  }

  void add_candidate(const Work& work, float cost, std::uint32_t target, std::uint32_t arc) {
    std::uint32_t hotword = kHot == HotwordLabels::kNone ? 0 : work.hotword;
    const std::uint32_t state = target & kTargetMask;
    if (kSteps) {
      cost -= work.gain;
    } else if (kHot == HotwordLabels::kTokens) {
      const std::int32_t column = graph_.columns()[work.unit];
      if (column != s_.neutral && (target & kIsSilent) == 0)
        cost -= s_.hotwords->advance(hotword, column, &hotword);
      if (!(cost <= cut_)) return;
    } else if (kHot == HotwordLabels::kWords && (target & kHasWord) != 0 &&
               (hotword != hotwords::kRoot || has_attached_arc(arc) || begins_[arc])) {
      const fst::Label word =
          has_attached_arc(arc) ? attached_->arc_word(arc) : graph_.arc_word(arc);
      cost -= s_.hotwords->advance(hotword, word, &hotword);
      if (!(cost <= cut_)) return;
    }
    if (!(cost < kCostInfinity)) return;
    prefetch(&s_.slot[slot_of(state)]);
    prefetch_record(state);
    if (kHot != HotwordLabels::kNone && hotword == hotwords::kRoot && !is_attached(state))
      prefetch(&steps_at_root_[state]);
    s_.candidates.push({cost, state, hotword, work.trace, arc});
    lower_cut(cost);
  }

  void move_in_place() {
    if (!kCtcTopology) {
      s_.num_tokens = 0;
      return;
    }
    if (kLattice)
      for (std::size_t i = 0; i < s_.num_tokens; ++i) {
        s_.b[i] = std::min(s_.nb[i], s_.b[i]);
        s_.b_trace[i] = s_.both_trace[i];
      }
    const std::size_t dead = stay(s_.nb.data(), s_.b.data(), s_.unit.data(), s_.nb_trace.data(),
                                  s_.b_trace.data(), unit_costs_, blank_cost_, cut_, s_.num_tokens);
    if (dead > 0 && (!s_.candidates.empty() || 2 * dead > s_.num_tokens)) squeeze(kLargest);
  }
};

}  // namespace tlg::decoder::TLG_ISA
