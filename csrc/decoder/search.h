// Token-passing Viterbi beam search over one utterance: start, advance over frames, finish. One
// Search serves one utterance at a time and keeps its memory for the next. Not for: threads
// (Decoder), words and scores (path.h turns the path into a Hypothesis).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "decoder/search_state.h"

namespace tlg::decoder {

struct PathStep {
  std::uint32_t arc;    // as SearchGraph::path_arc takes it
  std::uint32_t frame;  // at which it was taken
};

struct BestPath {
  std::vector<PathStep> steps;
  bool is_final = false;
  double cost = 0;               // all of it as the search saw it, hotwords included
  std::uint32_t num_frames = 0;  // searched; fewer than were given when no path went on
};

// The best kernel of this CPU, or the one named ("baseline", "avx2", "avx512"). Throws
// Error(kOption).
AdvanceFunction choose_kernel(const std::string& name = "auto");

class Search {
 public:
  // The graph must outlive the search.
  Search(const SearchGraph& graph, const SearchOptions& options, AdvanceFunction advance);
  // The hotwords must have been made for this graph.
  void start(std::shared_ptr<const HotwordUse> hotwords);
  void advance(const Frames& frames) { advance_(state_, frames); }
  BestPath finish() const;
  // Lets go of the list given to start(); the next utterance begins with start() again.
  void forget_hotwords() { start(nullptr); }

 private:
  SearchState state_;
  AdvanceFunction advance_;
  std::shared_ptr<const HotwordUse> hotwords_;
};

}  // namespace tlg::decoder
