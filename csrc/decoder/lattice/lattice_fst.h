// A lattice as a transducer with weights as files have them: between lattice_io.h's two families of
// forms, binary and text, and Lattice. Not for: anything but these files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "decoder/lattice/lattice_build.h"
#include "decoder/lattice/lattice_io.h"

namespace tlg::decoder {

enum class LatticeWeights { kTropical, kPair, kCompact };

// `cost` is all there is where weights are tropical.
struct FileWeight {
  float cost = 0, acoustic_cost = 0;
  std::int64_t length = 0;  // of the string, where weights are compact

  bool is_one() const { return cost == 0 && acoustic_cost == 0 && length == 0; }
};

// Invariant: states are in topological order, 0 is the start; arcs lie in the order of their
// states, [first_arc, first_arc of the next); one state more at the end closes the list.
struct FileFst {
  struct Arc {
    std::int32_t ilabel, olabel;
    FileWeight weight;
    std::int32_t target;
  };
  struct State {
    std::size_t first_arc;
    bool is_final;
    FileWeight final_weight;
  };
  std::vector<State> states;  // empty: no path
  std::vector<Arc> arcs;

  std::size_t num_states() const { return states.empty() ? 0 : states.size() - 1; }
};

FileFst to_file_fst(const Lattice& lattice, LatticeWeights weights, double acoustic_scale);

// The score that a file's costs mean.
LatticeScore to_score(LatticeWeights weights, double cost, double acoustic_cost,
                      double acoustic_scale);

std::string write_binary(const FileFst& fst, LatticeWeights weights);
std::string write_text(const FileFst& fst, LatticeWeights weights);

// What was read, before it is made a lattice; of tropical weights and pairs an arc's num_frames is
// 1 where its input label is not 0.
struct FileDraft {
  LatticeDraft draft;
  LatticeWeights weights = LatticeWeights::kCompact;
  std::size_t end = 0;
};

bool is_binary(const char* data, std::size_t size, std::size_t begin);
FileDraft read_binary(const char* data, std::size_t size, std::size_t begin, double acoustic_scale,
                      const std::string& name);
FileDraft read_text(const char* data, std::size_t size, std::size_t begin, double acoustic_scale,
                    const std::string& name);

}  // namespace tlg::decoder
