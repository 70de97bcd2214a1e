// The transducer every room speaks: arcs and states exactly as an OpenFst const file holds them, so
// that a const file is used where it lies (memory-mapped). Not for: changing a transducer in place
// (build one with FstBuilder), semirings other than tropical (StdArc, float32 costs).
//
// Labels follow OpenFst and Kaldi: 0 is epsilon; in a decoding graph an input label is token id + 1
// and an output label is a word id. Weights are costs (negated natural logarithms, lower is
// better).
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "util/mmap.h"

namespace tlg::fst {

using Label = std::int32_t;
using StateId = std::int32_t;
constexpr StateId kNoState = -1;
constexpr float kInfinity = std::numeric_limits<float>::infinity();  // the cost of "not final"

struct Arc {
  Label ilabel;
  Label olabel;
  float weight;
  StateId nextstate;
};
static_assert(sizeof(Arc) == 16, "an OpenFst StdArc has 16 bytes");

struct State {
  float final_cost;        // kInfinity: not final
  std::uint32_t arcs;      // index of the first arc
  std::uint32_t num_arcs;  // arcs of a state are contiguous
  std::uint32_t num_input_epsilons;
  std::uint32_t num_output_epsilons;
};
static_assert(sizeof(State) == 20, "an OpenFst ConstFst state has 20 bytes");

// Immutable. The arrays live in `storage` (a mapped file or vectors).
// Invariant (check() walks it): start is kNoState iff there are no states; the states have as many
// arcs as there are; arcs and nextstates are in range; no weight is NaN or -infinity; labels are >=
// 0.
class Fst {
 public:
  Fst() = default;
  Fst(StateId start, const State* states, std::size_t num_states, const Arc* arcs,
      std::size_t num_arcs, std::shared_ptr<const void> storage,
      std::shared_ptr<const util::FileBytes> file = nullptr)
      : start_(start),
        states_(states),
        num_states_(num_states),
        arcs_(arcs),
        num_arcs_(num_arcs),
        storage_(std::move(storage)),
        file_(std::move(file)) {}

  StateId start() const { return start_; }
  std::size_t num_states() const { return num_states_; }
  std::size_t num_arcs() const { return num_arcs_; }
  float final_cost(StateId s) const { return states_[s].final_cost; }
  const State& state(StateId s) const { return states_[s]; }
  const Arc* begin(StateId s) const { return arcs_ + states_[s].arcs; }
  const Arc* end(StateId s) const { return begin(s) + states_[s].num_arcs; }
  const State* states() const { return states_; }
  const Arc* arcs() const { return arcs_; }

  // Frees the memory that a mapped file takes, until it is read again. Nothing else changes.
  void drop_pages() const {
    if (file_ != nullptr) file_->drop_pages();
  }

  // Throws Error(kGraph) that names the first broken state.
  void check() const;

 private:
  StateId start_ = kNoState;
  const State* states_ = nullptr;
  std::size_t num_states_ = 0;
  const Arc* arcs_ = nullptr;
  std::size_t num_arcs_ = 0;
  std::shared_ptr<const void> storage_;
  std::shared_ptr<const util::FileBytes> file_;  // if the arrays lie in a mapped file
};

// Freezes arrays that were filled by hand; counts the epsilons of each state. Throws Error(kGraph)
// where a state has arcs that are not there; check() looks at the rest.
Fst make_fst(StateId start, std::vector<State> states, std::vector<Arc> arcs);

// Collects states in order, each with its arcs, then freezes them. States are numbered from 0.
class FstBuilder {
 public:
  // Appends a state whose arcs follow by add_arc until the next add_state.
  StateId add_state(float final_cost = kInfinity);
  void add_arc(const Arc& arc);
  void set_final(StateId s, float cost) { states_[s].final_cost = cost; }
  void reserve(std::size_t states, std::size_t arcs);
  std::size_t num_states() const { return states_.size(); }
  Fst build(StateId start) &&;

 private:
  std::vector<State> states_;
  std::vector<Arc> arcs_;
};

}  // namespace tlg::fst
