// The tokens of a search: found by state, added, dropped, kept in flat arrays. Part of the search
// kernel and included like it (see search_kernel.h); so: no include guard, no includes.

namespace tlg::decoder::TLG_ISA {

constexpr float kCostInfinity = std::numeric_limits<float>::infinity();
constexpr float kLargest = std::numeric_limits<float>::max();

// Invariant: no two tokens share state and hotword state; the tokens of a state are chained, rising
// indices behind falling ones, from slot[state].
//
// kAttached: states and records from AttachedWords::first_state() on are of words that the hotword
// list has attached to the graph.
template <int W, HotwordLabels kHot, bool kAttached>
class TokenSet : protected TraceKeeper {
 protected:
  explicit TokenSet(SearchState& state)
      : TraceKeeper(state),
        s_(state),
        graph_(*state.graph),
        attached_(state.attached),
        records_(graph_.template records<W>()),
        steps_at_root_(state.gains->steps_at_root.data()),
        gain_step_(state.gains->step) {}

  SearchState& s_;
  const SearchGraph& graph_;
  const AttachedWords* attached_;
  const Record<W>* records_;
  const std::uint8_t* const steps_at_root_;  // HotwordGains, at hand
  const float gain_step_;

  bool is_attached(std::uint32_t state) const { return kAttached && attached_->has(state); }
  const Record<W>& record_of(std::uint32_t state) const {
    return is_attached(state) ? attached_->template record<W>(state) : records_[state];
  }
  void prefetch_record(std::uint32_t state) const {
    if (!is_attached(state)) prefetch(&records_[state]);
  }
  std::uint32_t unit_of(std::uint32_t state) const {
    return is_attached(state) ? attached_->unit(state) : std::uint32_t{records_[state].unit};
  }
  std::uint32_t slot_of(std::uint32_t state) const {
    return kAttached ? SearchState::slot_of(graph_, state) : state;
  }
  // An LG state that may have slots, or one beyond all that do.
  std::uint32_t place_of(std::uint32_t record) const {
    if (attached_->has(record)) return attached_->lg_state(record);
    return attached_->slots().is_place(record) ? graph_.lg_state(record) : ~std::uint32_t{0};
  }

  // What the cheapest way on from a record costs at least, hotwords and attached words counted.
  float least_way(std::uint32_t number, const Record<W>& record, std::uint32_t hotword) const {
    const float way = record.min_cost - hope(number, hotword);
    if constexpr (kAttached) {
      const std::uint32_t place = place_of(number);
      if (place < attached_->slots().num_places()) {
        constexpr float slack = 1e-3f;  // differences of costs, in float32
        const float extra = attached_->extra_cost(place);
        if (extra == -kCostInfinity) return -kLargest;  // slots are its only ways on
        return std::min(way, record.min_cost + extra - s_.hotwords->max_gain(hotword) - slack);
      }
    }
    return way;
  }

  // The most that hotwords take off the cheapest arc out of a record, or behind its epsilon arcs.
  float hope(std::uint32_t record, std::uint32_t hotword) const {
    if (kHot == HotwordLabels::kNone) return 0;
    if (is_attached(record)) return s_.hotwords->max_gain(hotword) + s_.max_epsilon_gain;
    if (hotword == hotwords::kRoot) return gain_step_ * static_cast<float>(steps_at_root_[record]);
    return hope_of(s_, kHot, record, hotword);
  }

  // The unit of the only way on from a record, or num_units(): there are several.
  std::uint32_t only_way(std::uint32_t number, const Record<W>& record) const {
    const std::uint32_t several = graph_.num_units();
    if constexpr (kAttached) {
      const std::uint32_t place = place_of(number);
      if (place < attached_->slots().num_places() && attached_->extra_cost(place) < kCostInfinity)
        return several;
    }
    return record.only_way(several);
  }

  // Drops the worst tokens when there are more than max_active.
  void limit_active() {
    const std::size_t limit = static_cast<std::size_t>(s_.options.max_active);
    if (s_.num_tokens <= limit) return;
    s_.scratch.resize(s_.num_tokens);
    for (std::size_t i = 0; i < s_.num_tokens; ++i) s_.scratch[i] = std::min(s_.nb[i], s_.b[i]);
    std::nth_element(s_.scratch.begin(), s_.scratch.begin() + (limit - 1), s_.scratch.end());
    const float worst = s_.scratch[limit - 1];
    squeeze(worst);
  }

