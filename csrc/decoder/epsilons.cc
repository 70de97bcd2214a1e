#include "decoder/epsilons.h"

#include <algorithm>
#include <limits>
#include <map>
#include <tuple>

namespace tlg::decoder {

EpsilonWalk::EpsilonWalk(const PathGraph& graph, const hotwords::Automaton* word_hotwords)
    : graph_(graph), automaton_(word_hotwords) {
  points_.push_back({graph.start_lg_state(), hotwords::kRoot, 0, 0, {}});
  front_.push_back(0);
}

void EpsilonWalk::take(const PathArc& arc, std::vector<PathArc>* settled) {
  if (points_[front_[0]].lg_state != arc.source && !pass_only_epsilons(arc.source, settled)) {
    pass_epsilons();
    const auto elsewhere = [&](std::size_t at) { return points_[at].lg_state != arc.source; };
    front_.erase(std::remove_if(front_.begin(), front_.end(), elsewhere), front_.end());
  }
  if (front_.size() > 1) {
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
    if (front_.size() > 1) return;
  } else {
    points_.push_back(follow(front_[0], arc));
    front_[0] = points_.size() - 1;
  }
  // One place alone: how it was reached is certain.
  hand_out(front_[0], settled);
  points_[0] = points_[front_[0]];
  points_[0].cost = 0;
  points_.resize(1);
  front_[0] = 0;
}

// The usual case: all is certain, and no state on the way has more than one epsilon arc.
bool EpsilonWalk::pass_only_epsilons(std::uint32_t source, std::vector<PathArc>* settled) {
  if (points_.size() > 1) return false;
  const Point start = points_[0];
  const std::size_t before = settled->size();
  PathArc arc;
  while (points_[0].lg_state != source) {
    if (!graph_.only_epsilon_arc(points_[0].lg_state, &arc)) {
      points_[0] = start;
      settled->resize(before);
      return false;
    }
    points_[0] = follow(0, arc);
    settled->push_back(arc);
  }
  return true;
}

double EpsilonWalk::finish(bool is_final, std::vector<PathArc>* rest) {
  if (is_final) pass_epsilons();
  double least = std::numeric_limits<double>::infinity(), cost = 0;
  std::size_t last = front_[0];
  for (const std::size_t at : front_) {
    const Point& point = points_[at];
    const double final_cost = is_final ? graph_.own_final_cost(point.lg_state) : 0;
    const double end = automaton_ != nullptr ? automaton_->end_score(point.hotword) : 0;
    if (!(point.cost + final_cost - end < least)) continue;
    least = point.cost + final_cost - end;
    last = at;
    cost = final_cost;
  }
  hand_out(last, rest);
  return cost;
}

void EpsilonWalk::change_hotwords(const hotwords::Automaton* word_hotwords, hotwords::Swap* swap) {
  // Words have no boundaries between them, so that nothing hangs on what came before.
  std::map<hotwords::StateId, std::size_t> best;
  for (const std::size_t at : front_) {
    Point& point = points_[at];
    const hotwords::Handover handover = swap->of(point.hotword, false);
    point.cost -= handover.gain;
    point.hotword = handover.state;
    const auto [known, is_new] = best.try_emplace(point.hotword, at);
    if (!is_new && point.cost < points_[known->second].cost) known->second = at;
  }
  front_.clear();
  for (const auto& one : best) front_.push_back(one.second);
  automaton_ = word_hotwords;
}

void EpsilonWalk::hand_out(std::size_t last, std::vector<PathArc>* arcs) const {
  const std::size_t begin = arcs->size();
  for (; last != 0; last = points_[last].previous) arcs->push_back(points_[last].arc);
  std::reverse(arcs->begin() + static_cast<std::ptrdiff_t>(begin), arcs->end());
}

EpsilonWalk::Point EpsilonWalk::follow(std::size_t from, const PathArc& arc) const {
  Point next{arc.target, points_[from].hotword, points_[from].cost + arc.cost, from, arc};
  if (automaton_ != nullptr && arc.word != 0)
    next.cost -= automaton_->advance(next.hotword, arc.word, &next.hotword);
  return next;
}

// To all that epsilon arcs lead to. They lead to lower levels: from the highest down, a point is
// left when its cost is known.
void EpsilonWalk::pass_epsilons() {
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

}  // namespace tlg::decoder
