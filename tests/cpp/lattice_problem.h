// Slow twins for the tests of lattices: a recorder that writes down all steps and merges of an
// exhaustive search, and the best score of every word sequence, by a dynamic programme that carries
// the words along. Written from the definitions alone.
#pragma once

#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include "decoder/lattice/lattice.h"
#include "decoder/lattice/raw_lattice.h"
#include "search_problem.h"

namespace tlg::test {

using Words = std::vector<std::int32_t>;

// What the recorder and the programme have in common: where a path can be, and the moves.
struct Place {
  std::int32_t state;   // of the graph
  std::int32_t column;  // of the last arc; -1: none, or no matter
  bool blank;           // the last frame was blank
  std::uint32_t hotword;
  bool operator<(const Place& other) const {
    return std::tie(state, column, blank, hotword) <
           std::tie(other.state, other.column, other.blank, other.hotword);
  }
};

inline double column_score(const Problem& p, int t, int column) {
  const double score = double{p.options.acoustic_scale} * p.frames.at(t, column);
  return column == p.graph.blank ? score - double{p.options.blank_penalty} : score;
}

// What hotwords add when an arc is taken; moves *hotword.
inline double hotword_score(const Problem& p, std::int32_t source, std::int32_t target,
                            std::int32_t column, std::int32_t word, std::uint32_t* hotword) {
  if (p.automaton == nullptr) return 0;
  if (p.labels == decoder::HotwordLabels::kWords)
    return word == 0 ? 0 : double{p.automaton->advance(*hotword, word, hotword)};
  if (column < 0 || column == p.neutral) return 0;
  const bool repeats = source == target && word == 0;
  if (p.graph.topology == decoder::Topology::kPlain && p.graph.blank >= 0 &&
      (column == p.graph.blank || repeats))
    return 0;
  return p.automaton->advance(*hotword, column, hotword);
}

inline double end_score(const Problem& p, std::uint32_t hotword) {
  return p.automaton == nullptr ? 0 : double{p.automaton->end_score(hotword)};
}

class Recorder {
 public:
  Recorder(const Problem& problem, const decoder::SearchGraph& graph, float lattice_beam)
      : p_(problem), graph_(graph) {
    raw_.lattice_beam = lattice_beam;
    for (std::uint32_t arc = 0; arc < graph.group_arc_number(0); ++arc) {
      const std::uint32_t target = graph.arcs()[arc].target;
      if ((target & decoder::kIsGroup) == 0) {
        keep(arc);
        continue;
      }
      const std::uint32_t* group = graph.groups() + (target & decoder::kTargetMask);
      for (std::uint32_t g = group[0]; g < group[1]; ++g) keep(graph.group_arc_number(g));
    }
  }

  decoder::RawLattice record() {
    const bool ctc = p_.graph.topology == decoder::Topology::kCtc;
    Table table{{{static_cast<std::int32_t>(graph_.start_lg_state()), -1, true, 0},
                 {decoder::kNoNode, 0.0}}};
    bool dead = false;
    for (int t = 0; t < p_.frames.num_frames && !dead; ++t) {
      Table next;
      for (const auto& [place, path] : ctc ? table : Table{}) {
        Place blank = place;
        blank.blank = true;
        meet(next, blank, {path.node, path.cost - column_score(p_, t, p_.graph.blank)});
        if (!place.blank)
          meet(next, place, {path.node, path.cost - column_score(p_, t, place.column)});
      }
      for (const auto& [place, path] : through_epsilons(table))
        for (const auto& [number, arc] : arcs_[place.state])
          if (!(ctc && arc.column == place.column && !place.blank))
            step(next, place, path, number, arc, t);
      dead = next.empty();
      if (!dead) {
        table = next;
        ++raw_.num_frames;
      }
    }
    end(table, dead);
    return std::move(raw_);
  }

 private:
  struct Path {
    std::uint32_t node;
    double cost;
  };
  using Table = std::map<Place, Path>;

