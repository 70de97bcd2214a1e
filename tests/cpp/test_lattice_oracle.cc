// The oracle path against all paths of small lattices, filled as one table and halved to the last;
// and of a lattice too long for one table.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "check.h"
#include "decoder/lattice/lattice_oracle.h"
#include "random_lattice.h"

using namespace tlg::decoder;
using namespace tlg::test;

namespace {

using Units = std::vector<std::int32_t>;

std::int64_t distance(const Units& a, const Units& b) {
  std::vector<std::int64_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = static_cast<std::int64_t>(j);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::int64_t corner = row[0]++;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::int64_t best =
          std::min({row[j] + 1, row[j - 1] + 1, corner + (a[i - 1] != b[j - 1])});
      corner = row[j];
      row[j] = best;
    }
  }
  return row[b.size()];
}

struct Found {
  std::int64_t errors;
  double score;
};

// Of one path.
Found judge(const Lattice& lattice, const Spelling& spelling, const Units& reference,
            const std::vector<std::uint32_t>& arcs) {
  Units units;
  double score = 0;
  std::uint32_t state = 0;
  for (const std::uint32_t a : arcs) {
    if (lattice.arcs[a].source != state) return {-1, 0};
    state = lattice.arcs[a].target;
    score += lattice.arcs[a].score.total();
    units.insert(units.end(), spelling.units.begin() + static_cast<long>(spelling.begin[a]),
                 spelling.units.begin() + static_cast<long>(spelling.begin[a + 1]));
  }
  if (!lattice.states[state].is_final) return {-1, 0};
  return {distance(units, reference), score + lattice.states[state].final_score.total()};
}

void judge_all(const Lattice& lattice, const Spelling& spelling, const Units& reference,
               std::vector<std::uint32_t>* arcs, std::uint32_t state, Found* best) {
  if (lattice.states[state].is_final) {
    const Found one = judge(lattice, spelling, reference, *arcs);
    if (one.errors < best->errors || (one.errors == best->errors && one.score > best->score))
      *best = one;
  }
  for (std::uint32_t a = lattice.states[state].first_arc; a < lattice.states[state + 1].first_arc;
       ++a) {
    arcs->push_back(a);
    judge_all(lattice, spelling, reference, arcs, lattice.arcs[a].target, best);
    arcs->pop_back();
  }
}

// Words of 0 to `longest` units.
Spelling spell(Dice& dice, const Lattice& lattice, int longest) {
  std::vector<Units> words(64);
  for (Units& word : words)
    for (int n = longest == 1 ? 1 : dice.within(0, longest); n > 0; --n)
      word.push_back(dice.below(3));
  Spelling spelling;
  spelling.begin.push_back(0);
  for (const Lattice::Arc& arc : lattice.arcs) {
    const Units& word = words[static_cast<std::size_t>(arc.word) % words.size()];
    spelling.units.insert(spelling.units.end(), word.begin(), word.end());
    spelling.begin.push_back(spelling.units.size());
  }
  return spelling;
}

}  // namespace

TEST(oracle_path_is_the_nearest_of_all) {
  int with_errors = 0;
  for (std::uint32_t seed = 0; seed < 1500; ++seed) {
    Dice dice(seed);
    const Lattice lattice = random_lattice(seed, false);
    const Spelling spelling = spell(dice, lattice, dice.one_of<int>({1, 3}));
    Units reference;
    for (int n = dice.within(0, dice.one_of<int>({3, 12, 40})); n > 0; --n)
      reference.push_back(dice.below(4));
    Found best{1 << 20, 0};
    std::vector<std::uint32_t> arcs;
    judge_all(lattice, spelling, reference, &arcs, 0, &best);
    with_errors += best.errors > 0;
    for (const std::size_t table : {std::size_t{0}, std::size_t{20}, kOracleTable}) {
      const OraclePath found = oracle_path(lattice, spelling, reference, table);
      const Found is = judge(lattice, spelling, reference, found.arcs);
      const bool fine = found.errors == best.errors && is.errors == best.errors &&
                        std::fabs(is.score - best.score) < 1e-9;
      CHECK(fine);
      if (!fine) std::printf("seed %u, table %zu\n", seed, table);
    }
  }
  CHECK(with_errors > 500);
}

TEST(oracle_path_of_nothing) {
  CHECK(oracle_path({}, {{}, {0}}, {1, 2}).errors == 2);
  CHECK(oracle_path({}, {{}, {0}}, {1, 2}).arcs.empty());
}

// Four ways for each of so many words, of which one may be left out, against a reference with
// errors of its own; halved and as one table.
TEST(oracle_path_of_a_long_lattice) {
  constexpr std::uint32_t kWords = 2000;
  Dice dice(3);
  Lattice lattice;
  lattice.num_frames = kWords;
  for (std::uint32_t s = 0; s <= kWords; ++s) {
    lattice.states.push_back({static_cast<std::uint32_t>(lattice.arcs.size()), s, s == kWords, {}});
    for (int w = 0; s < kWords && w < 4; ++w)
      lattice.arcs.push_back(
          {s,
           std::min(kWords, s + 1 + static_cast<std::uint32_t>(w == 3)),
           static_cast<std::int32_t>(1 + (s * 7 + 5 * static_cast<std::uint32_t>(w)) % 61),
           {-dice.below(1 << 20) / 1048576.0, 0, 0}});
  }
  lattice.states.push_back({static_cast<std::uint32_t>(lattice.arcs.size()), 0, false, {}});
  const Spelling spelling = spell(dice, lattice, 1);
  Units reference;
  for (std::uint32_t i = 0; i < kWords; ++i) {
    if (!dice.chance(3))
      reference.push_back(spelling.units[4 * i + static_cast<std::uint32_t>(dice.below(3))]);
    if (dice.chance(3)) reference.push_back(9);
  }
  const OraclePath halved = oracle_path(lattice, spelling, reference, 1 << 12);
  const OraclePath whole = oracle_path(lattice, spelling, reference, std::size_t{1} << 40);
  const Found is = judge(lattice, spelling, reference, halved.arcs);
  CHECK(halved.errors == whole.errors && halved.errors == is.errors && is.errors > 30);
  CHECK(std::fabs(is.score - judge(lattice, spelling, reference, whole.arcs).score) < 1e-6);
}
