// Raw lattices against all paths: the twin carries every sequence of arcs with its best alignment
// through a search without a beam; each that is within lattice_beam must be in the lattice with
// that cost, and nothing else may be there.
#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "check.h"
#include "decoder/search.h"
#include "search_problem.h"

using namespace tlg::decoder;
using namespace tlg::test;
using tlg::fst::Arc;
using tlg::fst::StateId;

namespace {

struct Taken {
  StateId source, target;
  int column, word;
  bool operator<(const Taken& o) const {
    return std::tie(source, target, column, word) < std::tie(o.source, o.target, o.column, o.word);
  }
};
using Sequence = std::vector<Taken>;  // arcs that begin tokens or have words
using Costs = std::map<Sequence, double>;

class AllPaths : private Moves {
 public:
  explicit AllPaths(const Problem& problem) : Moves(problem) {}

  // Of each sequence that ends in a final state; where none does, of all.
  Costs run() {
    Table table{{{p_.fst.start(), -1, true, 0, {}}, 0.0}};
    bool dead = false;
    for (int t = 0; t < p_.frames.num_frames; ++t) {
      Table next = frame(table, t);
      dead = next.empty();
      if (dead) break;
      table = std::move(next);
      too_many = too_many || table.size() > 2000;
      if (too_many) return {};
    }
    Costs finals, any;
    for (const auto& [entry, cost] : table) lower(any, entry.sequence, cost - loan(entry));
    for (const auto& [entry, cost] : dead ? Table{} : through_epsilons(table))
      if (p_.fst.final_cost(entry.state) < tlg::fst::kInfinity)
        lower(finals, entry.sequence,
              cost + double{p_.graph.lm_weight * p_.fst.final_cost(entry.state)} - loan(entry));
    return finals.empty() ? any : finals;
  }

  bool too_many = false;

 private:
  struct Entry {
    StateId state;
    int unit;
    bool blank;
    std::uint32_t hotword;
    Sequence sequence;
    bool operator<(const Entry& o) const {
      return std::tie(state, unit, blank, hotword, sequence) <
             std::tie(o.state, o.unit, o.blank, o.hotword, o.sequence);
    }
  };
  using Table = std::map<Entry, double>;

  template <typename Map, typename Key>
  static void lower(Map& map, const Key& key, double cost) {
    if (!(cost < kNever)) return;
    const auto at = map.try_emplace(key, cost).first;
    at->second = std::min(at->second, cost);
  }

  double loan(const Entry& entry) const {
    return p_.automaton ? p_.automaton->end_score(entry.hotword) : 0;
  }

  Table through_epsilons(const Table& table) const {
    Table all = table;
    for (auto at = all.begin(); at != all.end(); ++at)
      for (const Arc* arc = p_.fst.begin(at->first.state); arc != p_.fst.end(at->first.state);
           ++arc) {
        if (arc->ilabel != 0) continue;
        Entry next = at->first;
        next.state = arc->nextstate;
        const double gain = move(at->first.state, *arc, &next.hotword);
        lower(all, next, at->second + arc_cost(*arc) - gain);
      }
    return all;
  }

  Table frame(const Table& table, int t) const {
    const bool ctc = p_.graph.topology == Topology::kCtc;
    Table next;
    if (ctc)
      for (const auto& [entry, cost] : table) {
        Entry blank = entry;
        blank.blank = true;
        lower(next, blank, cost + column_cost(t, p_.graph.blank));
        if (!entry.blank) lower(next, entry, cost + column_cost(t, entry.unit));
      }
    for (const auto& [entry, cost] : through_epsilons(table))
      for (const Arc* arc = p_.fst.begin(entry.state); arc != p_.fst.end(entry.state); ++arc) {
        const int unit = arc->ilabel - 1;
        if (unit < 0 || (ctc && unit == entry.unit && !entry.blank)) continue;
        Entry to{arc->nextstate, ctc ? unit : -1, false, entry.hotword, entry.sequence};
        const double gain = move(entry.state, *arc, &to.hotword);
        if (!is_silent(entry.state, *arc) || arc->olabel != 0)
          to.sequence.push_back({entry.state, arc->nextstate, unit, arc->olabel});
        lower(next, to, cost + column_cost(t, unit) + arc_cost(*arc) - gain);
      }
    return next;
  }
};

// Every path of the lattice.
class Reader {
 public:
  Reader(const SearchGraph& graph, const RawLattice& lattice) : graph_(graph), lattice_(lattice) {}

  Costs run() {
    for (const RawLattice::End& end : lattice_.ends) back(end.node, end.cost);
    return costs_;
  }