  // Keeps the tokens with a cost of at most `worst`, in their order.
  void squeeze(float worst) {
    const std::size_t n = s_.num_tokens;
    if (s_.list.size() < n + 16) s_.list.resize(2 * n + 16);
    std::uint32_t* list = s_.list.data();
    const std::size_t kept = list_kept(s_.nb.data(), s_.b.data(), worst, n, list);
    std::size_t first = 0;  // what lies in front stays where it is
    while (first < kept && list[first] == first) ++first;
    for (std::vector<float>* v : {&s_.nb, &s_.b, &s_.bound})
      keep_listed(list, first, kept, v->data());
    for (std::vector<std::uint32_t>* v :
         {&s_.state, &s_.unit, &s_.only_unit, &s_.nb_trace, &s_.b_trace})
      keep_listed(list, first, kept, v->data());
    if (kHot != HotwordLabels::kNone) keep_listed(list, first, kept, s_.hotword.data());
    s_.num_tokens = kept;
    if (kHot == HotwordLabels::kNone || !s_.has_chains) {
      for (std::size_t i = first; i < kept; ++i)
        s_.slot[slot_of(s_.state[i])] = static_cast<std::uint32_t>(i);
      return;
    }
    // Chains hold tokens from in front too.
    s_.has_chains = false;
    for (std::size_t i = 0; i < kept; ++i)
      enter(static_cast<std::uint32_t>(i), head_of(s_.state[i], static_cast<std::uint32_t>(i)));
  }

  // The chain of a state among the tokens below `end`, or kNoTrace. A head is valid if it is one of
  // them and says so itself: slots are never cleared, and tokens are entered in rising order.
  std::uint32_t head_of(std::uint32_t state, std::uint32_t end) const {
    const std::uint32_t place = slot_of(state), head = s_.slot[place];
    return head < end && slot_of(s_.state[head]) == place ? head : kNoTrace;
  }

  // Puts token i in front of the chain of its state.
  void enter(std::uint32_t i, std::uint32_t head) {
    s_.slot[slot_of(s_.state[i])] = i;
    if (kHot == HotwordLabels::kNone) return;
    s_.next[i] = head;
    s_.has_chains |= head != kNoTrace;
  }

  // With min_active, nothing is cut while arcs are expanded; the cut is then made here, over all
  // costs.
  float cut_of_min_active(bool can_stay, const float* unit_costs, float blank_cost) {
    s_.scratch.clear();
    for (std::size_t i = 0; can_stay && i < s_.num_tokens; ++i) {
      const float stay =
          std::min(std::min(s_.nb[i], s_.b[i]) + blank_cost, s_.nb[i] + unit_costs[s_.unit[i]]);
      if (stay < kCostInfinity) s_.scratch.push_back(stay);
    }
    for (const Candidate& candidate : s_.candidates) s_.scratch.push_back(candidate.cost);
    const std::size_t keep = static_cast<std::size_t>(s_.options.min_active);
    if (s_.scratch.size() <= keep) return kLargest;
    const float best = *std::min_element(s_.scratch.begin(), s_.scratch.end());
    std::nth_element(s_.scratch.begin(), s_.scratch.begin() + (keep - 1), s_.scratch.end());
    return std::max(std::min(best + s_.options.beam, kLargest), s_.scratch[keep - 1]);
  }

  // Adds the candidates within the cut to the tokens: of two for the same state, the cheaper stays.
  void merge_candidates(float cut) {
    reserve_tokens(s_.num_tokens + s_.candidates.size());
    for (const Candidate& candidate : s_.candidates) {
      if (!(candidate.cost <= cut)) continue;
      const std::uint32_t end = static_cast<std::uint32_t>(s_.num_tokens);
      const std::uint32_t head = head_of(candidate.state, end);
      std::uint32_t i = head;
      if (kHot != HotwordLabels::kNone)
        while (i != kNoTrace && (s_.hotword[i] != candidate.hotword ||
                                 (kAttached && s_.state[i] != candidate.state)))
          i = s_.next[i];
      if (i == kNoTrace) {
        i = end;
        add_token(candidate, head);
      } else if (kLattice && s_.nb[i] < kCostInfinity) {
        meet_candidate(i, candidate);
        continue;
      } else if (!(candidate.cost < s_.nb[i]))
        continue;
      s_.nb[i] = candidate.cost;
      s_.nb_trace[i] =
          add_step(origin(candidate), candidate.arc, candidate.hotword, is_silent(candidate.arc));
    }
  }

