// Epsilon arcs put back: the search records the arcs that read a frame, and the chains of epsilon
// arcs between them are found again here. Not for: the search itself, which takes these chains
// without writing them down.
#pragma once

#include <cstddef>
#include <vector>

#include "decoder/path_graph.h"
#include "hotwords/swap.h"

namespace tlg::decoder {

// The cheapest arcs that hold the steps of a path, given one after the other. With hotwords that
// words move (null: none), a chain of epsilon arcs with words decides what later words earn, so all
// are weighed until those words are known: arcs are handed out once they are certain.
class EpsilonWalk {
 public:
  EpsilonWalk(const PathGraph& graph, const hotwords::Automaton* word_hotwords);

  // Takes an arc that reads a frame; appends to *settled what is certain now (column >= 0: the next
  // of the arcs taken).
  void take(const SearchGraph::PathArc& arc, std::vector<SearchGraph::PathArc>* settled);
  // Ends the path and appends the rest; returns the final cost, 0 where it is not final.
  double finish(bool is_final, std::vector<SearchGraph::PathArc>* rest);
  // Between two steps: what words move from here on, and what it makes of the states of the list
  // before.
  void change_hotwords(const hotwords::Automaton* word_hotwords, hotwords::Swap* swap);
  // An LG state that the path is in.
  std::uint32_t lg_state() const { return points_[front_[0]].lg_state; }

 private:
  using PathArc = SearchGraph::PathArc;
  struct Point {
    std::uint32_t lg_state;
    hotwords::StateId hotword;
    double cost;  // hotwords included, since point 0
    std::size_t previous;
    PathArc arc;  // that led here
  };

  Point follow(std::size_t from, const PathArc& arc) const;
  bool pass_only_epsilons(std::uint32_t source, std::vector<PathArc>* settled);
  void pass_epsilons();
  void hand_out(std::size_t last, std::vector<PathArc>* arcs) const;

  PathGraph graph_;
  const hotwords::Automaton* automaton_;
  std::vector<Point> points_;       // reached since all was certain; 0 is that place
  std::vector<std::size_t> front_;  // where the path can be now: in other hotword states
};

}  // namespace tlg::decoder