 private:
  void back(std::uint32_t node, double cost) {
    if (node == kNoNode) {
      Sequence sequence(reversed_.rbegin(), reversed_.rend());
      const auto at = costs_.try_emplace(sequence, cost).first;
      at->second = std::min(at->second, cost);
      return;
    }
    const RawLattice::Node& n = lattice_.nodes[node];
    CHECK(n.previous == kNoNode || n.previous < node);
    if (n.arc == RawLattice::kMerge) {
      back(n.previous, cost);
      back(n.other, cost + n.excess);
      return;
    }
    const SearchGraph::PathArc arc = graph_.path_arc(n.arc);
    const bool silent = graph_.is_silent(n.arc) && arc.word == 0;
    if (!silent)
      reversed_.push_back({static_cast<StateId>(arc.source), static_cast<StateId>(arc.target),
                           arc.column, arc.word});
    back(n.previous, cost);
    if (!silent) reversed_.pop_back();
  }

  const SearchGraph& graph_;
  const RawLattice& lattice_;
  Sequence reversed_;
  Costs costs_;
};

bool holds(const Costs& wanted, const Costs& found, double lattice_beam) {
  double best = kNever;
  for (const auto& [sequence, cost] : wanted) best = std::min(best, cost);
  for (const auto& [sequence, cost] : wanted) {
    if (!(cost <= best + lattice_beam)) continue;
    const auto at = found.find(sequence);
    if (at == found.end() || at->second != cost) return false;
  }
  // Another alignment of a kept sequence may be there besides; never a better one.
  for (const auto& [sequence, cost] : found) {
    const auto at = wanted.find(sequence);
    if (at == wanted.end() || cost < at->second) return false;
  }
  return true;
}

std::size_t dropped = 0;  // traces, in all problems

// Returns whether the problem was small enough, and had more than one path.
bool check(std::uint32_t seed, const Shape& shape, HotwordLabels labels) {
  Problem p = random_problem(seed, shape, labels);
  p.options.beam = INFINITY;
  p.options.max_active = 1 << 30;
  AllPaths twin(p);
  const Costs wanted = twin.run();
  if (twin.too_many) return false;
  const SearchGraph graph(p.fst, p.graph);
  const auto use =
      p.automaton ? std::make_shared<HotwordUse>(graph, p.automaton, labels, p.neutral, p.wanted)
                  : nullptr;
  for (const float lattice_beam : {0.5f, 3.0f, 1000.0f})
    for (const std::string& kernel : kernels()) {
      p.options.lattice_beam = lattice_beam;
      Search search(graph, p.options, choose_kernel(kernel, true));
      search.start(use);
      search.advance(p.frames);
      const BestPath path = search.finish();
      const RawLattice lattice = search.lattice();
      // Again, with traces dropped between frames.
      search.start(use);
      for (std::int32_t t = 0; t < p.frames.num_frames && !search.utterance().dead; ++t) {
        search.advance(p.frames.part(t, 1));
        const std::size_t before = search.utterance().traces.size();
        drop_lost_traces(&search.utterance(), lattice_beam);
        dropped += before - search.utterance().traces.size();
      }
      const RawLattice rest = search.lattice();
      CHECK(rest.is_final == lattice.is_final && search.finish().cost == path.cost &&
            holds(wanted, Reader(graph, rest).run(), lattice_beam));
      const bool fine = lattice.is_final == path.is_final &&
                        lattice.num_frames == path.num_frames &&
                        holds(wanted, Reader(graph, lattice).run(), lattice_beam);
      if (!fine) std::printf("seed %u, lattice_beam %g\n", seed, double{lattice_beam});
      CHECK(fine);
    }
  return wanted.size() > 1;
}

Shape small() {
  Shape shape;
  shape.frames = 5;
  shape.fan_out = 3;
  shape.states = 5;
  return shape;
}

void check_many(std::uint32_t first, const Shape& shape, HotwordLabels labels) {
  int told = 0;
  dropped = 0;
  for (std::uint32_t seed = first; seed < first + 1000; ++seed) told += check(seed, shape, labels);
  CHECK(told > 300);
  CHECK(dropped > 1000);
}

}  // namespace

TEST(raw_lattice_holds_all_sequences) { check_many(1000, small(), HotwordLabels::kNone); }
TEST(raw_lattice_with_hotwords_over_tokens) { check_many(3000, small(), HotwordLabels::kTokens); }
TEST(raw_lattice_with_hotwords_over_words) { check_many(5000, small(), HotwordLabels::kWords); }
TEST(raw_lattice_of_plain_graphs) {
  Shape shape = small();
  shape.plain = true;
  check_many(7000, shape, HotwordLabels::kNone);
  check_many(9000, shape, HotwordLabels::kTokens);
}
