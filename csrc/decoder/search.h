// Token-passing Viterbi beam search over one utterance: start, advance over frames, finish. One
// Search serves one utterance at a time and keeps its memory for the next; an utterance that waits
// for frames can be put aside and taken up by another Search of the same graph. Not for: threads
// (Decoder), words and scores (path.h turns the path into a Hypothesis).
#pragma once

#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "decoder/lattice/collect.h"
#include "decoder/search_state.h"

namespace tlg::decoder {

struct PathStep {
  std::uint32_t arc;   // as SearchGraph::path_arc takes it
  std::int64_t frame;  // at which it was taken
};

struct BestPath {
  std::vector<PathStep> steps;
  bool is_final = false;
  double cost = 0;              // all of it as the search saw it, hotwords included
  std::int64_t num_frames = 0;  // searched; fewer than were given when no path went on
};

// What the best paths would be if the utterance ended now: loans of hotwords returned, what an end
// completes paid. Infinite where there is none.
struct Ending {
  double final_cost = std::numeric_limits<double>::infinity();  // of those that may end here
  double any_cost = std::numeric_limits<double>::infinity();    // of all, without a final cost
  std::uint32_t final_trace = kNoTrace, any_trace = kNoTrace;

  bool is_final() const { return final_cost < std::numeric_limits<double>::infinity(); }
  double cost() const { return is_final() ? final_cost : any_cost; }
  std::uint32_t trace() const { return is_final() ? final_trace : any_trace; }
};
// What a token pays for ending now, hotwords settled: in a final state (infinity: it is in none),
// or anywhere.
struct EndCosts {
  double final = std::numeric_limits<double>::infinity();
  double any = 0;
};
EndCosts end_costs(const SearchGraph& graph, const Utterance& utterance, std::size_t token);
Ending find_ending(const SearchGraph& graph, const Utterance& utterance);

// Makes `utterance` one of no frames. The hotwords (null: none) must have been made for this graph.
void begin(const SearchGraph& graph, std::shared_ptr<const HotwordUse> hotwords,
           Utterance* utterance);

// Puts a list in force, and nothing else: what tokens have of another one is the caller's.
void use_list(std::shared_ptr<const HotwordUse> hotwords, Utterance* utterance);

// The best kernel of this CPU, or the one named ("baseline", "avx2", "avx512"); `lattice`: one that
// keeps more than the best path. Throws Error(kOption).
AdvanceFunction choose_kernel(const std::string& name = "auto", bool lattice = false);

class Search {
 public:
  // The graph must outlive the search.
  Search(const SearchGraph& graph, const SearchOptions& options, AdvanceFunction advance);
  // begin() for the utterance in hand.
  void start(std::shared_ptr<const HotwordUse> hotwords);
  void advance(const Frames& frames) { advance_(state_, frames); }
  BestPath finish() const;
  // All that ended within lattice_beam of the best path, if the kernel keeps it.
  RawLattice lattice() const;
  // Lets go of the list given to start(); the next utterance begins with start() again.
  void forget_hotwords() { start(nullptr); }

  // Takes up `utterance` (begun for this graph) in exchange for the one in hand; the same call puts
  // it aside again.
  void exchange(Utterance* utterance);
  Utterance& utterance() { return state_; }

 private:
  SearchState state_;
  AdvanceFunction advance_;
};

}  // namespace tlg::decoder
