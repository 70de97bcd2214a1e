// Utterances on a pool: the results and failures of one after the other, whatever the threads do.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstring>
#include <future>
#include <limits>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "check.h"
#include "decoder/batch.h"
#include "decoder/lattice/pending_lattice.h"
#include "fst/fst.h"
#include "util/error.h"
#include "util/kept_threads.h"
#include "util/parallel.h"

using namespace tlg::decoder;

namespace {

constexpr std::chrono::milliseconds kPatience{20};
constexpr int kWidth = 9;

std::shared_ptr<const Decoder> ring_decoder(const SearchOptions& search = {},
                                            const LatticeRequest& request = {}) {
  tlg::fst::FstBuilder builder;
  for (int s = 0; s < 12; ++s) {
    builder.add_state(0.5f);
    for (int u = 1; u < kWidth; ++u)
      builder.add_arc({u + 1, (s + u) % 3, static_cast<float>((s * u) % 7) / 8, (s + u) % 12});
  }
  GraphOptions options;
  options.num_tokens = kWidth;
  const auto graph = std::make_shared<SearchGraph>(std::move(builder).build(0), options);
  return std::make_shared<const Decoder>(graph, search, SpanOptions{}, "auto", request);
}

// Rows of a distribution, `frames` of them.
std::vector<float> posteriors(int frames, unsigned seed) {
  std::mt19937 dice(seed);
  std::vector<float> rows;
  for (int t = 0; t < frames; ++t) {
    float row[kWidth];
    double sum = 0;
    for (float& x : row) sum += std::exp(x = static_cast<float>(dice() % 512) / 64);
    for (const float x : row) rows.push_back(x - static_cast<float>(std::log(sum)));
  }
  return rows;
}

Rows rows_of(const std::vector<float>& values) {
  Rows rows;
  rows.data = values.data();
  rows.num_tokens = kWidth;
  rows.num_frames = static_cast<std::int64_t>(values.size()) / kWidth;
  rows.token_stride = sizeof(float);
  rows.frame_stride = kWidth * rows.token_stride;
  rows.tolerance = 1e-2;
  return rows;
}

Batch::Input input_of(const std::vector<float>& values) {
  Batch::Input input;
  input.rows = rows_of(values);
  return input;
}

std::int64_t wait_for(Batch& batch, std::int64_t number) {
  for (;;) {
    const std::int64_t found = batch.wait(number, kPatience);
    if (found != Batch::kNone) return found;
  }
}

// float16 by the book: sign, 5 bits of exponent, 10 of mantissa.
double half_value(unsigned bits) {
  const int exponent = static_cast<int>(bits >> 10 & 31);
  const double mantissa = static_cast<double>(bits & 1023) / 1024;
  const double sign = bits >> 15 != 0 ? -1 : 1;
  if (exponent == 31)
    return mantissa == 0 ? sign * std::numeric_limits<double>::infinity() : std::nan("");
  return sign *
         (exponent == 0 ? std::ldexp(mantissa, -14) : std::ldexp(1 + mantissa, exponent - 15));
}

}  // namespace

TEST(batch_gives_the_results_of_one_by_one) {
  const auto decoder = ring_decoder();
  std::vector<std::vector<float>> inputs;
  for (unsigned i = 0; i < 40; ++i) inputs.push_back(posteriors(static_cast<int>(i * 7 % 31), i));
  std::vector<double> alone;
  for (const std::vector<float>& one : inputs) {
    Frames frames;
    frames.num_tokens = kWidth;
    frames.num_frames = static_cast<std::int32_t>(one.size()) / kWidth;
    frames.dense = one.data();
    alone.push_back(decoder->decode(frames, nullptr).score);
  }
  for (const std::size_t threads : {1, 2, 7}) {
    Batch batch(decoder, nullptr, threads, false);
    for (std::size_t i = 0; i < inputs.size(); ++i)
      batch.add(static_cast<std::int64_t>(i), input_of(inputs[i]));
    // Half of them in order, the others as they come.
    for (std::int64_t i = 0; i < 20; ++i) {
      CHECK(wait_for(batch, i) == i && batch.is_done(i));
      CHECK(batch.take(i).score == alone[static_cast<std::size_t>(i)]);
      CHECK(!batch.is_done(i));
    }
    for (int i = 0; i < 20; ++i) {
      const std::int64_t number = wait_for(batch, Batch::kNone);
      CHECK(number >= 20 && batch.take(number).score == alone[static_cast<std::size_t>(number)]);
    }
    CHECK(batch.num_waiting() == 0);
    CHECK(batch.wait(Batch::kNone, std::chrono::milliseconds(0)) == Batch::kNone);
    CHECK_THROWS(batch.take(3), "utterance 3 is not finished");
  }
}

