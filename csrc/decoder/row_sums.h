// Sums of exp over rows, for the check at the door (posteriors.h). Compiled for each instruction
// set and included like search_kernel.h; all levels give the same bits: 16 sums side by side, added
// up in one order. So: no include guard, no includes.

namespace tlg::decoder::TLG_ISA {

// Independent sums let the compiler vectorise without being allowed to reorder float additions.
constexpr int kLanes = 16;

// exp(x) within 2e-6 relative for x <= 80; 0 or nearly so below -87; NaN stays NaN. Plain
// arithmetic and selects, so that the loop around it vectorises on every compiler (std::exp does
// not without libmvec).
inline float fast_exp(float x) {
  constexpr float kLog2E = 1.44269504f;
  constexpr float kLn2High = 0.693359375f, kLn2Low = -2.12194440e-4f;
  constexpr float kRound =
      12582912.0f;              // 1.5 * 2^23: adding it rounds to an integer in the low bits
  x = x < -87.0f ? -87.0f : x;  // with NaN both comparisons are false, and NaN goes on
  x = x > 80.0f ? 80.0f : x;
  const float shifted = x * kLog2E + kRound;
  const float n = shifted - kRound;
  const float r = (x - n * kLn2High) - n * kLn2Low;
  float p = 1.3888889e-3f;
  p = p * r + 8.3333333e-3f;
  p = p * r + 4.1666667e-2f;
  p = p * r + 1.6666667e-1f;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  std::uint32_t bits;
  std::memcpy(&bits, &shifted, sizeof bits);
  bits = (bits + 127u) << 23;  // 2^n as a float; the bits above the exponent fall out
  float scale;
  std::memcpy(&scale, &bits, sizeof scale);
  return p * scale;
}

float sum_of_exp(const float* row, std::int64_t size) {
  const std::int64_t whole = size / kLanes * kLanes;
  float lanes[kLanes] = {};
  for (std::int64_t i = 0; i < whole; i += kLanes)
    for (int k = 0; k < kLanes; ++k) lanes[k] += fast_exp(row[i + k]);
  // The rest in one more block, what is counted already (or not there) taken as exp(-87) = 1.6e-38.
  const int rest = static_cast<int>(size - whole);
  if (rest > 0 && whole > 0) {
    const float* last = row + (size - kLanes);
    for (int k = 0; k < kLanes; ++k) lanes[k] += fast_exp(k >= kLanes - rest ? last[k] : -87.0f);
  } else if (rest > 0) {
    float tail[kLanes];
    for (int k = 0; k < kLanes; ++k) tail[k] = k < rest ? row[k] : -87.0f;
    for (int k = 0; k < kLanes; ++k) lanes[k] += fast_exp(tail[k]);
  }
  for (int half = kLanes / 2; half > 0; half /= 2)
    for (int k = 0; k < half; ++k) lanes[k] += lanes[k + half];
  return lanes[0];
}

// NaN is never between; +inf is too much and an all -inf row too little.
std::int64_t first_odd_row(const float* rows, std::int64_t num_rows, std::int64_t size, float low,
                           float high) {
  for (std::int64_t t = 0; t < num_rows; ++t) {
    const float sum = sum_of_exp(rows + t * size, size);
    if (!(sum >= low && sum <= high)) return t;
  }
  return num_rows;
}

}  // namespace tlg::decoder::TLG_ISA
