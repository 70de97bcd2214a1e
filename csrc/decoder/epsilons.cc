#include "decoder/epsilons.h"

#include <algorithm>
#include <limits>
#include <map>
#include <tuple>

namespace tlg::decoder {
namespace {

using PathArc = SearchGraph::PathArc;

// Viterbi over the hotword states, along one sequence of steps.
class Walk {
 public:
  Walk(const SearchGraph& graph, const hotwords::Automaton* automaton)
      : graph_(graph), automaton_(automaton) {
    points_.push_back({graph.start_lg_state(), hotwords::kRoot, 0, 0, {}});
    front_.push_back(0);
  }

  void take(const PathArc& arc) {
    if (points_[front_[0]].lg_state != arc.source) {
      pass_epsilons();
      const auto elsewhere = [&](std::size_t at) { return points_[at].lg_state != arc.source; };
      front_.erase(std::remove_if(front_.begin(), front_.end(), elsewhere), front_.end());
    }
    if (front_.size() == 1) {
      points_.push_back(follow(front_[0], arc));
      front_[0] = points_.size() - 1;
      return;
    }
    std::map<hotwords::StateId, std::size_t> best;
    for (const std::size_t at : front_) {
      const Point next = follow(at, arc);
      const auto [known, is_new] = best.try_emplace(next.hotword, points_.size());
      if (!is_new && !(next.cost < points_[known->second].cost)) continue;
      known->second = points_.size();
      points_.push_back(next);
    }
    front_.clear();
    for (const auto& one : best) front_.push_back(one.second);
  }

  // An LG state that the path is in.
  std::uint32_t lg_state() const { return points_[front_[0]].lg_state; }

  FullPath finish(bool is_final) {
    if (is_final) pass_epsilons();
    double least = std::numeric_limits<double>::infinity();
    std::size_t last = front_[0];
    FullPath full;
    for (const std::size_t at : front_) {
      const Point& point = points_[at];
      const double final_cost = is_final ? graph_.own_final_cost(point.lg_state) : 0;
      const double end = automaton_ != nullptr ? automaton_->end_score(point.hotword) : 0;
      if (!(point.cost + final_cost - end < least)) continue;
      least = point.cost + final_cost - end;
      last = at;
      full.final_cost = final_cost;
    }
    for (; last != 0; last = points_[last].previous) full.arcs.push_back(points_[last].arc);
    std::reverse(full.arcs.begin(), full.arcs.end());
    return full;
  }

 private:
  struct Point {
    std::uint32_t lg_state;
    hotwords::StateId hotword;
    double cost;  // hotwords included
    std::size_t previous;
    PathArc arc;  // that led here
  };

  const SearchGraph& graph_;
  const hotwords::Automaton* automaton_;
  std::vector<Point> points_;       // all that were ever reached; 0 is the start
  std::vector<std::size_t> front_;  // where the path can be now: in other hotword states

  Point follow(std::size_t from, const PathArc& arc) const {
    Point next{arc.target, points_[from].hotword, points_[from].cost + arc.cost, from, arc};
    if (automaton_ != nullptr && arc.word != 0)
      next.cost -= automaton_->advance(next.hotword, arc.word, &next.hotword);
    return next;
  }

  // To all that epsilon arcs lead to. They lead to lower levels: from the highest down, a point is
  // left when its cost is known.
  void pass_epsilons() {
    using Key = std::tuple<std::int64_t, std::uint32_t, hotwords::StateId>;
    const auto key_of = [&](const Point& point) {
      return Key{-std::int64_t{graph_.level(point.lg_state)}, point.lg_state, point.hotword};
    };
    std::map<Key, std::size_t> best;
    for (const std::size_t at : front_) best.emplace(key_of(points_[at]), at);
    for (auto at = best.begin(); at != best.end(); ++at)
      for (const PathArc& arc : graph_.epsilon_arcs(std::get<1>(at->first))) {
        const Point next = follow(at->second, arc);
        const auto [known, is_new] = best.try_emplace(key_of(next), points_.size());
        if (!is_new && !(next.cost < points_[known->second].cost)) continue;
        known->second = points_.size();
        points_.push_back(next);
      }
    front_.clear();
    for (const auto& one : best) front_.push_back(one.second);
  }
};

}  // namespace

FullPath with_epsilons(const SearchGraph& graph, const BestPath& path,
                       const hotwords::Automaton* word_hotwords) {
  Walk walk(graph, word_hotwords);
  for (const PathStep& step : path.steps) walk.take(graph.path_arc(step.arc, walk.lg_state()));
  return walk.finish(path.is_final);
}

}  // namespace tlg::decoder