// As decode_iter() does it: a few are added, one is taken, and so on; by several callers at once,
// on one decoder and the process's pool.
TEST(batches_of_several_callers_share_a_decoder) {
  SearchOptions search;
  search.lattice_beam = 3;
  LatticeRequest request;
  request.nbest = 2;
  request.lattice = request.confidence = true;
  const auto decoder = ring_decoder(search, request);
  std::vector<std::vector<float>> inputs;
  for (unsigned i = 0; i < 30; ++i) inputs.push_back(posteriors(static_cast<int>(i * 5 % 17), i));
  std::vector<double> alone;
  for (const std::vector<float>& one : inputs) {
    Frames frames;
    frames.num_tokens = kWidth;
    frames.num_frames = static_cast<std::int32_t>(one.size()) / kWidth;
    frames.dense = one.data();
    alone.push_back(decoder->decode(frames, nullptr).score);
  }
  tlg::parallel_for(3, 3, [&](std::size_t caller, std::size_t) {
    Batch batch(decoder, nullptr, 3, caller == 1);
    std::size_t added = 0;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      for (; added < inputs.size() && added < i + 4 + caller; ++added)
        batch.add(static_cast<std::int64_t>(added), input_of(inputs[added]));
      const auto number = static_cast<std::int64_t>(i);
      CHECK(wait_for(batch, number) == number);
      const Hypothesis found = batch.take(number);
      CHECK(found.score == alone[i]);
      // Whoever looks first works the lattice out.
      std::vector<std::size_t> arcs(3);
      tlg::parallel_for(3, 3, [&](std::size_t reader, std::size_t) {
        arcs[reader] = found.more->result().lattice.arcs.size();
      });
      CHECK(arcs[0] == arcs[1] && arcs[1] == arcs[2]);
    }
  });
}

TEST(lattices_of_long_utterances_can_be_broken_off) {
  SearchOptions search;
  search.lattice_beam = 1;
  LatticeRequest request;
  request.nbest = 1;
  const auto decoder = ring_decoder(search, request);
  const std::vector<float> rows = posteriors(4000, 1);
  Frames frames;
  frames.num_tokens = kWidth;
  frames.num_frames = 4000;
  frames.dense = rows.data();
  int calls = 0;
  const auto pulse = [&calls] {
    if (++calls == 3) throw tlg::Error(tlg::ErrorKind::kOption, "enough");
  };
  CHECK_THROWS(decoder->decode(frames, nullptr, pulse), "enough");
  CHECK(calls == 3);
}

TEST(batch_stops_in_the_middle) {
  const auto decoder = ring_decoder();
  const std::vector<float> one = posteriors(200, 1);
  for (const std::size_t threads : {1, 3}) {
    Batch batch(decoder, nullptr, threads, false);
    for (std::int64_t i = 0; i < 500; ++i) batch.add(i, input_of(one));
    (void)batch.take(wait_for(batch, Batch::kNone));
    batch.stop();
    CHECK(batch.num_waiting() == 0);
    batch.stop();
  }
  Batch untouched(decoder, nullptr, 4, false);
}