  const Problem& p_;
  const decoder::SearchGraph& graph_;
  std::map<std::int32_t, std::vector<std::pair<std::uint32_t, decoder::SearchGraph::PathArc>>>
      arcs_;
  decoder::RawLattice raw_;

  void keep(std::uint32_t number) {
    const decoder::SearchGraph::PathArc arc = graph_.path_arc(number);
    arcs_[static_cast<std::int32_t>(arc.source)].push_back({number, arc});
  }

  void meet(Table& table, const Place& place, const Path& path) {
    if (!(path.cost < INFINITY)) return;
    const auto [at, is_new] = table.try_emplace(place, path);
    if (is_new) return;
    Path& known = at->second;
    if (known.node == path.node) {
      known.cost = std::min(known.cost, path.cost);
      return;
    }
    const Path better = known.cost <= path.cost ? known : path;
    const Path worse = known.cost <= path.cost ? path : known;
    known = better;
    if (worse.cost - better.cost > raw_.lattice_beam) return;
    known.node = static_cast<std::uint32_t>(raw_.nodes.size());
    raw_.nodes.push_back({better.node, decoder::RawLattice::kMerge, 0, worse.node,
                          static_cast<float>(worse.cost - better.cost), 0});
  }

  void step(Table& next, const Place& from, const Path& path, std::uint32_t number,
            const decoder::SearchGraph::PathArc& arc, int t) {
    Place to{static_cast<std::int32_t>(arc.target), arc.column, false, from.hotword};
    const double gain = hotword_score(p_, from.state, to.state, arc.column, arc.word, &to.hotword);
    if (p_.graph.topology == decoder::Topology::kPlain) to.column = -1;
    const double cost = path.cost + arc.cost - column_score(p_, t, arc.column) - gain;
    if (!(cost < INFINITY)) return;
    const auto node = static_cast<std::uint32_t>(raw_.nodes.size());
    raw_.nodes.push_back(
        {path.node, number, static_cast<std::uint32_t>(t), decoder::kNoNode, 0, to.hotword});
    meet(next, to, {node, cost});
  }

  // States are in an order that epsilon arcs follow, and a table is sorted by state.
  Table through_epsilons(const Table& table) {
    Table all = table;
    for (auto at = all.begin(); at != all.end(); ++at)
      for (const decoder::SearchGraph::PathArc& arc :
           graph_.epsilon_arcs(static_cast<std::uint32_t>(at->first.state))) {
        Place to = at->first;
        to.state = static_cast<std::int32_t>(arc.target);
        const double gain = hotword_score(p_, at->first.state, to.state, -1, arc.word, &to.hotword);
        meet(all, to, {at->second.node, at->second.cost + arc.cost - gain});
      }
    return all;
  }

