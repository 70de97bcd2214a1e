// The search against a dense dynamic programme over (state, last unit, blank or not, hotword
// state), written from the definition: random graphs, posteriors, hotwords and beams. All costs lie
// on a grid of 1/1024, so that sums are exact in float32 and costs must be equal to the bit: a beam
// that dropped one path too many or too few would show.
#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "check.h"
#include "decoder/decoder.h"
#include "decoder/search.h"
#include "fst/fst.h"
#include "search_problem.h"

using namespace tlg::decoder;
using namespace tlg::test;
using tlg::fst::Arc;
using tlg::fst::Fst;
using tlg::fst::FstBuilder;
using tlg::fst::StateId;

namespace {

// The definition: every frame, every entry takes every way on; then what is beyond the beam goes.
class Twin : private Moves {
 public:
  explicit Twin(const Problem& problem) : Moves(problem) {}

  BestPath decode() {
    Table table{{{p_.fst.start(), kNoUnit, true, 0}, 0.0}};
    BestPath best;
    bool dead = false;
    for (int t = 0; t < p_.frames.num_frames && !dead; ++t) {
      table = most_active(table);
      const Table next = frame(table, t);
      dead = next.empty();
      if (dead) break;
      table = within_beam(next);
      ++best.num_frames;
    }
    double any = kNever, final_cost = kNever;
    for (const auto& [entry, cost] : table)
      any = std::min(any, cost - (p_.automaton ? p_.automaton->end_score(entry.hotword) : 0));
    for (const auto& [entry, cost] : dead ? Table{} : through_epsilons(table)) {
      const float own = p_.fst.final_cost(entry.state);
      if (own == tlg::fst::kInfinity) continue;
      const double end = p_.automaton ? p_.automaton->end_score(entry.hotword) : 0;
      final_cost = std::min(final_cost, cost + double{p_.graph.lm_weight * own} - end);
    }
    best.is_final = final_cost < kNever;
    best.cost = best.is_final ? final_cost : any;
    return best;
  }

 private:
  static constexpr int kNoUnit = -1;
  struct Entry {
    StateId state;
    int unit;    // of the last arc
    bool blank;  // the last frame was blank
    std::uint32_t hotword;
    bool operator<(const Entry& other) const {
      return std::tie(state, unit, blank, hotword) <
             std::tie(other.state, other.unit, other.blank, other.hotword);
    }
  };
  using Table = std::map<Entry, double>;

  static void improve(Table& table, const Entry& entry, double cost) {
    if (!(cost < kNever)) return;
    const auto at = table.try_emplace(entry, cost).first;
    at->second = std::min(at->second, cost);
  }

  // States are in an order that epsilon arcs follow, and a table is sorted by state.
  Table through_epsilons(const Table& table) const {
    Table all = table;
    for (auto at = all.begin(); at != all.end(); ++at)
      for (const Arc* arc = p_.fst.begin(at->first.state); arc != p_.fst.end(at->first.state);
           ++arc) {
        if (arc->ilabel != 0) continue;
        Entry next = at->first;
        next.state = arc->nextstate;
        const double gain = move(at->first.state, *arc, &next.hotword);
        improve(all, next, at->second + arc_cost(*arc) - gain);
      }
    return all;
  }

  Table frame(const Table& table, int t) const {
    Table next;
    if (p_.graph.topology == Topology::kCtc)
      for (const auto& [entry, cost] : table) {
        Entry blank = entry;
        blank.blank = true;
        improve(next, blank, cost + column_cost(t, p_.graph.blank));
        if (!entry.blank) improve(next, entry, cost + column_cost(t, entry.unit));
      }
    for (const auto& [entry, cost] : through_epsilons(table))
      for (const Arc* arc = p_.fst.begin(entry.state); arc != p_.fst.end(entry.state); ++arc) {
        const int unit = arc->ilabel - 1;
        if (unit < 0) continue;
        if (p_.graph.topology == Topology::kCtc && unit == entry.unit && !entry.blank) continue;
        Entry to{arc->nextstate, unit, false, entry.hotword};
        const double gain = move(entry.state, *arc, &to.hotword);
        if (p_.graph.topology == Topology::kPlain) to.unit = kNoUnit;
        improve(next, to, cost + column_cost(t, unit) + arc_cost(*arc) - gain);
      }
    return next;
  }

