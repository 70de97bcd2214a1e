// Streams of decoders that are asked for more than the best path, against Decoder::decode: n-best
// lists, lattices, confidences and minimum Bayes risk of random problems, cut into random chunks,
// dense and sparse, with partial results read on the way. To the bit.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "check.h"
#include "decoder/decoder.h"
#include "decoder/lattice/pending_lattice.h"
#include "decoder/lattice/trace_limit.h"
#include "decoder/stream.h"
#include "search_problem.h"
#include "stream_problem.h"

using namespace tlg::decoder;
using namespace tlg::test;

namespace {

bool same(const LatticeScore& a, const LatticeScore& b) {
  return a.am == b.am && a.graph == b.graph && a.hotword == b.hotword;
}

bool same(const Lattice& a, const Lattice& b) {
  const auto same_state = [](const Lattice::State& x, const Lattice::State& y) {
    return x.first_arc == y.first_arc && x.frame == y.frame && x.is_final == y.is_final &&
           same(x.final_score, y.final_score);
  };
  const auto same_arc = [](const Lattice::Arc& x, const Lattice::Arc& y) {
    return x.source == y.source && x.target == y.target && x.word == y.word &&
           same(x.score, y.score);
  };
  return a.num_frames == b.num_frames && a.partial == b.partial &&
         std::equal(a.states.begin(), a.states.end(), b.states.begin(), b.states.end(),
                    same_state) &&
         std::equal(a.arcs.begin(), a.arcs.end(), b.arcs.begin(), b.arcs.end(), same_arc);
}

bool same(const MbrResult& a, const MbrResult& b) {
  const auto same_word = [](const SlotWord& x, const SlotWord& y) {
    return x.word == y.word && x.probability == y.probability && x.start == y.start &&
           x.end == y.end;
  };
  const auto same_slot = [&](const Slot& x, const Slot& y) {
    return std::equal(x.begin(), x.end(), y.begin(), y.end(), same_word);
  };
  return a.words == b.words && tlg::test::same(a.spans, b.spans) &&
         a.confidences == b.confidences && a.risk == b.risk &&
         std::equal(a.slots.begin(), a.slots.end(), b.slots.begin(), b.slots.end(), same_slot);
}

bool same_whole(const Hypothesis& a, const Hypothesis& b) {
  if (!tlg::test::same(a, b)) return false;
  const LatticeResult &x = a.more->result(), &y = b.more->result();
  const auto same_path = [](const Hypothesis& one, const Hypothesis& other) {
    return tlg::test::same(one, other);
  };
  return std::equal(x.nbest.begin(), x.nbest.end(), y.nbest.begin(), y.nbest.end(), same_path) &&
         same(x.lattice, y.lattice) && x.lattice_beam == y.lattice_beam &&
         x.confidence == y.confidence && same(x.mbr, y.mbr);
}

std::size_t num_told = 0;  // lattices with a choice

void check(std::uint32_t seed, const Shape& shape, HotwordLabels labels) {
  Problem p = random_problem(seed, shape, labels);
  Dice dice(seed);
  p.options.lattice_beam = p.frames.num_frames > 8 ? dice.one_of<float>({0.25f, 1})
                                                   : dice.one_of<float>({1, 6, INFINITY});
  const auto graph = std::make_shared<const SearchGraph>(p.fst, p.graph);
  const auto use =
      p.automaton ? std::make_shared<HotwordUse>(*graph, p.automaton, labels, p.neutral, p.wanted)
                  : nullptr;
  SpanOptions spans;
  spans.num_roots = static_cast<std::uint32_t>(dice.one_of<int>({0, 2}));
  const LatticeRequest request{5, true, true, true, {}};
  const Sparse sparse(p.frames);
  for (const std::string& kernel : shape.plain ? std::vector<std::string>{"auto"} : kernels()) {
    const auto decoder = std::make_shared<const Decoder>(graph, p.options, spans, kernel, request);
    SearchOptions best_only = p.options;
    best_only.lattice_beam = 0;
    const Decoder plain(graph, best_only, spans, kernel);
    const Hypothesis whole = decoder->decode(p.frames, use);
    num_told += whole.more->result().nbest.size() > 1;
    Stream stream(decoder, use, {});
    for (const int most : {1, 3, 70}) {
      bool fine = true;
      for (std::int32_t t = 0; t < p.frames.num_frames;) {
        const std::int32_t n = std::min(dice.within(0, most), p.frames.num_frames - t);
        stream.push((dice.chance(30) ? sparse.frames : p.frames).part(t, n));
        t += n;
        if (!dice.chance(30)) continue;
        // The partial result is that of a search without a lattice.
        const PartialPath partial = stream.partial();
        const Hypothesis found = plain.decode(p.frames.part(0, t), use);
        const double score = found.partial ? found.search_score : partial.path.search_score;
        fine = fine && std::fabs(partial.path.search_score - score) < 1e-3 &&
               partial.path.num_frames == found.num_frames;
      }
      const Hypothesis found = stream.finish();
      fine = fine && found.more != nullptr && same_whole(found, whole);
      CHECK(fine);
      if (!fine) {
        std::printf("seed %u %s, chunks up to %d, lattice_beam %g\n", seed, kernel.c_str(), most,
                    double{p.options.lattice_beam});
        return;
      }
      stream.reset(use);
    }
  }
}

void check_many(std::uint32_t first, std::uint32_t count, const Shape& shape) {
  check_each(first, count, shape, check);
}

}  // namespace