  // A candidate for a token whose last frame can be its unit already: both histories are kept,
  // unless they are the same but for the frames.
  void meet_candidate(std::uint32_t i, const Candidate& candidate) {
    const bool wins = candidate.cost < s_.nb[i];
    if (!wins && candidate.cost - s_.nb[i] > s_.options.lattice_beam) return;
    const bool silent = is_silent(candidate.arc);
    const std::uint32_t from = origin(candidate);
    const bool same =
        history_with(from, candidate.arc, candidate.hotword, silent) == history(s_.nb_trace[i]);
    if (same && !wins) return;
    const std::uint32_t trace = add_step(from, candidate.arc, candidate.hotword, silent);
    s_.nb_trace[i] = same ? trace : meet(s_.nb_trace[i], s_.nb[i], trace, candidate.cost);
    if (wins) s_.nb[i] = candidate.cost;
  }

  std::uint32_t origin(const Candidate& candidate) {
    return kLattice ? resolve(candidate.trace, unit_of(candidate.state)) : candidate.trace;
  }

  // kPlain: whether the arc is a blank or a repeat, and without a word: of no matter for a history.
  bool is_silent(std::uint32_t arc) const {
    // Words are attached to graphs without such arcs.
    return kLattice && !kAttached && graph_.is_silent(arc) && graph_.arc_word(arc) == 0;
  }

  void reserve_tokens(std::size_t count) {
    if (s_.nb.size() >= count) return;
    count = std::max(count, 2 * s_.nb.size());
    for (std::vector<float>* v : {&s_.nb, &s_.b, &s_.bound}) v->resize(count);
    for (std::vector<std::uint32_t>* v :
         {&s_.state, &s_.unit, &s_.only_unit, &s_.hotword, &s_.next, &s_.nb_trace, &s_.b_trace})
      v->resize(count);
  }

  // `head`: of the chain of its state.
  void add_token(const Candidate& candidate, std::uint32_t head) {
    const std::size_t i = s_.num_tokens++;
    const Record<W>& record = record_of(candidate.state);
    if (!is_attached(candidate.state)) {
      prefetch(&graph_.arcs()[record.arcs]);  // most tokens are left in the next frames
      if (W == 0) prefetch(graph_.arc_units() + record.arcs);
    }
    if (record.num_epsilons > 0) prefetch(&graph_.epsilons()[record.epsilons]);
    s_.b[i] = kCostInfinity;
    s_.bound[i] = least_way(candidate.state, record, candidate.hotword);
    s_.state[i] = candidate.state;
    s_.unit[i] = kAttached ? unit_of(candidate.state) : record.unit;
    s_.only_unit[i] = only_way(candidate.state, record);
    s_.hotword[i] = candidate.hotword;
    s_.b_trace[i] = kNoTrace;
    enter(static_cast<std::uint32_t>(i), head);
  }

  // Keeps costs small enough for float32; where blanks or words are rewarded they sink below zero.
  // Multiples of 256 leave every cost's lower bits as they are.
  void rebase() {
    if (s_.frame % 64 != 63) return;
    float best = kCostInfinity;
    for (std::size_t i = 0; i < s_.num_tokens; ++i)
      best = std::min(best, std::min(s_.nb[i], s_.b[i]));
    if (!(std::fabs(best) >= 256 && best < kCostInfinity)) return;
    const float off = 256 * std::floor(best / 256);
    for (std::size_t i = 0; i < s_.num_tokens; ++i) {
      s_.nb[i] -= off;
      s_.b[i] -= off;
    }
    s_.offset += off;
  }
};

}  // namespace tlg::decoder::TLG_ISA
