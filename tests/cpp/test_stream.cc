// Streams against Decoder::decode, which sees all frames at once: random problems cut into random
// chunks, dense and sparse. And what bounds their memory.
#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "check.h"
#include "decoder/decoder.h"
#include "decoder/stream.h"
#include "search_problem.h"
#include "stream_problem.h"

using namespace tlg::decoder;
using namespace tlg::test;

namespace {

// Checks each partial result against those before it, and against the end.
class Observer {
 public:
  Observer(const Decoder& decoder, const Problem& p, std::shared_ptr<const HotwordUse> use)
      : decoder_(decoder), p_(p), use_(std::move(use)) {}

  bool look(Stream& stream) {
    const PartialPath partial = stream.partial();
    std::vector<std::int32_t> words = stream.words(0, partial.first_word);
    std::vector<Span> spans = stream.word_spans(0, partial.first_word);
    words.insert(words.end(), partial.path.words.begin(), partial.path.words.end());
    spans.insert(spans.end(), partial.path.word_spans.begin(), partial.path.word_spans.end());
    std::vector<FiredHotword> fired = stream.hotwords(0, partial.first_hotword);
    fired.insert(fired.end(), partial.hotwords.begin(), partial.hotwords.end());
    bool fine = keeps(words, fired) && words.size() == spans.size();
    stable_.assign(words.begin(), words.begin() + partial.num_stable_words);
    stable_spans_.assign(spans.begin(), spans.begin() + partial.first_word);
    num_placed_fired_ = static_cast<std::size_t>(partial.first_hotword);
    stable_fired_.assign(fired.begin(), fired.begin() + partial.num_stable_hotwords);
    // Whoever decodes what came so far gets the same, but for the way to the end.
    const Hypothesis whole =
        decoder_.decode(p_.frames.part(0, static_cast<std::int32_t>(stream.num_pushed())), use_);
    if (!whole.partial)
      return fine && std::fabs(partial.path.search_score - partial.relative_cost -
                               whole.search_score) < 1e-3;
    const std::int64_t end = whole.token_spans.empty() ? 0 : whole.token_spans.back().end;
    double reward = 0;
    for (const FiredHotword& one : fired) reward += one.reward;
    return fine && std::isinf(partial.relative_cost) && same_scores(partial.path, whole) &&
           words == whole.words && same(spans, whole.word_spans) && partial.sound_end == end &&
           reward == whole.hotword_score && fired.size() == whole.hotwords.size();
  }

  bool end(const Hypothesis& whole) const {
    std::vector<FiredHotword> fired;
    const std::vector<Span>& spans = use_ != nullptr && use_->labels() == HotwordLabels::kWords
                                         ? whole.word_spans
                                         : whole.token_spans;
    for (const tlg::hotwords::Match& match : whole.hotwords)
      fired.push_back({match.phrase,
                       {spans[static_cast<std::size_t>(match.start)].start,
                        spans[static_cast<std::size_t>(match.end) - 1].end},
                       match.reward});
    return keeps(whole.words, fired) &&
           same(stable_spans_,
                {whole.word_spans.begin(),
                 whole.word_spans.begin() + static_cast<std::ptrdiff_t>(stable_spans_.size())});
  }

 private:
  const Decoder& decoder_;
  const Problem& p_;
  std::shared_ptr<const HotwordUse> use_;
  std::vector<std::int32_t> stable_;
  std::vector<Span> stable_spans_;
  std::vector<FiredHotword> stable_fired_;
  std::size_t num_placed_fired_ = 0;  // of those, their frames

