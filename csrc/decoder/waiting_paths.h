// Paths that wait behind epsilon arcs, or at the beginnings of attached words, for the arcs of this
// frame: merged where they wait in the same place with the same hotword state. Part of the search
// kernel and included like it (see search_kernel.h); so: no include guard, no includes.

namespace tlg::decoder::TLG_ISA {

template <int W, HotwordLabels kHot, bool kAttached>
class WaitingPaths : protected TokenSet<W, kHot, kAttached> {
 protected:
  using Tokens = TokenSet<W, kHot, kAttached>;
  using Tokens::attached_;
  using Tokens::graph_;
  using Tokens::is_attached;
  using Tokens::prefetch_record;
  using Tokens::s_;

  explicit WaitingPaths(SearchState& state)
      : TokenSet<W, kHot, kAttached>(state), none_(graph_.num_units() + 1) {
    if constexpr (kAttached) {
      const std::size_t room =
          graph_.num_records() - graph_.num_token_states() + std::size_t{attached_->num_entries()};
      if (s_.waiting_of.size() < room) s_.waiting_of.resize(room, 0);
    }
  }

  // Of paths with a hotword over tokens: whether others wait at the same place, in the state that
  // this one's hotword falls back to, for no more than this one has after falling back. What does
  // not go on with the hotword then goes from there at least as well: with many hotwords in
  // progress this saves looking at all arcs for each.
  bool is_covered(const Waiting& w) const {
    if (kLattice) return false;  // it may be second best
    if (!s_.hotwords->falls_back_plainly() || s_.hotwords->is_base(w.hotword)) return false;
    const std::uint32_t back = s_.hotwords->fallback(w.hotword);
    const float cost = w.m1 + s_.hotwords->fallback_cost(w.hotword);
    std::uint32_t i = s_.waiting_of[waiting_place(w.record)];
    while (i != kNoTrace && s_.waiting[i].hotword != back) i = s_.waiting[i].next;
    if (i == kNoTrace) return false;
    const Waiting& other = s_.waiting[i];
    return other.alt <= cost || (other.m1 <= cost && other.r1 == none_);
  }

  // `cost`, of the arc, is part of nb and b.
  void wait(const EpsilonArc& arc, float cost, float nb, float b, std::uint32_t unit,
            std::uint32_t m_trace, std::uint32_t b_trace, std::uint32_t hotword) {
    const float m = std::min(nb, b);
    // Of two paths that cost the same, each may be barred from a unit of its own.
    const std::uint32_t barred = nb < b || m_trace != b_trace ? unit : none_;
    std::uint32_t& head = s_.waiting_of[waiting_place(arc.target)];
    if (head >= s_.waiting.size() || s_.waiting[head].record != arc.target) head = kNoTrace;
    std::uint32_t index = head;
    if (kHot != HotwordLabels::kNone)
      while (index != kNoTrace && s_.waiting[index].hotword != hotword)
        index = s_.waiting[index].next;
    if (index == kNoTrace) {
      index = static_cast<std::uint32_t>(s_.waiting.size());
      s_.waiting.push({m, b, barred, m_trace, b_trace, arc.target, hotword, head});
      s_.waiting_at[arc.level].push(index);
      prefetch_record(arc.target);
      head = index;
      if (kLattice) this->add_waiter(index, cost, nb, b, unit, m_trace, b_trace);
      return;
    }
    if (kLattice) this->add_waiter(index, cost, nb, b, unit, m_trace, b_trace);
    Waiting& w = s_.waiting[index];
    if (m < w.m1) {
      // What may go on with `barred`: this path after a blank, or the old best.
      float alt = barred == w.r1 ? w.alt : w.m1;
      std::uint32_t alt_trace = barred == w.r1 ? w.alt_trace : w.trace;
      if (b < alt) {
        alt = b;
        alt_trace = b_trace;
      }
      w.m1 = m;
      w.alt = alt;
      w.r1 = barred;
      w.trace = m_trace;
      w.alt_trace = alt_trace;
    } else if (w.r1 != none_) {
      const bool repeat = unit == w.r1;
      if ((repeat ? b : m) < w.alt) {
        w.alt = repeat ? b : m;
        w.alt_trace = repeat ? b_trace : m_trace;
      }
    }
  }

 private:
  std::uint32_t waiting_place(std::uint32_t record) const {
    if (is_attached(record))
      return graph_.num_records() - graph_.num_token_states() + attached_->entry(record);
    return record - graph_.num_token_states();
  }

  const std::uint32_t none_;
};

}  // namespace tlg::decoder::TLG_ISA
