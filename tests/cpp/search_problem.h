// Random small problems for the tests of the search: graphs with epsilon arcs, words on any arc,
// repeats and dead ends; posteriors, options, hotwords. All costs lie on a grid of 1/1024, so that
// sums are exact in float32.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "decoder/search.h"
#include "fst/fst.h"
#include "hotwords/automaton.h"
#include "util/error.h"

namespace tlg::test {

class Dice {
 public:
  explicit Dice(std::uint32_t seed) : engine_(seed) {}
  int below(int n) { return static_cast<int>(engine_() % static_cast<std::uint32_t>(n)); }
  int within(int low, int high) { return low + below(high - low + 1); }
  bool chance(int percent) { return below(100) < percent; }
  template <typename T>
  T one_of(const std::vector<T>& values) {
    return values[static_cast<std::size_t>(below(static_cast<int>(values.size())))];
  }

 private:
  std::mt19937 engine_;
};

struct Shape {
  int width = 4;       // columns
  int states = 6;      // at most
  int fan_out = 4;     // emitting arcs of a state, at most
  int words = 5;       // output labels 1 .. words
  int frames = 8;      // at most
  int cost = 128;      // of an arc, in 1/64, at most
  int acoustic = 256;  // of a frame, in 1/64, at most
  float bonus = 0;     // nats for each blank frame
  int phrases = 4;     // hotwords, at most
  int spread = 6;      // units they are made of
  bool plain = false;
};

struct Problem {
  tlg::fst::Fst fst;
  decoder::GraphOptions graph;
  decoder::SearchOptions options;
  std::vector<float> rows;
  decoder::Frames frames;
  std::shared_ptr<const tlg::hotwords::Automaton> automaton;
  decoder::HotwordLabels labels = decoder::HotwordLabels::kNone;
  std::int32_t neutral = -1;
  std::vector<std::int32_t> wanted;  // columns that pruning of tokens leaves
};

// States in an order that epsilon arcs follow; several arcs with one label, dead ends, repeats,
// words on any arc, arcs that can never be taken.
inline tlg::fst::Fst random_graph(Dice& dice, const Shape& shape, int blank) {
  tlg::fst::FstBuilder builder;
  const int n = dice.within(1, shape.states);
  for (int s = 0; s < n; ++s) {
    const bool last = s + 1 == n;
    builder.add_state(dice.chance(last ? 80 : 30) ? static_cast<float>(dice.below(64)) / 64
                                                  : tlg::fst::kInfinity);
    for (int a = dice.below(shape.fan_out + 1); a > 0; --a) {
      int column = dice.below(shape.width);
      if (column == blank && !shape.plain) column = (column + 1) % shape.width;
      if (column == blank && !shape.plain) continue;  // blank is the only column
      const float cost = dice.chance(3) ? tlg::fst::kInfinity
                                        : static_cast<float>(dice.within(-16, shape.cost)) / 64;
      const int word = dice.chance(50) ? dice.within(1, shape.words) : 0;
      builder.add_arc({column + 1, word, cost, dice.below(n)});
    }
    for (int a = last || dice.chance(50) ? 0 : dice.within(1, 3); a > 0; --a) {
      const int word = dice.chance(40) ? dice.within(1, shape.words) : 0;
      builder.add_arc(
          {0, word, static_cast<float>(dice.within(-8, 64)) / 64, dice.within(s + 1, n - 1)});
    }
  }
  return std::move(builder).build(0);
}

inline std::shared_ptr<const tlg::hotwords::Automaton> random_hotwords(Dice& dice, int first_unit,
                                                                       int num_units,
                                                                       bool boundaries,
                                                                       const Shape& shape = {}) {
  std::vector<tlg::hotwords::Phrase> phrases(
      static_cast<std::size_t>(dice.within(1, shape.phrases)));
  tlg::hotwords::Options options;
  options.num_units = num_units;
  if (boundaries && dice.chance(50)) {  // pieces: a boundary that no column has is before some
    for (int unit = 0; unit < num_units; ++unit) options.starts_word.push_back(dice.chance(50));
    options.boundary = options.num_units++;
  } else if (boundaries && num_units - first_unit > 1) {
    options.boundary = first_unit;
  }
  for (tlg::hotwords::Phrase& phrase : phrases) {
    const int low = options.boundary == first_unit ? first_unit + 1 : first_unit;
    for (int length = dice.within(1, 4); length > 0; --length)
      phrase.units.push_back(dice.within(low, std::min(low + shape.spread - 1, num_units - 1)));
    phrase.bias = dice.one_of<double>({0, 0.5, 1.5});
    phrase.word_bias = dice.one_of<double>({0, 1, 3, -2});
  }
  options.max_loan = dice.one_of<double>({0, 1, 2, 100});
  return tlg::hotwords::Automaton::build(phrases, options);
}

inline Problem random_problem(std::uint32_t seed, const Shape& shape,
                              decoder::HotwordLabels labels) {
  Dice dice(seed);
  Problem p;
  p.graph.topology = shape.plain ? decoder::Topology::kPlain : decoder::Topology::kCtc;
  p.graph.num_tokens = shape.width;
  p.graph.blank = shape.plain ? dice.one_of<int>({-1, 0}) : dice.below(shape.width);
  p.graph.lm_weight = dice.one_of<float>({1, 1, 0.5f, 2});
  p.graph.word_score = dice.one_of<float>({0, 0, 0.75f, -0.5f});
  p.fst = random_graph(dice, shape, p.graph.blank);
  p.options.beam = dice.one_of<float>({INFINITY, 200, 4, 2, 1, 0.25f});
  p.options.max_active = dice.one_of<int>({1 << 30, 1 << 30, 5, 2, 1});
  p.options.acoustic_scale = dice.one_of<float>({1, 0.5f, 2});
  p.options.blank_penalty = dice.one_of<float>({0, 0, 0.5f, -0.25f}) - shape.bonus;
  p.frames.num_frames = dice.below(shape.frames + 1);
  p.frames.num_tokens = shape.width;
  for (int i = 0; i < p.frames.num_frames * shape.width; ++i)
    p.rows.push_back(dice.chance(4) ? -INFINITY
                                    : -static_cast<float>(dice.below(shape.acoustic)) / 64);
  p.frames.dense = p.rows.data();
  p.labels = labels;
  if (labels == decoder::HotwordLabels::kTokens)
    p.automaton = random_hotwords(dice, 0, shape.width, dice.chance(50), shape);
  if (labels == decoder::HotwordLabels::kWords)
    p.automaton = random_hotwords(dice, 1, shape.words + 1, false, shape);
  if (labels == decoder::HotwordLabels::kTokens && dice.chance(30))
    p.neutral = dice.below(shape.width);
  if (p.graph.blank >= 0 && dice.chance(20))
    p.options.blank_skip = dice.one_of<float>({0.05f, 0.5f});
  if (dice.chance(15)) p.options.token_beam = dice.one_of<float>({2, 0.5f, 0});
  if (dice.chance(15)) p.options.max_tokens = dice.within(1, 2);
  if (p.automaton && dice.chance(50)) p.wanted.push_back(dice.below(shape.width));
  return p;
}

// Calls check(seed, shape, labels) for `count` seeds and whatever hotwords can be matched on.
template <typename Check>
void check_each(std::uint32_t first, std::uint32_t count, const Shape& shape, const Check& check) {
  using decoder::HotwordLabels;
  for (const HotwordLabels labels :
       {HotwordLabels::kNone, HotwordLabels::kTokens, HotwordLabels::kWords})
    for (std::uint32_t seed = first; seed < first + count; ++seed) check(seed, shape, labels);
}

constexpr double kNever = std::numeric_limits<double>::infinity();

// What one move costs, by the definition.
class Moves {
 public:
  explicit Moves(const Problem& problem) : p_(problem) {
    bool after_blank = false;
    for (int t = 0; t < p_.frames.num_frames; ++t) {
      costs_.emplace_back();
      for (int column = 0; column < p_.frames.num_tokens; ++column) {
        double cost = -double{p_.options.acoustic_scale} * p_.frames.at(t, column);
        if (column == p_.graph.blank) cost += p_.options.blank_penalty;
        costs_.back().push_back(cost);
      }
      prune(&costs_.back());
      const bool is_blank = p_.options.blank_skip < 1 &&
                            p_.frames.at(t, p_.graph.blank) >= std::log(p_.options.blank_skip);
      if (is_blank && after_blank)
        for (int column = 0; column < p_.frames.num_tokens; ++column)
          if (column != p_.graph.blank) costs_.back()[static_cast<std::size_t>(column)] = kNever;
      after_blank = is_blank;
    }
  }

