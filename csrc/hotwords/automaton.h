// Hotwords compiled: leftmost-longest, non-overlapping matches over a stream of units, as a small
// automaton whose state joins the search state. Built once, then const; see docs/hotwords.md for
// the construction and its proof. Scores are nats, higher is better, on a grid of 1/1024 so that
// sums are exact in float32. Not for: reading lists or spelling phrases (that is tlg.hotwords in
// Python).
//
// Running total of a path = sum of `committed` over its steps + phi(state); what a search adds to a
// path for one unit is therefore committed + phi(next) - phi(state) (`advance`), and at the end of
// the utterance end_score(state) = flush(state) - phi(state). Blanks and repeats do not move the
// state.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "hotwords/phrases.h"

namespace tlg::hotwords {

using StateId = std::uint32_t;
constexpr StateId kRoot = 0;

struct Match {
  std::int32_t phrase;      // index into the list given to build()
  std::int32_t start, end;  // half-open, in units
  double reward;
};

// Totals after each unit of a string: with what is lent, and as if the utterance ended there.
struct Trace {
  std::vector<double> running, ended;
};

// Which units of an utterance find_in() is given, where they are not all of it.
struct Part {
  bool starts_inside = false;  // in mid-word: what comes before the next boundary begins no phrase
  bool goes_on = false;        // the last unit is not the end: no boundary is behind it
};

// The trie of the phrases; its inner nodes are the states. Where words have boundaries, phrases are
// stored with the boundary behind them and one more state, "inside a word", forbids a start there.
//
// Invariants: node 0 is the root; nodes are numbered breadth first, so that the children of a node
// are the ids [first_child(s), first_child(s + 1)), sorted by unit; fail(s) is shallower than s;
// phi(root) = 0; phi(s) >= emit(s) + phi(fail(s)): a fallback never gains. check() walks them.
class Automaton {
 public:
  // Throws Error(kHotword) where phrases or options cannot be used (SortedPhrases says which).
  static std::shared_ptr<const Automaton> compile(const PhraseTable& phrases,
                                                  const Options& options);
  static std::shared_ptr<const Automaton> build(const std::vector<Phrase>& phrases,
                                                const Options& options);

  // One unit on from `s`. Returns what a path gains, loan included; *next is the new state. A unit
  // that no phrase has, in or out of range, breaks every match off.
  float advance(StateId s, Unit unit, StateId* next) const;
  // What a path gains when the utterance ends in `s`: loans go back, pending matches are paid. It
  // is
  // <= 0 unless the end, which is a word boundary too, completes a phrase.
  float end_score(StateId s) const { return end_score_[s]; }
  // An upper bound of advance(s, any unit): a search may prune with it before it knows the unit.
  float max_gain(StateId s) const { return max_gain_[s]; }
  // The units that go on from `s` itself, rising; others fall back to another state.
  const Unit* next_units_begin(StateId s) const { return labels_.data() + nodes_[s].first_child; }
  const Unit* next_units_end(StateId s) const { return labels_.data() + nodes_[s + 1].first_child; }
  StateId fallback(StateId s) const { return nodes_[s].fail; }
  // Whether a path without a hotword in progress can gain by this unit.
  bool can_gain_from_root(Unit unit) const {
    return comes_after_boundary(unit) || child(kRoot, unit) != kRoot;
  }
  // What a path loses when it falls back from `s` (>= 0): advance(s, unit) = advance(fallback(s),
  // unit) - this, for a unit that `s` does not go on with, where falling back takes no boundary on
  // the way.
  float fallback_cost(StateId s) const {
    return to_nats(nodes_[s].phi - nodes_[s].emit - nodes_[nodes_[s].fail].phi);
  }
  // The last units before `s` whose matches are not decided yet: what the state stands for, without
  // the boundaries that units bring with them.
  std::vector<Unit> undecided(StateId s) const;
  // The state of an utterance that begins, or goes on, in mid-word.
  StateId inside_word() const { return inside_; }
  // Whether a boundary comes before this unit.
  bool brings_boundary(Unit unit) const { return comes_after_boundary(unit); }
  // The unit that separates words; -1: none.
  Unit boundary() const { return boundary_; }
  // Whether what was matched before `unit` comes, in `s`, can no longer change, and matching goes
  // on as at the beginning of an utterance.
  bool begins_anew(StateId s, Unit unit) const {
    if (s == kRoot) return true;
    Grid paid = 0;
    return comes_after_boundary(unit) && step(s, boundary_, &paid) == kRoot;
  }
  bool falls_back_plainly() const { return starts_word_.empty(); }
  bool is_base(StateId s) const { return s == kRoot || s == inside_; }
  // What is lent or pending in `s`: part of the running total that is not committed.
  float potential(StateId s) const { return to_nats(nodes_[s].phi); }