  // What was said to be stable is there still.
  bool keeps(const std::vector<std::int32_t>& words, const std::vector<FiredHotword>& fired) const {
    if (words.size() < stable_.size() || fired.size() < stable_fired_.size()) return false;
    for (std::size_t i = 0; i < stable_fired_.size(); ++i) {
      const FiredHotword &was = stable_fired_[i], &is = fired[i];
      if (was.phrase != is.phrase || was.reward != is.reward) return false;
      if (i < num_placed_fired_ && !same({was.span}, {is.span})) return false;
    }
    return std::equal(stable_.begin(), stable_.end(), words.begin());
  }
};

void check(std::uint32_t seed, const Shape& shape, HotwordLabels labels) {
  const Problem p = random_problem(seed, shape, labels);
  Dice dice(seed);
  const auto graph = std::make_shared<const SearchGraph>(p.fst, p.graph);
  const auto use =
      p.automaton ? std::make_shared<HotwordUse>(*graph, p.automaton, labels, p.neutral) : nullptr;
  SpanOptions spans;
  spans.num_roots = static_cast<std::uint32_t>(dice.one_of<int>({0, 2}));
  spans.separator = dice.one_of<int>({-1, 1});
  const Sparse sparse(p.frames);
  for (const std::string& kernel : kernels()) {
    const auto decoder = std::make_shared<const Decoder>(graph, p.options, spans, kernel);
    const Hypothesis whole = decoder->decode(p.frames, use);
    Stream stream(decoder, use, {});
    for (const int most : {1, 3, 100}) {
      Observer observer(*decoder, p, use);
      bool fine = observer.look(stream);
      for (std::int32_t t = 0; t < p.frames.num_frames;) {
        const std::int32_t n = std::min(dice.within(0, most), p.frames.num_frames - t);
        stream.push((dice.chance(30) ? sparse.frames : p.frames).part(t, n));
        t += n;
        if (dice.chance(50)) fine = fine && observer.look(stream);
      }
      const Hypothesis found = stream.finish();
      CHECK(fine && same(found, whole) && observer.end(found));
      if (!(fine && same(found, whole) && observer.end(found))) {
        std::printf("seed %u %s, chunks up to %d: %d %d, score %.17g, wanted %.17g\n", seed,
                    kernel.c_str(), most, fine, same(found, whole), found.score, whole.score);
        return;
      }
      stream.reset(use);
    }
  }
}

void check_many(std::uint32_t first, std::uint32_t count, const Shape& shape) {
  check_each(first, count, shape, check);
}

// Units 1 .. units, a state for each, from each to each; every word is its unit.
std::shared_ptr<const SearchGraph> any_sequence(int units, Topology topology) {
  tlg::fst::FstBuilder builder;
  for (int s = 0; s <= units; ++s) {
    builder.add_state(0.0f);
    if (topology == Topology::kPlain) {
      builder.add_arc({1, 0, 0.0f, s});                 // blank
      if (s > 0) builder.add_arc({s + 1, 0, 0.0f, s});  // the unit goes on
    }
    for (int u = 1; u <= units; ++u)
      if (topology == Topology::kCtc || u != s) builder.add_arc({u + 1, u, 0.25f, u});
  }
  GraphOptions options;
  options.topology = topology;
  options.num_tokens = units + 1;
  options.blank = 0;
  return std::make_shared<const SearchGraph>(std::move(builder).build(0), options);
}

}  // namespace

TEST(streams_of_small_graphs) {
  Shape shape;
  shape.frames = 20;
  check_many(100000, 250, shape);
  shape.width = 3;
  shape.states = 3;
  shape.fan_out = 9;
  check_many(101000, 150, shape);
}

TEST(streams_of_plain_graphs) {
  Shape plain;
  plain.plain = true;
  plain.frames = 20;
  check_many(110000, 250, plain);
  plain.width = 150;
  plain.fan_out = 40;
  check_many(111000, 20, plain);
}

TEST(streams_of_wide_graphs) {
  std::uint32_t seed = 120000;
  for (const int width : {16, 64, 66, 128, 130}) {
    Shape wide;
    wide.width = width;
    wide.states = 20;
    wide.fan_out = 20;
    wide.words = 30;
    check_many(seed, 12, wide);
    seed += 100;
  }
}

// Traces are settled again and again; costs are made smaller on the way.
TEST(streams_of_long_utterances) {
  for (const bool plain : {false, true}) {
    Shape long_one;
    long_one.plain = plain;
    long_one.states = 5;
    long_one.frames = 500;
    long_one.acoustic = 64;
    check_many(130000, 10, long_one);
    long_one.acoustic = 1024;
    check_many(130100, 10, long_one);
  }
}