  double arc_cost(const tlg::fst::Arc& arc) const {
    if (arc.weight == tlg::fst::kInfinity) return kNever;
    return double{p_.graph.lm_weight} * arc.weight - (arc.olabel != 0 ? p_.graph.word_score : 0);
  }

  // Infinite where the column is left out of the frame.
  double column_cost(int t, int column) const {
    return costs_[static_cast<std::size_t>(t)][static_cast<std::size_t>(column)];
  }

  double move(tlg::fst::StateId source, const tlg::fst::Arc& arc, std::uint32_t* hotword) const {
    const bool in_words = p_.labels == decoder::HotwordLabels::kWords;
    const int unit = in_words ? arc.olabel : arc.ilabel - 1;
    if (!p_.automaton || unit < (in_words ? 1 : 0) || (!in_words && unit == p_.neutral)) return 0;
    if (!in_words && is_silent(source, arc)) return 0;
    return p_.automaton->advance(*hotword, unit, hotword);
  }

  // In a graph with its own blanks and self-loops, those begin no token; nor does the arc from a
  // state where a token lasts back to one where blanks do (k2's modified topology).
  bool is_silent(tlg::fst::StateId source, const tlg::fst::Arc& arc) const {
    const tlg::fst::Label blank = p_.graph.blank + 1;
    if (p_.graph.topology != decoder::Topology::kPlain || blank == 0) return false;
    return arc.ilabel == blank || (arc.nextstate == source && arc.olabel == 0) ||
           (arc.olabel == 0 && lasting(source) == arc.ilabel && lasting(arc.nextstate) == blank);
  }