TEST(lattices_of_streams) {
  num_told = 0;
  Shape shape;
  shape.frames = 20;
  check_many(200000, 60, shape);
  shape.width = 3;
  shape.states = 3;
  shape.fan_out = 9;
  check_many(201000, 20, shape);
  CHECK(num_told > 50);
}

TEST(lattices_of_streams_of_plain_graphs) {
  num_told = 0;
  Shape plain;
  plain.plain = true;
  plain.frames = 14;
  check_many(210000, 60, plain);
  plain.width = 150;
  plain.fan_out = 40;
  check_many(211000, 2, plain);
  CHECK(num_told > 50);
}

TEST(lattices_of_streams_of_wide_graphs) {
  std::uint32_t seed = 220000;
  for (const int width : {64, 66, 130}) {
    Shape wide;
    wide.width = width;
    wide.states = 20;
    wide.fan_out = 20;
    wide.words = 30;
    check_many(seed, 4, wide);
    seed += 100;
  }
}

// The best paths are settled again and again, the posteriors kept in pieces.
TEST(lattices_of_long_streams) {
  num_told = 0;
  for (const bool plain : {false, true}) {
    Shape long_one;
    long_one.plain = plain;
    long_one.states = 5;
    long_one.frames = 300;
    long_one.acoustic = 1024;
    check_many(230000, 4, long_one);
  }
  CHECK(num_told > 0);
}

// So many traces that the lost ones are dropped on the way, in the stream where offline.
TEST(traces_of_streams_are_dropped) {
  constexpr int kUnits = 60, kFrames = 2400;
  tlg::fst::FstBuilder builder;
  for (int s = 0; s <= kUnits; ++s) {
    builder.add_state(0.0f);
    for (int u = 1; u <= kUnits; ++u)
      builder.add_arc({u + 1, u, static_cast<float>((s * 7 + u * 5) % 32) / 16, u});
  }
  GraphOptions options;
  options.num_tokens = kUnits + 1;
  options.blank = 0;
  const auto graph = std::make_shared<const SearchGraph>(std::move(builder).build(0), options);
  SearchOptions search;
  search.beam = 30;
  search.lattice_beam = 1;
  const LatticeRequest request{3, true, true, false, {}};
  const auto decoder =
      std::make_shared<const Decoder>(graph, search, SpanOptions{}, "auto", request);
  Dice dice(5);
  std::vector<float> rows;
  for (int i = 0; i < kFrames * (kUnits + 1); ++i)
    rows.push_back(-static_cast<float>(dice.below(1 << 13)) / 1024);
  Frames frames;
  frames.num_frames = kFrames;
  frames.num_tokens = kUnits + 1;
  frames.dense = rows.data();
  const Hypothesis whole = decoder->decode(frames, nullptr);
  Stream stream(decoder, nullptr, {});
  std::size_t most = 0, drops = 0;
  for (std::int32_t t = 0; t < kFrames;) {
    const std::int32_t n = std::min(dice.within(1, 100), kFrames - t);
    stream.push(frames.part(t, n));
    t += n;
    if (dice.chance(20)) CHECK(stream.partial().path.num_frames == t);
    drops += stream.num_traces() < most;
    most = std::max(most, stream.num_traces());
  }
  CHECK(drops > 0 && most > kUsualTraces / 2);
  const Hypothesis found = stream.finish();
  CHECK(same_whole(found, whole) && whole.more->result().nbest.size() == 3);
  CHECK(stream.num_traces() == 0);  // the lattice is out
}