// Decoder::decode lets go of the traces of long utterances; a search by itself keeps them.
TEST(long_utterances_offline) {
  for (const bool plain : {false, true})
    for (std::uint32_t seed = 140000; seed < 140010; ++seed) {
      Shape long_one;
      long_one.plain = plain;
      long_one.frames = 6000;
      long_one.states = 4;
      const HotwordLabels labels = seed % 2 != 0 ? HotwordLabels::kTokens : HotwordLabels::kWords;
      const Problem p = random_problem(seed, long_one, labels);
      const auto graph = std::make_shared<const SearchGraph>(p.fst, p.graph);
      const auto use = std::make_shared<HotwordUse>(*graph, p.automaton, labels, p.neutral);
      Search search(*graph, p.options, choose_kernel());
      search.start(use);
      search.advance(p.frames);
      const Hypothesis kept =
          make_hypothesis(*graph, p.options, {}, search.finish(), p.frames, use);
      CHECK(same(Decoder(graph, p.options, {}).decode(p.frames, use), kept));
    }
}

// An hour of frames of 40 ms: what is kept does not grow with it.
TEST(memory_of_an_hour) {
  constexpr int kUnits = 6, kFrames = 90000;
  enum Kind { kSpeech, kSilence, kNoise };
  for (const Topology topology : {Topology::kCtc, Topology::kPlain})
    for (const Kind kind : {kSpeech, kSilence, kNoise}) {
      const auto graph = any_sequence(kUnits, topology);
      SearchOptions options;
      options.beam = 10;
      options.max_active = 40;
      const auto decoder = std::make_shared<const Decoder>(graph, options, SpanOptions{});
      Stream stream(decoder, nullptr, {});
      Dice dice(7);
      std::size_t most_traces = 0;
      std::int32_t most_frames = 0;
      std::vector<float> rows;
      for (int t = 0; t < kFrames; t += 25) {
        rows.clear();
        for (int f = 0; f < 25; ++f)
          for (int v = 0; v <= kUnits; ++v) {
            const bool begins = t == 0 && f < 4;  // heard or not? That stays open in the silence.
            float cost = kind == kSpeech ? static_cast<float>(dice.below(1 << 14)) / 1024
                                         : static_cast<float>(dice.below(64)) / 64;
            if (kind == kSilence) cost = begins ? 1.0f : v == 0 ? 0.0f : 12.0f;
            rows.push_back(-cost);
          }
        Frames frames;
        frames.num_frames = 25;
        frames.num_tokens = kUnits + 1;
        frames.dense = rows.data();
        stream.push(frames);
        most_traces = std::max(most_traces, stream.num_traces());
        most_frames = std::max(most_frames, stream.num_kept_frames());
      }
      // 64 frames of at most 40 tokens that find new arcs, and what was open before.
      CHECK(most_traces < 64 * 40 * 2);
      CHECK(most_frames <= kSettleAfter);
      const PartialPath partial = stream.partial();
      CHECK(partial.path.num_frames == kFrames);
      if (kind == kSilence) CHECK(stream.num_traces() < 400);
      if (kind != kSilence) CHECK(partial.num_stable_words > kFrames / 20);
      CHECK(stream.finish().num_frames == kFrames);
    }
}

// Blanks, and the columns named, are silence; a token's own frames are not.
TEST(silence_counts_from_the_last_token) {
  const auto graph = any_sequence(2, Topology::kCtc);
  const auto decoder = std::make_shared<const Decoder>(graph, SearchOptions{}, SpanOptions{});
  // Blank, unit 1 twice, blank; unit 2 is silence.
  const std::vector<int> said = {0, 1, 1, 0, 2, 0, 0};
  const std::vector<std::int64_t> ends = {0, 2, 3, 3, 3, 3, 3};
  const std::vector<std::int64_t> ends_with_2 = {0, 2, 3, 3, 5, 5, 5};
  Stream quiet(decoder, nullptr, {2}), loud(decoder, nullptr, {});
  for (std::size_t t = 0; t < said.size(); ++t) {
    std::vector<float> row(3, -20.0f);
    row[static_cast<std::size_t>(said[t])] = 0;
    Frames frames;
    frames.num_frames = 1;
    frames.num_tokens = 3;
    frames.dense = row.data();
    quiet.push(frames);
    loud.push(frames);
    CHECK(quiet.partial().sound_end == ends[t]);
    CHECK(loud.partial().sound_end == ends_with_2[t]);
    CHECK(quiet.partial().relative_cost == 0);
  }
}
