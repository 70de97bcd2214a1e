// Where paths come from. For the best path alone, a trace for each arc that won; for lattices
// (kLattice) also what lost by no more than lattice_beam: where two histories meet, a merge is
// written down with the difference of their costs. Part of the search kernel and included like it
// (see search_kernel.h); so: no include guard, no includes.

namespace tlg::decoder::TLG_ISA {

constexpr bool kLattice = TLG_LATTICE != 0;

// Histories of the same arcs (other alignments of one sequence) need no merge: the cheaper of the
// two stays. They are told by a hash of their arcs since the last merge, and of the states of the
// hotword automaton: words on epsilon arcs can make paths of the same arcs differ in those.
class TraceKeeper {
 protected:
  explicit TraceKeeper(SearchState& state)
      : state_(state),
        // What is infinitely far off is no path.
        lattice_beam_(std::min(state.options.lattice_beam, std::numeric_limits<float>::max())) {}

  // The path of `previous`, and an arc taken in this frame. `silent`: it begins no token (kPlain).
  std::uint32_t add_step(std::uint32_t previous, std::uint32_t arc, std::uint32_t hotword,
                         bool silent) {
    const std::uint32_t trace = static_cast<std::uint32_t>(state_.traces.size());
    if (kLattice) state_.marks.push({history_with(previous, arc, hotword, silent), 0, hotword});
    state_.traces.push({previous, arc, state_.frame});
    return trace;
  }

  std::uint64_t history(std::uint32_t trace) const {
    return trace == kNoTrace ? 0 : state_.marks[trace].history;
  }
  std::uint64_t history_with(std::uint32_t previous, std::uint32_t arc, std::uint32_t hotword,
                             bool silent) const {
    return silent ? history(previous) : mix(history(previous) ^ std::uint64_t{hotword} << 32, arc);
  }

  // Two paths in one state: the trace that goes on from there.
  std::uint32_t meet(std::uint32_t a, float a_cost, std::uint32_t b, float b_cost) {
    const bool a_wins = !(b_cost < a_cost);
    const std::uint32_t best = a_wins ? a : b, other = a_wins ? b : a;
    const float excess = a_wins ? b_cost - a_cost : a_cost - b_cost;
    if (!(excess <= lattice_beam_) || is_within(best, other, excess)) return best;
    const std::uint32_t trace = static_cast<std::uint32_t>(state_.traces.size());
    // Of its own: numbers of traces come again, but not in one frame (drop_lost_traces).
    state_.marks.push({mix(~(std::uint64_t{state_.frame} << 32), trace), excess, 0});
    state_.traces.push({best, kMergeArc, other});
    return trace;
  }

  // Whether the paths of `other` are among those of `best`, for no more than `excess` above it, as
  // far as one look can tell.
  bool is_within(std::uint32_t best, std::uint32_t other, float excess) const {
    const std::uint64_t wanted = history(other);
    if (history(best) == wanted) return true;
    if (best == kNoTrace || state_.traces[best].arc != kMergeArc) return false;
    const Trace& merge = state_.traces[best];
    return history(merge.previous) == wanted ||
           (history(merge.frame) == wanted && state_.marks[best].excess <= excess);
  }

  // For each token, the trace of all its paths.
  void meet_in_tokens() {
    const std::size_t n = state_.num_tokens;
    if (state_.both_trace.size() < n + 16) state_.both_trace.resize(2 * n + 16);
    if (state_.list.size() < n + 16) state_.list.resize(2 * n + 16);
    const std::size_t count = list_meeting(
        state_.nb.data(), state_.b.data(), state_.nb_trace.data(), state_.b_trace.data(),
        lattice_beam_, n, state_.both_trace.data(), state_.list.data());
    for (std::size_t j = 0; j < count; ++j) {
      const std::uint32_t i = state_.list[j];
      state_.both_trace[i] = meet(state_.b_trace[i], state_.b[i], state_.nb_trace[i], state_.nb[i]);
    }
  }

  // A path that waits in front of the target of an epsilon arc. `trace` may be a waiting place
  // itself: in_waiting().
  void add_waiter(std::uint32_t waiting, float added, float nb, float b, std::uint32_t unit,
                  std::uint32_t trace, std::uint32_t b_trace) {
    Waiting& w = state_.waiting[waiting];
    state_.waiters.push({added, nb, b, unit, trace, b_trace, w.waiters});
    w.waiters = static_cast<std::uint32_t>(state_.waiters.size() - 1);
    w.is_resolved = false;
    if (trace != kNoTrace && (trace & kInWaiting) != 0)
      w.barred |= state_.waiting[trace & ~kInWaiting].barred;
    else if (nb < b || trace != b_trace)
      w.barred |= std::uint64_t{1} << (unit & 63);
  }

  // The trace of all paths of a waiting place (or of a trace) that may go on with unit v.
  std::uint32_t resolve(std::uint32_t trace, std::uint32_t v) {
    if (trace == kNoTrace || (trace & kInWaiting) == 0) return trace;
    float cost;
    return resolve_waiting(trace & ~kInWaiting, v, &cost);
  }

 private:
  static std::uint64_t mix(std::uint64_t history, std::uint32_t arc) {
    std::uint64_t x = (history ^ (arc + std::uint64_t{1})) * 0x9e3779b97f4a7c15u;
    x ^= x >> 32;
    return x * 0xd6e8feb86659fd93u;
  }

  std::uint32_t resolve_waiting(std::uint32_t waiting, std::uint32_t v, float* cost) {
    const Waiting& w = state_.waiting[waiting];
    // No unit: a plain graph, in which nothing is barred.
    const bool may_be_barred = v < state_.graph->num_units() && (w.barred >> (v & 63) & 1) != 0;
    if (!may_be_barred && w.is_resolved) {
      *cost = w.all_cost;
      return w.all_trace;
    }
    if (!may_be_barred) {  // most often one path waits alone
      const Waiter& waiter = state_.waiters[w.waiters];
      if (waiter.next == kNoTrace &&
          (waiter.trace == kNoTrace || (waiter.trace & kInWaiting) == 0)) {
        *cost = std::min(waiter.nb, waiter.b);
        return waiter.trace;
      }
    }
    constexpr float infinity = std::numeric_limits<float>::infinity();
    std::uint32_t trace = kNoTrace;
    *cost = infinity;
    for (std::uint32_t i = w.waiters; i != kNoTrace; i = state_.waiters[i].next) {
      const Waiter waiter = state_.waiters[i];
      std::uint32_t one = waiter.trace;
      float one_cost;
      if (one != kNoTrace && (one & kInWaiting) != 0) {
        one = resolve_waiting(one & ~kInWaiting, v, &one_cost);
        one_cost += waiter.added;
      } else if (may_be_barred && waiter.unit == v) {
        one = waiter.b_trace;
        one_cost = waiter.b;
      } else {
        one_cost = std::min(waiter.nb, waiter.b);
      }
      if (!(one_cost < infinity)) continue;
      // The list begins with the last: of equals the first shall win, as without lattices.
      trace = *cost < infinity ? meet(one, one_cost, trace, *cost) : one;
      *cost = std::min(*cost, one_cost);
    }
    if (!may_be_barred) {
      Waiting& resolved = state_.waiting[waiting];
      resolved.is_resolved = true;
      resolved.all_trace = trace;
      resolved.all_cost = *cost;
    }
    return trace;
  }

  SearchState& state_;
  const float lattice_beam_;
};

}  // namespace tlg::decoder::TLG_ISA
