// From raw lattices to words: every word sequence of small random problems, with its best score.
#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "check.h"
#include "decoder/lattice/determinize.h"
#include "decoder/lattice/lattice_result.h"
#include "decoder/lattice/nbest.h"
#include "decoder/lattice/step_ways.h"
#include "decoder/lattice/word_dag.h"
#include "decoder/search.h"
#include "lattice_problem.h"

using namespace tlg::decoder;
using namespace tlg::test;

namespace {

constexpr double kRounding = 1e-6;

bool same(double a, double b) { return std::fabs(a - b) <= kRounding; }

// The invariants of the type.
bool is_sound(const Lattice& lattice) {
  const std::uint32_t n = lattice.num_states();
  if (n == 0) return lattice.arcs.empty();
  std::vector<bool> reached(n, false), useful(n, false);
  reached[0] = true;
  bool fine = lattice.states[0].frame == 0 && lattice.states[n].first_arc == lattice.arcs.size();
  for (std::uint32_t s = 0; s < n; ++s) {
    const Lattice::State& state = lattice.states[s];
    for (std::uint32_t a = state.first_arc; a < lattice.states[s + 1].first_arc; ++a) {
      const Lattice::Arc& arc = lattice.arcs[a];
      fine = fine && arc.source == s && arc.target > s && arc.target < n && arc.word > 0 &&
             (a == state.first_arc || lattice.arcs[a - 1].word < arc.word) &&
             state.frame <= lattice.states[arc.target].frame && std::isfinite(arc.score.total());
      if (fine && reached[s]) reached[arc.target] = true;
    }
    if (state.first_arc == lattice.states[s + 1].first_arc && s > 0)
      fine = fine && state.is_final && state.frame == lattice.num_frames;
  }
  for (std::uint32_t s = n; fine && s-- > 0;) {
    useful[s] = lattice.states[s].is_final;
    for (std::uint32_t a = lattice.states[s].first_arc; a < lattice.states[s + 1].first_arc; ++a)
      if (useful[lattice.arcs[a].target]) useful[s] = true;
    fine = reached[s] && useful[s];
  }
  return fine;
}

void list(const Lattice& lattice, std::uint32_t state, const Words& words,
          const LatticeScore& score, std::map<Words, LatticeScore>* all) {
  const auto sum = [](const LatticeScore& a, const LatticeScore& b) {
    return LatticeScore{a.am + b.am, a.graph + b.graph, a.hotword + b.hotword};
  };
  if (lattice.states[state].is_final)
    all->emplace(words, sum(score, lattice.states[state].final_score));
  for (std::uint32_t a = lattice.states[state].first_arc; a < lattice.states[state + 1].first_arc;
       ++a) {
    Words longer = words;
    longer.push_back(lattice.arcs[a].word);
    list(lattice, lattice.arcs[a].target, longer, sum(score, lattice.arcs[a].score), all);
  }
}

struct Case {
  Problem p;
  std::unique_ptr<SearchGraph> graph;
  std::shared_ptr<HotwordUse> use;
  RawLattice raw;
};

// The raw lattice is the twin's, or that of a search without a beam.
enum class By { kTwin, kSearch };

Case make_case(std::uint32_t seed, const Shape& shape, HotwordLabels labels, bool on_grid, By by) {
  Case c;
  c.p = random_problem(seed, shape, labels);
  Dice dice(seed + 7);
  if (!on_grid)  // no ties
    for (float& one : c.p.rows) one -= static_cast<float>(dice.below(1 << 20)) / (1 << 20);
  c.p.frames.dense = c.p.rows.data();
  c.graph = std::make_unique<SearchGraph>(c.p.fst, c.p.graph);
  if (c.p.automaton)
    c.use = std::make_shared<HotwordUse>(*c.graph, c.p.automaton, labels, c.p.neutral);
  const float beam = dice.one_of<float>({INFINITY, INFINITY, 8, 4, 2, 1, 0});
  if (by == By::kTwin) {
    c.raw = Recorder(c.p, *c.graph, beam).record();
    return c;
  }
  c.p.options.beam = INFINITY;
  c.p.options.max_active = 1 << 30;
  c.p.options.token_beam = INFINITY;
  c.p.options.max_tokens = 0;
  c.p.options.blank_skip = 1;
  c.p.options.lattice_beam = beam == 0 ? 0.5f : beam;
  Search search(*c.graph, c.p.options, choose_kernel("auto", true));
  search.start(c.use);
  search.advance(c.p.frames);
  c.raw = search.lattice();
  return c;
}

// The best path's words begin where the states say.
bool has_frames_of(const Lattice& lattice, const Hypothesis& best) {
  std::uint32_t s = 0;
  for (std::size_t i = 0; i < best.words.size(); ++i) {
    const auto first = lattice.arcs.begin() + lattice.states[s].first_arc;
    const auto end = lattice.arcs.begin() + lattice.states[s + 1].first_arc;
    const auto arc = std::find_if(
        first, end, [&](const Lattice::Arc& one) { return one.word == best.words[i]; });
    if (arc == end) return false;
    const Span span = best.word_spans[i];
    if (i > 0 && span.start < span.end && lattice.states[s].frame != span.start) return false;
    s = arc->target;
  }
  return true;
}

void check(std::uint32_t seed, const Shape& shape, HotwordLabels labels, bool on_grid, By by) {
  const Case c = make_case(seed, shape, labels, on_grid, by);
  const AllSequences all(c.p);
  LatticeRequest request;
  request.nbest = 1u << 30;
  request.lattice = true;
  const LatticeResult found =
      examine_lattice(c.raw, *c.graph, c.p.options, {}, c.p.frames, c.use, {}, request);
  const double least = all.best_score() - c.raw.lattice_beam;
  bool fine = found.lattice_beam == c.raw.lattice_beam && found.lattice.partial == !all.is_final;
  std::map<Words, double> listed;
  for (std::size_t i = 0; i < found.nbest.size() && fine; ++i) {
    const Hypothesis& one = found.nbest[i];
    const auto at = all.best.find(one.words);
    fine = listed.emplace(one.words, one.score).second && at != all.best.end() &&
           same(one.score, at->second.total()) && same(one.score, one.search_score) &&
           one.score >= least - kRounding && one.partial == !all.is_final &&
           (i == 0 || one.score <= found.nbest[i - 1].score);
  }
  std::map<Words, LatticeScore> in_lattice;
  fine = fine && is_sound(found.lattice);
  if (fine && found.lattice.num_states() > 0) list(found.lattice, 0, {}, {}, &in_lattice);
  for (const auto& [words, score] : all.best) {
    if (!(score.total() >= least)) continue;
    const auto at = in_lattice.find(words);
    fine = fine && listed.count(words) == 1 && at != in_lattice.end() &&
           same(at->second.total(), score.total());
    if (fine && !on_grid)
      fine = same(at->second.am, score.am) && same(at->second.graph, score.graph) &&
             same(at->second.hotword, score.hotword);
  }
  for (const auto& [words, score] : in_lattice) {
    const auto at = all.best.find(words);
    fine = fine && at != all.best.end() && score.total() <= at->second.total() + kRounding;
  }
  if (!on_grid && fine && !found.nbest.empty()) fine = has_frames_of(found.lattice, found.nbest[0]);
  if (!fine)
    std::printf(
        "seed %u labels %d grid %d by %d: %zu listed, %zu in the lattice, %zu in all, beam %g\n",
        seed, static_cast<int>(labels), on_grid, static_cast<int>(by), listed.size(),
        in_lattice.size(), all.best.size(), static_cast<double>(c.raw.lattice_beam));
  CHECK(fine);
}

void check_many(std::uint32_t first, std::uint32_t count, const Shape& shape) {
  for (const HotwordLabels labels :
       {HotwordLabels::kNone, HotwordLabels::kTokens, HotwordLabels::kWords})
    for (std::uint32_t seed = first; seed < first + count; ++seed)
      for (const bool on_grid : {true, false})
        for (const By by : {By::kTwin, By::kSearch}) check(seed, shape, labels, on_grid, by);
}

}  // namespace