  // The label of the loop without a word: the blank, if there is one of it, else the last one.
  tlg::fst::Label lasting(tlg::fst::StateId state) const {
    tlg::fst::Label last = 0;
    for (const tlg::fst::Arc* arc = p_.fst.begin(state); arc != p_.fst.end(state); ++arc)
      if (arc->nextstate == state && arc->olabel == 0 && last != p_.graph.blank + 1)
        last = arc->ilabel;
    return last;
  }

  const Problem& p_;

 private:
  std::vector<std::vector<double>> costs_;  // frame, column

  // Leaves the max_tokens best of the columns that the graph uses, and those within token_beam of
  // the best (blank included); always blank and those wanted.
  void prune(std::vector<double>* costs) const {
    std::set<int> columns;
    bool has_blank = p_.graph.topology == decoder::Topology::kCtc;
    for (std::size_t s = 0; s < p_.fst.num_states(); ++s)
      for (const tlg::fst::Arc* arc = p_.fst.begin(static_cast<tlg::fst::StateId>(s));
           arc != p_.fst.end(static_cast<tlg::fst::StateId>(s)); ++arc)
        if (arc->ilabel > 0) {
          if (arc->ilabel - 1 != p_.graph.blank)
            columns.insert(arc->ilabel - 1);
          else
            has_blank = true;
        }
    std::vector<double> sorted;
    for (const int column : columns) sorted.push_back((*costs)[static_cast<std::size_t>(column)]);
    std::sort(sorted.begin(), sorted.end());
    if (sorted.empty()) return;
    double limit = sorted[0];
    if (has_blank) limit = std::min(limit, (*costs)[static_cast<std::size_t>(p_.graph.blank)]);
    limit += p_.options.token_beam;
    const std::size_t most = static_cast<std::size_t>(p_.options.max_tokens);
    if (most > 0 && most < sorted.size()) limit = std::min(limit, sorted[most - 1]);
    for (const int column : columns)
      if ((*costs)[static_cast<std::size_t>(column)] > limit &&
          std::find(p_.wanted.begin(), p_.wanted.end(), column) == p_.wanted.end())
        (*costs)[static_cast<std::size_t>(column)] = kNever;
  }
};

// Those that this CPU has.
inline std::vector<std::string> kernels() {
  std::vector<std::string> found;
  for (const std::string name : {"baseline", "avx2", "avx512"}) try {
      decoder::choose_kernel(name);
      found.push_back(name);
    } catch (const tlg::Error&) {  // this CPU lacks it
    }
  return found;
}

}  // namespace tlg::test
