// Words attached to a graph, against the graph in which each slot is written out: one chain of arcs
// for each pronunciation. Random problems with exact sums: equal to the bit.
#include <cmath>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "check.h"
#include "decoder/attached_words.h"
#include "decoder/decoder.h"
#include "decoder/lattice/pending_lattice.h"
#include "decoder/path_graph.h"
#include "decoder/stream.h"
#include "search_problem.h"

using namespace tlg::decoder;
using namespace tlg::test;
using tlg::fst::Arc;
using tlg::fst::Fst;
using tlg::fst::FstBuilder;
using tlg::fst::StateId;

namespace {

struct Attached {
  Fst slots, written_out;
  WordsToAttach words;
};

int some_column(Dice& dice, const Problem& p) {
  int column = dice.below(p.frames.num_tokens);
  if (column == p.graph.blank) column = (column + 1) % p.frames.num_tokens;
  return column;
}

float on_grid(Dice& dice) { return static_cast<float>(dice.within(-32, 64)) / 64; }

Attached random_words(Dice& dice, const Problem& p, int first_label) {
  Attached out;
  const int num_slot_words = dice.within(1, 2), num_words = dice.within(1, 4);
  const auto n = static_cast<int>(p.fst.num_states());
  for (int w = 0; w < num_words; ++w) {
    out.words.slot_words.push_back(dice.below(num_slot_words));
    out.words.labels.push_back(first_label + w);
    out.words.scores.push_back(on_grid(dice));
    for (int ways = dice.within(1, 2); ways > 0; --ways) {
      const int size = dice.within(1, 3);
      for (int i = 0; i < size; ++i) out.words.columns.push_back(some_column(dice, p));
      out.words.sizes.push_back(size);
      out.words.owners.push_back(w);
      out.words.costs.push_back(on_grid(dice));
    }
  }
  FstBuilder slots;
  std::vector<std::vector<Arc>> more(p.fst.num_states());  // of the states of the graph
  std::vector<Arc> chains;                                 // one state each
  for (int s = 0; s < n; ++s) {
    slots.add_state();
    // Each slot word has a slot, so that the columns of all words are read in both graphs.
    for (int a = s == 0 ? num_slot_words : dice.below(3); a > 0; --a) {
      const int word = s == 0 ? a - 1 : dice.below(num_slot_words);
      const float cost = on_grid(dice);
      const int end = dice.below(n);
      slots.add_arc({word + 1, word + 1, cost, end});
      std::size_t at = 0;
      for (std::size_t i = 0; i < out.words.sizes.size(); ++i) {
        const auto size = static_cast<std::size_t>(out.words.sizes[i]);
        const auto owner = static_cast<std::size_t>(out.words.owners[i]);
        if (out.words.slot_words[owner] == word)
          for (std::size_t k = 0; k < size; ++k) {
            const bool first = k == 0, last = k + 1 == size;
            const auto next = static_cast<StateId>(p.fst.num_states() + chains.size());
            const Arc arc{out.words.columns[at + k] + 1, first ? out.words.labels[owner] : 0,
                          first ? cost + out.words.costs[i] - out.words.scores[owner] : 0.0f,
                          last    ? end
                          : first ? next
                                  : next + 1};
            if (first)
              more[static_cast<std::size_t>(s)].push_back(arc);
            else
              chains.push_back(arc);
          }
        at += size;
      }
    }
  }
  out.slots = std::move(slots).build(0);
  FstBuilder whole;
  for (int s = 0; s < n; ++s) {
    whole.add_state(p.fst.final_cost(s));
    for (const Arc* arc = p.fst.begin(s); arc != p.fst.end(s); ++arc) whole.add_arc(*arc);
    for (const Arc& arc : more[static_cast<std::size_t>(s)]) whole.add_arc(arc);
  }
  for (const Arc& arc : chains) {
    whole.add_state();
    whole.add_arc(arc);
  }
  out.written_out = std::move(whole).build(p.fst.start());
  return out;
}

// An automaton that rewards nothing: words can be attached without hotwords.
std::shared_ptr<const tlg::hotwords::Automaton> no_hotwords(int num_units) {
  tlg::hotwords::Options options;
  options.num_units = num_units;
  return tlg::hotwords::Automaton::build({}, options);
}

bool same(const Hypothesis& a, const Hypothesis& b) {
  return a.search_score == b.search_score && a.partial == b.partial && a.num_frames == b.num_frames;
}

int num_spoken = 0;

void check(std::uint32_t seed, const Shape& shape, HotwordLabels labels) {
  Problem p = random_problem(seed, shape, labels);
  if (p.fst.num_states() == 0 || shape.width < 2) return;
  Dice dice(seed);
  p.graph.reads_all = true;
  p.options.max_active = 1 << 30;
  p.options.lattice_beam = 2;
  const bool is_wide = dice.chance(70);
  if (is_wide) p.options.beam = INFINITY;
  const int first_label = shape.words + 1;
  const Attached more = random_words(dice, p, first_label);
  const auto graph =
      std::make_shared<const SearchGraph>(p.fst, p.graph, states_after_slots(more.slots));
  const auto written = std::make_shared<const SearchGraph>(more.written_out, p.graph);
  const auto words = std::make_shared<const AttachedWords>(
      std::make_shared<const Slots>(graph, more.slots), more.words);
  const auto automaton = p.automaton ? p.automaton : no_hotwords(shape.width);
  const HotwordLabels moved = p.automaton ? labels : HotwordLabels::kTokens;
  const auto use =
      std::make_shared<HotwordUse>(*graph, automaton, moved, p.neutral, p.wanted, words);
  const auto other = std::make_shared<HotwordUse>(*written, automaton, moved, p.neutral, p.wanted);
  Hypothesis before;
  for (const std::string& kernel : kernels()) {
    SearchOptions best_only = p.options;
    best_only.lattice_beam = 0;
    const Decoder decoder(graph, best_only, {}, kernel);
    const Hypothesis found = decoder.decode(p.frames, use);
    // A reading may align tokens where the search has left their columns out, and go where the beam
    // has dropped the cheapest way.
    const bool leaves_out = !is_wide || p.options.blank_skip < 1 || p.options.max_tokens > 0 ||
                            p.options.token_beam < INFINITY;
    const auto sums_up = [leaves_out](const Hypothesis& one) {
      return leaves_out ? one.score > one.search_score - 1e-3
                        : std::fabs(one.score - one.search_score) < 1e-3;
    };
    bool fine = sums_up(found);
    if (is_wide) {
      const Decoder oracle(written, best_only, {}, kernel);
      // Inside a word, costs and labels are on other arcs.
      const Hypothesis expected = oracle.decode(p.frames, other);
      fine = fine && (found.partial ? expected.partial : same(found, expected));
    }
    if (kernel != "baseline") fine = fine && same(found, before) && found.words == before.words;
    before = found;
    for (const std::int32_t word : found.words) num_spoken += word >= first_label;
    const LatticeRequest request{5, true, true, false, {}};
    const Decoder wide(graph, p.options, {}, kernel, request);
    const Hypothesis best = wide.decode(p.frames, use);
    fine = fine && same(best, found);
    const LatticeResult& result = best.more->result();
    for (const Hypothesis& one : result.nbest) fine = fine && sums_up(one);
    // Of paths that cost the search the same, one may gain more by that than the other.
    if (!leaves_out && !found.partial) {
      const Decoder oracle(written, p.options, {}, kernel, request);
      const Hypothesis expected = oracle.decode(p.frames, other);
      const std::vector<Hypothesis>& paths = expected.more->result().nbest;
      fine = fine && result.nbest.size() == paths.size();
      for (std::size_t i = 0; fine && i < paths.size(); ++i)
        fine = std::fabs(result.nbest[i].score - paths[i].score) < 1e-3;
    }
    CHECK(fine);
    if (!fine) {
      std::printf("seed %u %s\n", seed, kernel.c_str());
      return;
    }
  }
}

void check_many(std::uint32_t first, std::uint32_t count, const Shape& shape) {
  check_each(first, count, shape, check);
}

}  // namespace