TEST(lattices_of_small_graphs) {
  Shape small;
  small.states = 4;
  small.fan_out = 3;
  small.frames = 5;
  small.words = 3;
  check_many(0, 250, small);
}

TEST(lattices_of_plain_graphs) {
  Shape plain;
  plain.plain = true;
  plain.states = 4;
  plain.fan_out = 3;
  plain.frames = 5;
  plain.words = 3;
  check_many(5000, 120, plain);
}

namespace {

// Layers of two places: whatever the words, the first place costs nothing; the second costs `step`,
// `step` * factor, ... for each word 1. No two sequences leave the same behind, and all are equally
// good.
WordDag ladder(int layers, double step, double factor) {
  WordDag dag;
  dag.beam = 8;
  dag.num_frames = layers;
  dag.is_final = true;
  const auto node = [](int layer, int place) {
    return static_cast<std::uint32_t>(layer == 0 ? 0 : 2 * layer - 1 + place);
  };
  const auto add_node = [&] {
    dag.nodes.push_back({static_cast<std::uint32_t>(dag.arcs.size()), kNoNode, kNoNode, 0, false});
  };
  for (int layer = 0; layer < layers; ++layer, step *= factor)
    for (int place = 0; place < (layer == 0 ? 1 : 2); ++place) {
      add_node();
      for (int to = 0; to < 2; ++to) {
        if (layer > 0 && to != place) continue;
        for (const std::int32_t word : {1, 2})
          dag.arcs.push_back({node(layer, place),
                              node(layer + 1, to),
                              word,
                              {to == 1 && word == 1 ? -step : 0, 0, 0}});
      }
    }
  for (const int place : {0, 1}) {
    add_node();
    dag.arcs.push_back({node(layers, place), node(layers + 1, 0), 0, {0, 0, 0}});
  }
  add_node();
  dag.ahead.assign(dag.nodes.size(), 0);
  add_node();
  for (std::uint32_t n = dag.end(); n-- > 0;) {
    dag.ahead[n] = -INFINITY;
    for (std::uint32_t a = dag.nodes[n].first_arc; a < dag.nodes[n + 1].first_arc; ++a) {
      const double ahead = dag.arcs[a].score.am + dag.ahead[dag.arcs[a].target];
      if (!(ahead > dag.ahead[n])) continue;
      dag.ahead[n] = ahead;
      dag.nodes[n].best_arc = a;
    }
  }
  return dag;
}

WordFrames no_frames(const WordDag& dag) {
  const std::vector<std::int64_t> zeros(dag.num_nodes(), 0);
  return {false, zeros, zeros, std::vector<bool>(dag.num_nodes(), false), zeros};
}

}  // namespace

