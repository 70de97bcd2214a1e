#include <cmath>
#include <limits>
#include <vector>

#include "check.h"
#include "decoder/posteriors.h"

namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

std::vector<float> uniform(int frames, int tokens) {
  return std::vector<float>(static_cast<std::size_t>(frames * tokens),
                            static_cast<float>(-std::log(tokens)));
}

void check(const std::vector<float>& rows, int tokens, long first = 0) {
  const long frames = static_cast<long>(rows.size()) / tokens;
  tlg::decoder::check_log_probs(rows.data(), frames, tokens, 1e-2, first);
}

}  // namespace

TEST(posteriors_of_every_width_pass) {
  for (int tokens = 1; tokens < 200; ++tokens) check(uniform(3, tokens), tokens);
  check(uniform(2, 18710), 18710);
  check({0, -kInf, -kInf, -kInf}, 4);
  check({-3e38f, 0, -1000, -kInf}, 4);
  tlg::decoder::check_log_probs(nullptr, 0, 4, 1e-2);
}

TEST(posteriors_bad_rows_are_named) {
  std::vector<float> rows = uniform(5, 40);
  rows[2 * 40 + 33] = std::nanf("");
  CHECK_THROWS((check(rows, 40), 0), "row 2 holds NaN (column 33)");
  CHECK_THROWS((check(rows, 40, 100), 0), "row 102 holds NaN");
  rows[2 * 40 + 33] = kInf;
  CHECK_THROWS((check(rows, 40), 0), "row 2 holds +inf");
  rows = uniform(5, 40);
  for (int i = 0; i < 40; ++i) rows[4 * 40 + i] = -kInf;
  CHECK_THROWS((check(rows, 40), 0), "row 4 is -inf in every column");
  rows = uniform(5, 40);
  for (float& x : rows) x += 0.02f;
  CHECK_THROWS((check(rows, 40), 0), "is 0.02, not 0. Pass natural-log posteriors");
  for (float& x : rows) x -= 0.04f;
  CHECK_THROWS((check(rows, 40), 0), "is -0.02, not 0");
  CHECK_THROWS((check({700, 3e38f}, 2), 0), "logits=True");
}

TEST(posteriors_tolerance_is_sharp) {
  for (int tokens : {2, 40, 191, 8404}) {
    std::vector<float> rows = uniform(1, tokens);
    for (float& x : rows) x += 0.0099f;
    check(rows, tokens);
    for (float& x : rows) x += 0.0002f;
    CHECK_THROWS((check(rows, tokens), 0), "row 0 is no distribution");
  }
}
