// One decoder on several threads: the same results as on one, and nothing for the thread sanitizer
// to find; what a job throws comes back to the caller.
#include <atomic>
#include <chrono>
#include <cmath>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "check.h"
#include "decoder/batch.h"
#include "decoder/decoder.h"
#include "decoder/stream.h"
#include "fst/fst.h"
#include "util/parallel.h"

using namespace tlg::decoder;

namespace {

tlg::fst::Fst ring(int units, int states) {
  tlg::fst::FstBuilder builder;
  for (int s = 0; s < states; ++s) {
    builder.add_state(0.5f);
    for (int u = 1; u <= units; ++u)
      builder.add_arc({u + 1, (s + u) % 3, static_cast<float>((s * u) % 7) / 8, (s + u) % states});
  }
  return std::move(builder).build(0);
}

}  // namespace

TEST(decoder_on_threads) {
  constexpr int kUnits = 12, kWidth = kUnits + 1;
  GraphOptions options;
  options.num_tokens = kWidth;
  const auto graph = std::make_shared<SearchGraph>(ring(kUnits, 20), options);
  tlg::hotwords::Options hot;
  hot.num_units = kWidth;
  const auto automaton =
      tlg::hotwords::Automaton::build({{{1, 2}, 1.0, 2.0, {}}, {{2, 3, 1}, 0.5, 0, {}}}, hot);
  const auto use = std::make_shared<HotwordUse>(*graph, automaton, HotwordLabels::kTokens);
  std::mt19937 dice(7);
  std::vector<std::vector<float>> rows(24);
  std::vector<Frames> batch;
  for (std::vector<float>& one : rows) {
    Frames frames;
    frames.num_frames = static_cast<std::int32_t>(dice() % 30);
    frames.num_tokens = kWidth;
    for (int i = 0; i < frames.num_frames * kWidth; ++i)
      one.push_back(-static_cast<float>(dice() % 512) / 64);
    frames.dense = one.data();
    batch.push_back(frames);
  }
  SearchOptions search;
  search.beam = 6;
  const auto shared = std::make_shared<const Decoder>(graph, search, SpanOptions{});
  const Decoder& decoder = *shared;
  std::vector<Hypothesis> alone;
  for (const Frames& frames : batch) alone.push_back(decoder.decode(frames, use));
  for (const std::size_t threads : {2, 5, 64}) {
    Batch together(shared, use, threads, false);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      Batch::Input input;
      input.is_dense = false;  // checked already
      input.sparse = batch[i];
      together.add(static_cast<std::int64_t>(i), input);
    }
    for (std::size_t i = 0; i < alone.size(); ++i) {
      const auto number = static_cast<std::int64_t>(i);
      while (together.wait(number, std::chrono::milliseconds(20)) != number) continue;
      const Hypothesis found = together.take(number);
      CHECK(found.tokens == alone[i].tokens && found.words == alone[i].words);
      CHECK(found.score == alone[i].score && found.search_score == alone[i].search_score);
    }
  }
  // Callers of their own, at once, on lists of their own.
  std::vector<double> scores(16);
  tlg::parallel_for(scores.size(), 4, [&](std::size_t i, std::size_t) {
    scores[i] = decoder.decode(batch[i % 8], i % 2 ? use : nullptr).score;
  });
  for (std::size_t i = 1; i < 8; i += 2)
    CHECK(scores[i] == alone[i].score && scores[i] == scores[i + 8]);
  for (std::size_t i = 0; i < 8; i += 2) CHECK(scores[i] == scores[i + 8]);
  // Many streams, taking turns on each thread.
  std::vector<double> streamed(batch.size());
  tlg::parallel_for(6, 3, [&](std::size_t job, std::size_t) {
    std::vector<std::unique_ptr<Stream>> streams;
    for (int i = 0; i < 4; ++i)
      streams.push_back(std::make_unique<Stream>(shared, use, std::vector<std::int32_t>{}));
    for (std::int32_t t = 0; t < 30; ++t)
      for (std::size_t i = 0; i < 4; ++i) {
        const Frames& frames = batch[4 * job + i];
        if (t < frames.num_frames) streams[i]->push(frames.part(t, 1));
        if (t == 10) (void)streams[i]->partial();
      }
    for (std::size_t i = 0; i < 4; ++i) streamed[4 * job + i] = streams[i]->finish().score;
  });
  for (std::size_t i = 0; i < alone.size(); ++i) CHECK(streamed[i] == alone[i].score);
}

TEST(parallel_for_throws_what_the_first_failed_job_threw) {
  std::atomic<int> done{0};
  const auto job = [&](std::size_t i, std::size_t worker) {
    CHECK(worker < 4);
    if (i >= 5) throw tlg::Error(tlg::ErrorKind::kOption, "job " + std::to_string(i), "");
    ++done;
  };
  CHECK_THROWS(tlg::parallel_for(100, 4, job), "job 5");
  CHECK(done == 5);
  tlg::parallel_for(5, 9, job);
  CHECK(done == 10);
  tlg::parallel_for(0, 3, job);
  CHECK(done == 10);
}

TEST(parallel_for_listens_to_the_caller_to_the_end) {
  std::atomic<bool> stopped{false}, other{false};
  // The caller's thread waits till the other has a job, which only the pulse can end.
  const auto job = [&](std::size_t, std::size_t worker) {
    if (worker != 0) other = true;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    const std::atomic<bool>& until = worker == 0 ? other : stopped;
    while (!until && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  };
  const auto pulse = [&stopped] {
    stopped = true;
    throw tlg::Error(tlg::ErrorKind::kOption, "enough");
  };
  CHECK_THROWS(tlg::parallel_for(2, 2, job, pulse), "enough");
  CHECK(stopped);
}