TEST(lattices_that_would_blow_up_are_narrowed) {
  const auto number_of_paths = [](const Lattice& lattice) {
    std::vector<double> paths(lattice.num_states(), 0);
    paths[0] = 1;
    double total = 0;
    for (std::uint32_t s = 0; s < lattice.num_states(); ++s) {
      if (lattice.states[s].is_final) total += paths[s];
      for (std::uint32_t a = lattice.states[s].first_arc; a < lattice.states[s + 1].first_arc; ++a)
        paths[lattice.arcs[a].target] += paths[s];
    }
    return total;
  };
  const WordDag small = ladder(6, 1, 0.5);
  const Determinized whole = determinize(small, no_frames(small));
  CHECK(whole.beam == 8 && is_sound(whole.lattice) && number_of_paths(whole.lattice) == 64);
  // Once the second places are beyond the beam, all sequences share their states.
  const WordDag wide = ladder(40, 0.01, 2);
  const Determinized some = determinize(wide, no_frames(wide), 20000);
  CHECK(some.beam > 0 && some.beam < 8 && is_sound(some.lattice));
  CHECK(number_of_paths(some.lattice) == std::ldexp(1.0, 40));
  const WordDag endless = ladder(40, 1e-3, 0.5);
  const Determinized one = determinize(endless, no_frames(endless), 2000);
  CHECK(one.beam == 0 && is_sound(one.lattice) && number_of_paths(one.lattice) == 1);
  CHECK(one.lattice.arcs.size() == 40);
}

// Ties by the million do not widen the search for the best of them.
TEST(best_of_many_equals) {
  const std::vector<WordPath> best = best_word_paths(ladder(40, 1e-3, 0.5), 50);
  CHECK(best.size() == 50);
  for (const WordPath& path : best) CHECK(path.score == 0 && path.arcs.size() == 41);
}

// Each of some steps may follow each of as many others, and all paths tie: no narrower beam helps.
TEST(lattices_of_too_many_ties_are_refused) {
  constexpr std::uint32_t kSteps = 50;
  RawLattice raw;
  raw.lattice_beam = 8;
  raw.num_frames = 2;
  std::uint32_t previous = kNoNode;
  for (std::uint32_t frame = 0; frame < 2; ++frame) {
    const auto first = static_cast<std::uint32_t>(raw.nodes.size());
    for (std::uint32_t i = 0; i < kSteps; ++i)
      raw.nodes.push_back({previous, 0, frame, kNoNode, 0, tlg::hotwords::kRoot});
    std::uint32_t all = first;
    for (std::uint32_t i = 1; i < kSteps; ++i) {
      raw.nodes.push_back({all, RawLattice::kMerge, frame, first + i, 0, tlg::hotwords::kRoot});
      all = static_cast<std::uint32_t>(raw.nodes.size()) - 1;
    }
    previous = all;
  }
  raw.ends.push_back({previous, 0});
  const StepWays ways = find_step_ways(raw, 100, 100'000);
  CHECK(ways.num_steps() == 2 * kSteps + 1 && ways.beam == 0);
  CHECK(ways.targets.size() == kSteps + kSteps * kSteps + kSteps);
  CHECK_THROWS(find_step_ways(raw, 100, 1000), "2 frames has too many paths that are equally good");
}
