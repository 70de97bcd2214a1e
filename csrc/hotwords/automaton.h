// Hotwords compiled: leftmost-longest, non-overlapping matches over a stream of units, as a small
// automaton whose state joins the search state. Built once, then const; see docs/hotwords.md for the
// construction and its proof. Scores are nats, higher is better, on a grid of 1/1024 so that sums are
// exact in float32. Not for: reading lists or spelling phrases (that is tlg.hotwords in Python).
//
// Running total of a path = sum of `committed` over its steps + phi(state); what a search adds to a
// path for one unit is therefore committed + phi(next) - phi(state) (`advance`), and at the end of the
// utterance end_score(state) = flush(state) - phi(state). Blanks and repeats do not move the state.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace tlg::hotwords {

using Unit = std::int32_t;
using StateId = std::uint32_t;
constexpr StateId kRoot = 0;

struct Phrase {
  std::vector<Unit> units;  // never empty
  double bias = 0;          // b, nats a unit
  double word_bias = 0;     // w, nats a phrase; may be negative
};

struct Options {
  Unit num_units = 0;         // units are 0 .. num_units - 1
  Unit boundary = -1;         // the unit that separates words; -1: phrases match anywhere
  std::vector<bool> starts_word;  // unit -> a boundary comes before it (SentencePiece); may be empty
  double max_loan = 2.0;      // C: the most that is lent without being earned
};

struct Match {
  std::int32_t phrase;      // index into the list given to build()
  std::int32_t start, end;  // half-open, in units
  double reward;
};

class Automaton {
 public:
  // Throws Error(kHotword) on an empty phrase or a unit out of range.
  static std::shared_ptr<const Automaton> build(const std::vector<Phrase>& phrases,
                                                const Options& options);

  // One unit on from `s`. Returns what a path gains, loan included; *next is the new state.
  float advance(StateId s, Unit unit, StateId* next) const;
  // What a path gains when the utterance ends in `s` (<= 0: loans go back; pending matches are paid).
  float end_score(StateId s) const;
  // An upper bound of advance(s, any unit): a search may prune with it before it knows the unit.
  float max_gain(StateId s) const;

  std::vector<Match> find(const std::vector<Unit>& units) const;
  std::size_t num_states() const;
  std::size_t num_bytes() const;

 private:
  // (chosen by hotwords/automaton.cc)
};

}  // namespace tlg::hotwords
