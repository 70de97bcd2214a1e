// A word lattice: at most one path for each word sequence, with the frames and the terms of its
// score. Plain data. Not for: making one (determinize.h), posteriors (posteriors.h), files
// (lattice_io.h).
#pragma once

#include <cstdint>
#include <vector>

namespace tlg::decoder {

// The terms of a score, as the search weights them (docs/semantics.md), nats, higher is better.
// `graph` is lm_weight * graph + word_score * words.
struct LatticeScore {
  double am = 0;  // acoustic_scale * log-posteriors - blank penalties
  double graph = 0;
  double hotword = 0;
  double total() const { return am + graph + hotword; }
};

// Invariants: states are in topological order, 0 is the start; arcs are sorted by (source, word);
// no two arcs of a state have the same word; every state is on a path from the start to a final
// state; no arc has word 0 (a path without words is the start being final).
struct Lattice {
  struct Arc {
    std::uint32_t source, target;
    std::int32_t word;  // output label
    LatticeScore score;
  };
  struct State {
    std::uint32_t first_arc;  // its arcs: [first_arc, states[s + 1].first_arc); one state more at
                              // the end closes the list
    std::int64_t frame;       // where the words before it end: an arc's word has the frames
                              // [source's, target's), so that each frame has one word of a path
    bool is_final;
    LatticeScore final_score;
  };
  std::vector<State> states;  // empty: no path
  std::vector<Arc> arcs;
  std::int64_t num_frames = 0;
  bool partial = false;  // no final state of the graph was reached

  std::uint32_t num_states() const {
    return states.empty() ? 0 : static_cast<std::uint32_t>(states.size()) - 1;
  }
};

}  // namespace tlg::decoder