  Table within_beam(const Table& table) const {
    double best = kNever;
    for (const auto& [entry, cost] : table) best = std::min(best, cost);
    Table kept;
    for (const auto& [entry, cost] : table)
      if (cost <= best + p_.options.beam) kept.emplace(entry, cost);
    return kept;
  }

  // A token is what differs in more than the blank bit.
  Table most_active(const Table& table) const {
    std::map<std::tuple<StateId, int, std::uint32_t>, double> tokens;
    for (const auto& [entry, cost] : table) {
      const auto key = std::make_tuple(entry.state, entry.unit, entry.hotword);
      const auto at = tokens.try_emplace(key, cost).first;
      at->second = std::min(at->second, cost);
    }
    const std::size_t limit = static_cast<std::size_t>(p_.options.max_active);
    if (tokens.size() <= limit) return table;
    std::vector<double> costs;
    for (const auto& token : tokens) costs.push_back(token.second);
    std::sort(costs.begin(), costs.end());
    Table kept;
    for (const auto& [entry, cost] : table)
      if (tokens[{entry.state, entry.unit, entry.hotword}] <= costs[limit - 1])
        kept.emplace(entry, cost);
    return kept;
  }
};

bool same(const BestPath& found, const BestPath& wanted) {
  return found.is_final == wanted.is_final && found.num_frames == wanted.num_frames &&
         found.cost == wanted.cost;
}

// The path's own score, added up anew from its arcs, is what the search said; or better, where the
// beam dropped the best split of its frames into units and blanks.
bool adds_up(const SearchGraph& graph, const Problem& p, const BestPath& path,
             const std::shared_ptr<const HotwordUse>& use) {
  const Hypothesis h = make_hypothesis(graph, p.options, {}, path, p.frames, use);
  const bool everything = p.options.beam >= 200 && p.options.max_active == 1 << 30 &&
                          p.options.blank_skip == 1 && p.options.max_tokens == 0 &&
                          p.options.token_beam == INFINITY;
  return h.score >= h.search_score - 1e-9 && (!everything || h.score <= h.search_score + 1e-9) &&
         h.partial == !path.is_final;
}

// Whole, and fed in pieces, by every kernel, twice with the same memory.
void check(std::uint32_t seed, const Shape& shape, HotwordLabels labels) {
  const Problem p = random_problem(seed, shape, labels);
  const BestPath wanted = Twin(p).decode();
  const SearchGraph graph(p.fst, p.graph);
  const auto use =
      p.automaton ? std::make_shared<HotwordUse>(graph, p.automaton, labels, p.neutral, p.wanted)
                  : nullptr;
  bool fine = true;
  for (const std::string& kernel : kernels()) {
    Search search(graph, p.options, choose_kernel(kernel));
    for (const int pieces : {1, 3}) {
      search.start(use);
      for (int i = 0; i < pieces; ++i) {
        const int from = p.frames.num_frames * i / pieces;
        Frames some = p.frames;
        some.num_frames = p.frames.num_frames * (i + 1) / pieces - from;
        some.dense = p.rows.data() + from * shape.width;
        search.advance(some);
      }
      const BestPath found = search.finish();
      fine = fine && same(found, wanted) && adds_up(graph, p, found, use);
      if (!fine) {
        const Hypothesis h = make_hypothesis(graph, p.options, {}, found, p.frames, use);
        std::printf("seed %u %s: cost %.10g, wanted %.10g, path %.10g; frames %lld of %lld; W %d\n",
                    seed, kernel.c_str(), found.cost, wanted.cost, -h.score,
                    static_cast<long long>(found.num_frames),
                    static_cast<long long>(wanted.num_frames), graph.mask_words());
        CHECK(fine);
        return;
      }
    }
  }
}

void check_many(std::uint32_t first, std::uint32_t count, const Shape& shape) {
  check_each(first, count, shape, check);
}

}  // namespace

TEST(search_of_small_graphs) {
  check_many(0, 1500, {});
  Shape few;
  few.width = 3;
  few.states = 3;
  few.fan_out = 9;  // many arcs with one label
  check_many(10000, 500, few);
  few.width = 1;  // blank alone: no arc can be taken
  check_many(11000, 20, few);
}