  // The matches of a whole utterance. Their rewards sum to what advance and end_score add up to.
  std::vector<Match> find(const std::vector<Unit>& units) const { return find_in(units, {}); }
  // The same of a part of an utterance.
  std::vector<Match> find_in(const std::vector<Unit>& units, Part part) const;
  // The same sum by the steps of a search; what timings take.
  double total(const std::vector<Unit>& units) const;
  // Running totals, and totals at the end of every prefix.
  Trace trace(const std::vector<Unit>& units) const;

  // Calls visit(phrase, its end, its reward) for each phrase that begins the units [begin, end):
  // the shortest first. Where words have boundaries, these are units with all boundaries put in.
  template <typename Visit>
  void for_each_match(const Unit* begin, const Unit* end, Visit visit) const {
    StateId node = kRoot;
    for (const Unit* unit = begin; unit < end; ++unit) {
      node = child(node, *unit);
      if (node == kRoot) return;
      if (phrase_[node] >= 0) visit(phrase_[node], unit + 1, to_nats(nodes_[node].emit));
    }
  }

  std::size_t num_states() const { return num_states_; }
  StateId max_state() const { return static_cast<StateId>(max_gain_.size() - 1); }
  std::size_t num_phrases() const { return num_phrases_; }
  std::size_t num_bytes() const;
  bool has_boundary() const { return boundary_ >= 0; }
  double max_loan() const { return max_loan_; }
  // Throws Error(kHotword) where an invariant of the type does not hold.
  void check() const;

 private:
  friend class Builder;
  struct Node {
    StateId first_child;
    StateId fail;
    Grid emit;  // paid when the node breaks off; where a phrase ends, its reward
    Grid phi;
  };

  Automaton() = default;
  static float to_nats(Grid score) { return static_cast<float>(score) * (1.0f / 1024.0f); }
  bool is_leaf(StateId s) const { return nodes_[s].first_child == nodes_[s + 1].first_child; }
  bool comes_after_boundary(Unit unit) const {
    return static_cast<std::size_t>(unit) < starts_word_.size() &&
           starts_word_[static_cast<std::size_t>(unit)] != 0;
  }
  StateId child(StateId s, Unit unit) const;
  StateId parent(StateId s) const;
  StateId step(StateId s, Unit unit, Grid* paid) const;

  std::vector<Node> nodes_;          // the trie, "inside a word", and one to end the last span
  std::vector<Unit> labels_;         // node -> the unit that leads to it
  std::vector<StateId> root_child_;  // unit -> child of the root, or kRoot
  std::vector<unsigned char> starts_word_;
  std::vector<float> end_score_, max_gain_;
  std::vector<std::int32_t> phrase_;  // node -> the phrase that ends there, or -1
  StateId inside_ = kRoot;            // "inside a word"; the root where there are no boundaries
  Unit boundary_ = -1;
  double max_loan_ = 0;
  std::size_t num_states_ = 1, num_phrases_ = 0;
};

inline StateId Automaton::child(StateId s, Unit unit) const {
  if (s == kRoot) {
    const auto index = static_cast<std::size_t>(unit);  // a negative unit is out of range as well
    return index < root_child_.size() ? root_child_[index] : kRoot;
  }
  StateId low = nodes_[s].first_child;
  StateId high = nodes_[s + 1].first_child;
  while (high - low > 8) {
    const StateId middle = low + (high - low) / 2;
    if (labels_[middle] <= unit)
      low = middle;
    else
      high = middle;
  }
  for (; low < high; ++low)
    if (labels_[low] == unit) return low;
  return kRoot;
}

inline StateId Automaton::step(StateId s, Unit unit, Grid* paid) const {
  for (;;) {
    const StateId next = child(s, unit);
    if (next != kRoot) {
      if (!is_leaf(next)) return next;
      *paid += nodes_[next].emit;
      return kRoot;
    }
    if (s == kRoot || s == inside_) return unit == boundary_ ? kRoot : inside_;
    *paid += nodes_[s].emit;
    s = nodes_[s].fail;
  }
}

inline float Automaton::advance(StateId s, Unit unit, StateId* next) const {
  Grid paid = 0;
  StateId state = s;
  if (comes_after_boundary(unit)) state = step(state, boundary_, &paid);
  state = step(state, unit, &paid);
  *next = state;
  return to_nats(paid + nodes_[state].phi - nodes_[s].phi);
}

}  // namespace tlg::hotwords
