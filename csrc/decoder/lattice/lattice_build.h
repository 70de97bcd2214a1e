// Lattices from parts that come in any order: what files hold becomes a Lattice with all of its
// invariants, or an error says why it cannot. Not for: lattices of a search (determinize.h), which
// are made in order.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "decoder/lattice/lattice.h"

namespace tlg::decoder {

// Throws Error(kLattice), naming the first state or arc that breaks an invariant of lattice.h:
// those of its comment, and frames that start at 0, never go back and stay within num_frames, and
// scores that are finite.
void check(const Lattice& lattice);

// The lattice of these states (none that closes the list; their first_arc does not matter) and
// arcs, checked.
Lattice make_lattice(std::vector<Lattice::State> states, std::vector<Lattice::Arc> arcs,
                     std::int64_t num_frames, bool partial);

// A lattice as files have it: states in any order, some perhaps on no path; how many frames an arc
// or an end takes instead of where states lie.
struct LatticeDraft {
  struct Arc {
    std::int64_t source, target;
    std::int32_t word;
    std::int64_t num_frames;
    LatticeScore score;
  };
  struct State {
    bool is_final = false;
    std::int64_t num_frames = 0;  // behind the last word, where the state is final
    LatticeScore score;           // of ending here
  };
  std::int64_t start = -1;  // -1: no path
  std::vector<State> states;
  std::vector<Arc> arcs;  // sources and targets are states
};

// Leaves out what is on no path, numbers the states anew in topological order (lower numbers first
// where there is a choice), sorts the arcs. A last arc without a word becomes the end of the state
// before it. Throws Error(kLattice), with `name` as its file: a
// cycle, an arc without a word, two arcs with one word, paths that disagree about the frames.
Lattice make_lattice(const LatticeDraft& draft, const std::string& name);

// The same for a transducer whose arcs are single frames (Kaldi's Lattice): what lies between two
// states where paths part or meet becomes one arc, if it has one word. `word` is the output label,
// 0 if there is none.
Lattice make_lattice_of_frames(const LatticeDraft& draft, const std::string& name);

}  // namespace tlg::decoder