TEST(search_of_plain_graphs) {
  Shape plain;
  plain.plain = true;
  check_many(20000, 800, plain);
  plain.width = 150;
  plain.fan_out = 40;
  check_many(21000, 30, plain);
}

// Units that fill a mask of 64 or 128 bits, or just not; more than masks hold, with few and with
// many arcs a state.
TEST(search_of_wide_graphs) {
  std::uint32_t seed = 30000;
  for (const int width : {16, 17, 18, 33, 64, 65, 66, 67, 128, 129, 130, 200}) {
    Shape wide;
    wide.width = width;
    wide.states = 8;
    wide.fan_out = 2 * width;  // so that every column has an arc somewhere
    wide.words = 30;
    wide.frames = 5;
    check_many(seed, 12, wide);
    wide.states = 40;
    wide.fan_out = 12;
    check_many(seed + 50, 12, wide);
    seed += 100;
  }
}

// States with many arcs among far more units: too few for a map of all units, and enough.
TEST(search_of_graphs_with_thousands_of_units) {
  Shape wide;
  wide.width = 2500;
  wide.words = 30;
  wide.frames = 4;
  std::uint32_t seed = 35000;
  for (const int fan_out : {20, 40, 70, 400}) {
    wide.states = 3200 / fan_out;
    wide.fan_out = fan_out;
    check_many(seed, 4, wide);
    seed += 10;
  }
}

// More tokens than a block of any kernel, work blocks cut off at any place.
TEST(search_with_many_tokens) {
  Shape many;
  many.width = 12;
  many.states = 60;
  many.fan_out = 12;
  many.frames = 12;
  many.acoustic = 64;
  check_many(40000, 60, many);
}

// Many hotwords in progress at once, in states with few arcs and with many: what each unit gains is
// known beforehand, and what breaks off is bounded by what it loses.
TEST(search_with_many_hotwords) {
  std::uint32_t seed = 45000;
  for (const int width : {12, 100, 200}) {
    Shape many;
    many.width = width;
    many.states = 5;
    many.fan_out = width == 12 ? 8 : 70;
    many.words = 12;
    many.frames = width == 12 ? 7 : 4;
    many.acoustic = 128;
    many.phrases = 150;
    many.spread = 12;
    check_many(seed, 6, many);
    many.spread = 60;  // a hotword goes on with more units than are worth a look
    check_many(seed + 50, 6, many);
    seed += 100;
  }
}

// Many paths cost the same: which of them goes on is to be one that may.
TEST(search_of_ties) {
  Shape ties;
  ties.acoustic = 3;
  ties.cost = -14;
  check_many(48000, 1500, ties);
  ties.width = 70;
  ties.fan_out = 12;
  check_many(49500, 100, ties);
}

// Costs are made smaller on the way: some hundreds a frame would not fit float32 otherwise.
TEST(search_of_long_utterances) {
  Shape long_one;
  long_one.states = 4;
  long_one.frames = 400;
  long_one.acoustic = 1024;
  check_many(50000, 25, long_one);
}

// Where blanks are rewarded, costs sink far below zero instead.
TEST(search_of_long_utterances_with_sinking_costs) {
  Shape long_one;
  long_one.states = 3;
  long_one.frames = 3000;
  long_one.bonus = 150;
  check_many(60000, 8, long_one);
}

TEST(search_graph_refuses_a_blank_that_is_no_column) {
  FstBuilder builder;
  builder.add_state(0.0f);
  builder.add_arc({2, 1, 0.5f, 0});
  const Fst fst = std::move(builder).build(0);
  CHECK_THROWS(SearchGraph(fst, {Topology::kCtc, 4, -1, 1, 0}), "the blank is token -1 of 4");
  CHECK_THROWS(SearchGraph(fst, {Topology::kCtc, 4, 4, 1, 0}), "the blank is token 4 of 4");
  CHECK_THROWS(SearchGraph(fst, {Topology::kPlain, 4, -2, 1, 0}), "Give its column, or -1");
  CHECK_THROWS(SearchGraph(fst, {Topology::kPlain, 4, -1, NAN, 0}), "lm_weight");
}