  void end(const Table& table, bool dead) {
    std::map<std::uint32_t, double> finals, any;
    const auto keep_best = [](std::map<std::uint32_t, double>& ends, std::uint32_t node,
                              double cost) {
      const auto at = ends.try_emplace(node, cost).first;
      at->second = std::min(at->second, cost);
    };
    for (const auto& [place, path] : table) {
      const auto state = static_cast<std::uint32_t>(place.state);
      keep_best(any, path.node, path.cost - end_score(p_, place.hotword));
      const double cost = p_.labels == decoder::HotwordLabels::kWords
                              ? graph_.final_cost(state, {p_.automaton.get(), place.hotword})
                              : graph_.total_final_cost(state) - end_score(p_, place.hotword);
      if (!dead && cost < INFINITY) keep_best(finals, path.node, path.cost + cost);
    }
    raw_.is_final = !finals.empty();
    for (const auto& [node, cost] : raw_.is_final ? finals : any) raw_.ends.push_back({node, cost});
  }
};

// The best score of each word sequence, over all its paths.
class AllSequences {
 public:
  explicit AllSequences(const Problem& problem) : p_(problem) {
    const bool ctc = p_.graph.topology == decoder::Topology::kCtc;
    Table table{{{Place{p_.fst.start(), -1, true, 0}, Words{}}, {}}};
    bool dead = false;
    for (int t = 0; t < p_.frames.num_frames && !dead; ++t) {
      Table next;
      for (const auto& [key, score] : ctc ? table : Table{}) {
        const Place& place = key.first;
        Place blank = place;
        blank.blank = true;
        improve(next, {blank, key.second}, plus_am(score, t, p_.graph.blank));
        if (!place.blank) improve(next, key, plus_am(score, t, place.column));
      }
      for (const auto& [key, score] : through_epsilons(table)) {
        const Place& place = key.first;
        for (const fst::Arc* arc = p_.fst.begin(place.state); arc != p_.fst.end(place.state);
             ++arc) {
          if (arc->ilabel == 0 || arc->weight == tlg::fst::kInfinity) continue;
          const std::int32_t column = arc->ilabel - 1;
          if (ctc && column == place.column && !place.blank) continue;
          Key to{{arc->nextstate, ctc ? column : -1, false, place.hotword}, key.second};
          take(next, to, place.state, column, *arc, plus_am(score, t, column));
        }
      }
      dead = next.empty();
      if (!dead) table = next;
    }
    if (!dead)
      for (const auto& [key, score] : through_epsilons(table)) {
        const float cost = p_.fst.final_cost(key.first.state);
        if (cost == tlg::fst::kInfinity) continue;
        decoder::LatticeScore whole = score;
        whole.graph -= double{p_.graph.lm_weight * cost};
        whole.hotword += end_score(p_, key.first.hotword);
        improve(best, key.second, whole);
      }
    is_final = !best.empty();
    if (is_final) return;
    for (const auto& [key, score] : table) {
      decoder::LatticeScore whole = score;
      whole.hotword += end_score(p_, key.first.hotword);
      improve(best, key.second, whole);
    }
  }

  std::map<Words, decoder::LatticeScore> best;
  bool is_final = false;

  double best_score() const {
    double most = -INFINITY;
    for (const auto& one : best) most = std::max(most, one.second.total());
    return most;
  }

 private:
  using Key = std::pair<Place, Words>;
  using Table = std::map<Key, decoder::LatticeScore>;
  const Problem& p_;

  decoder::LatticeScore plus_am(decoder::LatticeScore score, int t, int column) const {
    score.am += column_score(p_, t, column);
    return score;
  }

  template <typename Map>
  static void improve(Map& map, const typename Map::key_type& key,
                      const decoder::LatticeScore& score) {
    if (!(score.total() > -INFINITY)) return;
    const auto [at, is_new] = map.try_emplace(key, score);
    if (!is_new && score.total() > at->second.total()) at->second = score;
  }

  void take(Table& table, Key to, std::int32_t source, std::int32_t column, const fst::Arc& arc,
            decoder::LatticeScore score) const {
    score.graph -= double{p_.graph.lm_weight} * arc.weight;
    score.hotword +=
        hotword_score(p_, source, arc.nextstate, column, arc.olabel, &to.first.hotword);
    if (arc.olabel != 0) {
      score.graph += double{p_.graph.word_score};
      to.second.push_back(arc.olabel);
    }
    improve(table, to, score);
  }

  // States first: epsilon arcs lead to higher ones.
  Table through_epsilons(const Table& table) const {
    Table all = table;
    for (auto at = all.begin(); at != all.end(); ++at) {
      const Place& place = at->first.first;
      for (const fst::Arc* arc = p_.fst.begin(place.state); arc != p_.fst.end(place.state); ++arc) {
        if (arc->ilabel != 0) continue;
        Key to = at->first;
        to.first.state = arc->nextstate;
        take(all, to, place.state, -1, *arc, at->second);
      }
    }
    return all;
  }
};

}  // namespace tlg::test
