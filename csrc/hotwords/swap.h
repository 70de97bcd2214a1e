// One list in place of another inside an utterance. What the old list has matched stays and is paid
// in full, what it lent goes back; the units behind its last match that could still have become one
// are read again by the new list, which alone matches from there on. Either list may be none. Not
// for: the search, which moves its tokens by this (decoder/hotword_change.h).
#pragma once

#include <cstddef>
#include <map>
#include <utility>
#include <vector>

#include "hotwords/automaton.h"

namespace tlg::hotwords {

// What becomes of a path that was in one state of the old list.
struct Handover {
  float gain = 0;            // what the path gains: matches paid, loans exchanged
  StateId state = kRoot;     // of the new list
  std::size_t num_read = 0;  // units before the change that the new list reads again
  // Of the place where the new list begins to read: whether it is in mid-word.
  bool starts_inside = false;
};

// The states of one list as the other has them; each is worked out once. For one thread.
class Swap {
 public:
  // Null: no list. Both must outlive the swap. `reads_again`: false where the lists do not see the
  // same units of an utterance; the new one then begins at the change.
  Swap(const Automaton* before, const Automaton* after, bool reads_again = true)
      : before_(before), after_(after), reads_again_(reads_again) {}

  // How many units before the change the new list reads again, of a path in state `s` of the old.
  std::size_t num_read(StateId s) { return undecided_of(s).units.size(); }
  // Whether of() needs the unit in front of those: without boundaries it makes no difference.
  bool asks_what_came_before() const { return after_ != nullptr && after_->has_boundary(); }
  // `in_word`: there is a unit in front of those that the new list reads again, and it is not the
  // new list's boundary.
  Handover of(StateId s, bool in_word);

 private:
  struct Undecided {
    std::vector<Unit> units;  // behind the last match
    double reward = 0;        // of the matches
    float potential = 0;
  };
  const Undecided& undecided_of(StateId s);

  const Automaton* before_;
  const Automaton* after_;
  bool reads_again_;
  std::map<StateId, Undecided> undecided_;
  std::map<std::pair<StateId, bool>, Handover> handovers_;
};

}  // namespace tlg::hotwords