TEST(batch_failures_come_back_to_whoever_takes) {
  const auto decoder = ring_decoder();
  const std::vector<float> good = posteriors(30, 1);
  std::vector<float> bad = good;
  bad[4 * kWidth + 2] = std::nanf("");
  for (const std::size_t threads : {1, 2, 5}) {
    for (const bool all_or_nothing : {false, true}) {
      Batch batch(decoder, nullptr, threads, all_or_nothing);
      // The highest first: those before 7 are still looked at, and 3 is found out.
      for (std::int64_t i = 9; i >= 0; --i) batch.add(i, input_of(i == 3 || i == 7 ? bad : good));
      for (const std::int64_t i : {0, 1, 2}) {
        CHECK(wait_for(batch, i) == i);
        CHECK(batch.take(i).num_frames == (all_or_nothing ? 0 : 30));
      }
      CHECK(wait_for(batch, 3) == 3);
      CHECK_THROWS(batch.take(3), "row 4 holds NaN (column 2)");
    }
  }
}

TEST(intake_reads_every_half) {
  std::vector<std::uint16_t> bits(1 << 16);
  for (std::size_t i = 0; i < bits.size(); ++i) bits[i] = static_cast<std::uint16_t>(i);
  // One column, so that each may be a row of its own; refused ones are not looked at here.
  for (unsigned i = 0; i < bits.size(); ++i) {
    Rows rows;
    rows.data = &bits[i];
    rows.type = FloatType::kFloat16;
    rows.num_frames = rows.num_tokens = 1;
    rows.frame_stride = rows.token_stride = 2;
    rows.tolerance = std::numeric_limits<double>::infinity();
    const double wanted = half_value(i);
    if (std::isnan(wanted)) {
      std::vector<float> buffer;
      CHECK_THROWS(read_rows(rows, &buffer), "row 0 holds NaN");
      continue;
    }
    float found = 0;
    read_rows_into(rows, &found);
    CHECK(found == static_cast<float>(wanted) && std::signbit(found) == std::signbit(wanted));
  }
}

TEST(intake_follows_strides_of_every_type) {
  const std::vector<float> values = posteriors(6, 3);
  std::vector<double> doubles(values.begin(), values.end());
  std::vector<std::uint16_t> halves;  // bfloat16: the upper half of the bits
  for (const float x : values) {
    std::uint32_t bits;
    std::memcpy(&bits, &x, sizeof bits);
    halves.push_back(static_cast<std::uint16_t>(bits >> 16));
  }
  // Backwards, every second frame.
  const auto check = [&](const void* last, FloatType type, std::int64_t size, double off) {
    Rows rows = rows_of(values);
    rows.data = last;
    rows.type = type;
    rows.num_frames = 3;
    rows.frame_stride = -2 * kWidth * size;
    rows.token_stride = -size;
    rows.tolerance = 0.1;
    CHECK(!rows.is_ready());
    std::vector<float> buffer;
    const float* found = read_rows(rows, &buffer);
    for (std::size_t t = 0; t < 3; ++t)
      for (std::size_t v = 0; v < kWidth; ++v)
        CHECK(std::abs(found[t * kWidth + v] - values[(5 - 2 * t) * kWidth + kWidth - 1 - v]) <=
              off);
  };
  check(&values.back(), FloatType::kFloat32, 4, 0);
  check(&doubles.back(), FloatType::kFloat64, 8, 0);
  check(&halves.back(), FloatType::kBfloat16, 2, 0.1);
  std::vector<float> unused;
  CHECK(read_rows(rows_of(values), &unused) == values.data() && unused.empty());
}

// Such arrays are views of files or of packed records.
TEST(intake_copies_what_is_not_aligned) {
  const std::vector<float> values = posteriors(3, 1);
  std::vector<char> bytes(values.size() * sizeof(float) + 1);
  std::memcpy(bytes.data() + 1, values.data(), bytes.size() - 1);
  Rows rows = rows_of(values);
  rows.data = bytes.data() + 1;
  std::vector<float> buffer;
  CHECK(read_rows(rows, &buffer) == buffer.data() && buffer == values);
}

TEST(kept_threads_take_work_again_and_again) {
  for (int round = 0; round < 50; ++round) {
    std::atomic<int> done{0};
    std::promise<void> all;
    for (int i = 0; i < 4; ++i)
      CHECK(tlg::run_on_kept_thread([&] {
        if (++done == 4) all.set_value();
      }));
    all.get_future().wait();
    // The promise must outlive set_value(), which may still be on its way out.
    std::this_thread::sleep_for(std::chrono::milliseconds(round == 49 ? 20 : 1));
  }
}
