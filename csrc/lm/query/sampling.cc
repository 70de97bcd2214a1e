#include "lm/query/sampling.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "util/error.h"

namespace tlg::lm {
namespace {

constexpr std::size_t kLanes = 8;
constexpr std::size_t kBlock = 16 * kLanes;

// exp(x) for x <= 0, 0 below the range of float, with a relative error of 2e-7: Cephes' expf
// (Moshier, Methods and Programs for Mathematical Functions, 1989) without its branches.
inline float exp_of(float x) {
  constexpr float kLowest = -87.0f;
  constexpr float kRound = 12582912.0f;  // 1.5 * 2^23: the sum's last bits are the nearest integer
  const float clamped = x < kLowest ? kLowest : x;
  const float shifted = clamped * 1.44269504f + kRound;
  const float power = shifted - kRound;
  const float r = clamped - power * 0.693359375f + power * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  std::uint32_t bits;
  std::memcpy(&bits, &shifted, sizeof(bits));
  bits = (bits + 127) << 23;  // what is above the low bits is shifted out
  float scale;
  std::memcpy(&scale, &bits, sizeof(scale));
  return x < kLowest ? 0.0f : p * scale;
}

// Weights in whole blocks: what is added at the end has no weight.
std::vector<float> make_weights(std::size_t size) {
  return std::vector<float>((size + kBlock - 1) / kBlock * kBlock, 0.0f);
}

// The sum of a block, added in the same order on every machine.
double block_sum(const float* weights) {
  double lanes[kLanes] = {};
  for (std::size_t i = 0; i < kBlock; i += kLanes)
    for (std::size_t j = 0; j < kLanes; ++j) lanes[j] += weights[i + j];
  return std::accumulate(lanes, lanes + kLanes, 0.0);
}

// The index at which the running sum passes `uniform` of the whole.
std::size_t inverse(const std::vector<float>& weights, double uniform) {
  std::vector<double> sums(weights.size() / kBlock);
  for (std::size_t block = 0; block < sums.size(); ++block)
    sums[block] = block_sum(&weights[block * kBlock]);
  double rest = uniform * std::accumulate(sums.begin(), sums.end(), 0.0);
  std::size_t block = 0;
  while (block + 1 < sums.size() && rest >= sums[block]) rest -= sums[block++];
  std::size_t last = block * kBlock;
  while (true) {
    for (std::size_t i = block * kBlock; i < (block + 1) * kBlock; ++i) {
      if (weights[i] == 0) continue;
      last = i;
      if (rest < weights[i]) return i;
      rest -= weights[i];
    }
    // Only rounding leads here: the last one that has a weight, if need be of a block before.
    if (weights[last] > 0 || block == 0) return last;
    rest = std::numeric_limits<double>::infinity();
    --block;
  }
}

// Keeps the fewest best of `ids` that are enough(count, sum of weights); all where all are not.
template <typename Enough>
void keep_best(const float* scores, const std::vector<float>& weights,
               std::vector<std::uint32_t>* ids, Enough&& enough) {
  // Weights are gathered by their powers of two; only those of one power need sorting.
  constexpr std::size_t kPowers = 128;
  const auto power = [&](std::uint32_t id) {
    std::uint32_t bits;
    std::memcpy(&bits, &weights[id], sizeof(bits));
    return 127 - std::min<std::size_t>(bits >> 23, 127);
  };
  std::array<std::size_t, kPowers> counts{};
  std::array<double, kPowers> sums{};
  for (const std::uint32_t id : *ids) {
    ++counts[power(id)];
    sums[power(id)] += weights[id];
  }
  std::size_t bar = 0, count = 0;
  double sum = 0;
  while (bar < kPowers && !enough(count + counts[bar], sum + sums[bar])) {
    count += counts[bar];
    sum += sums[bar++];
  }
  if (bar == kPowers) return;
  std::vector<std::uint32_t> kept, edge;
  for (const std::uint32_t id : *ids)
    if (power(id) <= bar) (power(id) < bar ? kept : edge).push_back(id);
  std::sort(edge.begin(), edge.end(), [&](std::uint32_t a, std::uint32_t b) {
    return scores[a] != scores[b] ? scores[a] > scores[b] : a < b;
  });
  for (const std::uint32_t id : edge) {
    if (enough(count, sum)) break;
    kept.push_back(id);
    ++count;
    sum += weights[id];
  }
  *ids = std::move(kept);
}

}  // namespace

std::size_t draw(const float* scores, std::size_t size, double uniform,
                 const DrawOptions& options) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  float best = -kInfinity;
  bool good = true;
#pragma omp simd reduction(max : best) reduction(& : good)
  for (std::size_t i = 0; i < size; ++i) {
    good &= scores[i] < kInfinity;  // false for NaN
    best = scores[i] > best ? scores[i] : best;
  }
  if (!good || best == -kInfinity)
    throw Error(ErrorKind::kOption,
                good ? "nothing can be drawn: every score is -inf" : "a score is NaN or +inf",
                "Scores are natural logarithms of probabilities");
  std::vector<float> weights = make_weights(size);
  const auto by_temperature = static_cast<float>(1 / options.temperature);
  float* to = weights.data();
#pragma omp simd
  for (std::size_t i = 0; i < size; ++i) to[i] = exp_of((scores[i] - best) * by_temperature);
  if (options.top_p >= 1 && (options.top_k == 0 || options.top_k >= size))
    return inverse(weights, uniform);
  std::vector<std::uint32_t> ids;
  for (std::size_t i = 0; i < size; ++i)
    if (weights[i] > 0) ids.push_back(static_cast<std::uint32_t>(i));
  if (options.top_k > 0)
    keep_best(scores, weights, &ids,
              [&](std::size_t count, double) { return count >= options.top_k; });
  double all = 0;
  for (const std::uint32_t id : ids) all += weights[id];
  if (options.top_p < 1)
    keep_best(scores, weights, &ids,
              [&](std::size_t, double sum) { return sum >= options.top_p * all; });
  std::vector<float> few = make_weights(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) few[i] = weights[ids[i]];
  return ids[inverse(few, uniform)];
}

}  // namespace tlg::lm