TEST(attached_words_as_written_out) {
  num_spoken = 0;
  Shape shape;
  check_many(300000, 250, shape);
  shape.width = 70;
  shape.fan_out = 12;
  check_many(301000, 40, shape);
  shape.width = 200;
  shape.fan_out = 45;
  check_many(302000, 30, shape);
  CHECK(num_spoken > 300);
}

TEST(attached_words_bad_input) {
  Problem p = random_problem(1, Shape(), HotwordLabels::kNone);
  p.graph.reads_all = true;
  FstBuilder builder;
  builder.add_state();
  builder.add_arc({1, 1, 0.5f, 0});
  const Fst slots = std::move(builder).build(0);
  const auto graph = std::make_shared<const SearchGraph>(p.fst, p.graph, states_after_slots(slots));
  const auto places = std::make_shared<const Slots>(graph, slots);
  const int column = p.graph.blank == 0 ? 1 : 0;
  const WordsToAttach good{{0}, {9}, {0}, {column}, {1}, {0}, {0}};
  AttachedWords(places, good);
  AttachedWords(places, {});
  const auto refused = [&](auto change, const char* message) {
    WordsToAttach words = good;
    change(words);
    CHECK_THROWS(AttachedWords(places, words), message);
  };
  refused([](WordsToAttach& w) { w.slot_words[0] = 1; }, "word 0 has no slot");
  refused([](WordsToAttach& w) { w.labels[0] = 0; }, "no label");
  refused([](WordsToAttach& w) { w.scores[0] = NAN; }, "no finite score");
  refused([](WordsToAttach& w) { w.scores.clear(); }, "a score are needed for each word");
  refused([](WordsToAttach& w) { w.costs.clear(); }, "a cost are needed for each pronunciation");
  refused([](WordsToAttach& w) { w.columns.clear(); }, "pronunciation 0 has no columns");
  refused([](WordsToAttach& w) { w.columns.push_back(0); }, "more columns than");
  refused([](WordsToAttach& w) { w.columns[0] = 99; }, "reads no column 99");
  refused([&](WordsToAttach& w) { w.columns[0] = p.graph.blank; }, "reads no column");
  refused([](WordsToAttach& w) { w.owners[0] = 1; }, "no word");
  const std::vector<std::uint32_t> beyond{99};
  CHECK_THROWS(SearchGraph(p.fst, p.graph, beyond), "leads to state 99");
}
