// Posteriors, confidences and minimum Bayes risk of small lattices, against all their paths.
#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "check.h"
#include "decoder/lattice/lattice_posteriors.h"
#include "decoder/lattice/mbr.h"
#include "lattice_problem.h"
#include "random_lattice.h"

using namespace tlg::decoder;
using namespace tlg::test;

namespace {

constexpr double kRounding = 1e-9;

bool same(double a, double b) { return std::fabs(a - b) <= kRounding * (1 + std::fabs(a)); }

struct Path {
  Words words;
  std::vector<std::uint32_t> arcs;
  std::uint32_t last;
  double score;  // then: probability
};

void list(const Lattice& lattice, std::uint32_t state, Path path, const PosteriorOptions& options,
          std::vector<Path>* paths) {
  const auto scaled = [&](const LatticeScore& one) {
    return options.scale * (one.total() - (options.with_hotwords ? 0 : one.hotword));
  };
  if (lattice.states[state].is_final) {
    paths->push_back(path);
    paths->back().last = state;
    paths->back().score += scaled(lattice.states[state].final_score);
  }
  for (std::uint32_t a = lattice.states[state].first_arc; a < lattice.states[state + 1].first_arc;
       ++a) {
    Path longer = path;
    longer.words.push_back(lattice.arcs[a].word);
    longer.arcs.push_back(a);
    longer.score += scaled(lattice.arcs[a].score);
    list(lattice, lattice.arcs[a].target, longer, options, paths);
  }
}

// Probabilities instead of scores; returns the log of the sum.
double normalise(std::vector<Path>* paths) {
  double sum = 0, most = -INFINITY;
  for (const Path& path : *paths) most = std::max(most, path.score);
  for (const Path& path : *paths) sum += std::exp(path.score - most);
  for (Path& path : *paths) path.score = std::exp(path.score - most) / sum;
  return most + std::log(sum);
}

// Edit distances between all prefixes.
std::vector<std::vector<int>> distances(const Words& a, const Words& b) {
  std::vector<std::vector<int>> d(a.size() + 1, std::vector<int>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i)
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        d[i][j] = static_cast<int>(i + j);
        continue;
      }
      d[i][j] =
          std::min({d[i - 1][j - 1] + (a[i - 1] != b[j - 1]), d[i - 1][j] + 1, d[i][j - 1] + 1});
    }
  return d;
}

int distance(const Words& a, const Words& b) { return distances(a, b)[a.size()][b.size()]; }

// Whether b[j] is matched by its own word: in some best alignment, and in all.
void find_matches(const Words& a, const Words& b, std::vector<bool>* some, std::vector<bool>* all) {
  const auto d = distances(a, b);
  const Words ra(a.rbegin(), a.rend()), rb(b.rbegin(), b.rend());
  const auto r = distances(ra, rb);
  const int least = d[a.size()][b.size()];
  some->assign(b.size(), false);
  all->assign(b.size(), true);
  for (std::size_t j = 0; j < b.size(); ++j) {
    for (std::size_t i = 0; i <= a.size(); ++i) {
      const auto rest = [&](std::size_t x) { return r[a.size() - x][b.size() - j - 1]; };
      if (d[i][j] + 1 + rest(i) == least) (*all)[j] = false;  // b[j] left out
      if (i == a.size()) continue;
      const bool match = a[i] == b[j];
      if (d[i][j] + (match ? 0 : 1) + rest(i + 1) != least) continue;
      if (match)
        (*some)[j] = true;
      else
        (*all)[j] = false;
    }
  }
}

double expected_distance(const std::vector<Path>& paths, const Words& words) {
  double sum = 0;
  for (const Path& path : paths) sum += path.score * distance(path.words, words);
  return sum;
}

bool check_posteriors(const Lattice& lattice, const PosteriorOptions& options) {
  std::vector<Path> paths;
  list(lattice, 0, {}, options, &paths);
  const double log_total = normalise(&paths);
  const LatticePosteriors found = lattice_posteriors(lattice, options);
  std::vector<double> arcs(lattice.arcs.size(), 0), finals(lattice.num_states(), 0);
  for (const Path& path : paths) {
    for (const std::uint32_t a : path.arcs) arcs[a] += path.score;
    finals[path.last] += path.score;
  }
  bool fine = same(found.log_total, log_total);
  std::vector<double> covered(static_cast<std::size_t>(lattice.num_frames), 0);
  const auto cover = [&](std::int64_t from, std::int64_t to, double part) {
    for (std::int64_t t = from; t < to; ++t) covered[static_cast<std::size_t>(t)] += part;
  };
  for (std::size_t a = 0; a < arcs.size(); ++a) {
    const Lattice::Arc& arc = lattice.arcs[a];
    fine = fine && same(found.arcs[a], arcs[a]);
    cover(lattice.states[arc.source].frame, lattice.states[arc.target].frame, found.arcs[a]);
  }
  for (std::uint32_t s = 0; s < lattice.num_states(); ++s) {
    fine = fine && same(found.finals[s], finals[s]);
    cover(lattice.states[s].frame, lattice.num_frames, found.finals[s]);
  }
  for (const double sum : covered) fine = fine && same(sum, 1);
  return fine;
}

}  // namespace

TEST(lattice_posteriors_are_sums_over_paths) {
  int failed = 0;
  for (std::uint32_t seed = 0; seed < 300; ++seed)
    for (const double scale : {1.0, 0.25, 40.0})
      for (const bool with_hotwords : {false, true})
        if (!check_posteriors(random_lattice(seed, seed % 2 == 0), {scale, with_hotwords}))
          ++failed;
  CHECK(failed == 0);
}

TEST(lattice_posteriors_of_nothing) {
  const LatticePosteriors found = lattice_posteriors({});
  CHECK(found.log_total == -INFINITY && found.arcs.empty());
  CHECK(minimum_bayes_risk({}, found, {}).words.empty());
  CHECK(word_confidences({}, found, {1, 2}) == std::vector<double>(2, 0.0));
}

// In a tree the recursion is exact.
TEST(mbr_of_trees_is_exact) {
  int failed = 0, unique = 0, changed = 0;
  for (std::uint32_t seed = 1000; seed < 1600; ++seed) {
    const Lattice lattice = random_lattice(seed, true);
    const PosteriorOptions options{0.1, false};
    const LatticePosteriors posteriors = lattice_posteriors(lattice, options);
    std::vector<Path> paths;
    list(lattice, 0, {}, options, &paths);
    const Words best =
        std::max_element(paths.begin(), paths.end(), [](const Path& a, const Path& b) {
          return a.score < b.score;
        })->words;
    normalise(&paths);
    const MbrResult mbr = minimum_bayes_risk(lattice, posteriors, best);
    if (!same(mbr.risk, expected_distance(paths, mbr.words))) ++failed;
    if (mbr.risk > expected_distance(paths, best) + kRounding) ++failed;
    if (mbr.words != best) ++changed;
    // Where each path has one way to be aligned, a confidence is the sum of those that match.
    std::vector<double> counts(best.size(), 0);
    bool is_unique = true;
    for (const Path& path : paths) {
      std::vector<bool> some, all;
      find_matches(path.words, best, &some, &all);
      if (some != all) is_unique = false;
      for (std::size_t i = 0; i < best.size(); ++i) counts[i] += all[i] ? path.score : 0;
    }
    if (!is_unique) continue;
    ++unique;
    const std::vector<double> confidences = word_confidences(lattice, posteriors, best);
    for (std::size_t i = 0; i < best.size(); ++i)
      if (!same(confidences[i], counts[i])) ++failed;
  }
  CHECK(failed == 0);
  CHECK(unique > 100 && changed > 20);
}

TEST(mbr_of_lattices) {
  int failed = 0;
  for (std::uint32_t seed = 2000; seed < 2600; ++seed) {
    const Lattice lattice = random_lattice(seed, false);
    const LatticePosteriors posteriors = lattice_posteriors(lattice);
    std::vector<Path> paths;
    list(lattice, 0, {}, {}, &paths);
    const Words best = paths[0].words;
    normalise(&paths);
    const MbrResult mbr = minimum_bayes_risk(lattice, posteriors, best);
    bool fine = mbr.risk >= expected_distance(paths, mbr.words) - kRounding &&
                mbr.confidences.size() == mbr.words.size() && mbr.spans.size() == mbr.words.size();
    std::int64_t last = 0;
    for (const Span& span : mbr.spans) {
      fine = fine && last <= span.start && span.start <= span.end && span.end <= 20;
      last = span.end;
    }
    // A slot holds one word, or none, of each path; the words are the first of theirs.
    Words firsts;
    double total = 0, in_slots = 0;  // expected number of words
    for (const Slot& slot : mbr.slots) {
      double sum = 0;
      for (const SlotWord& one : slot) {
        sum += one.probability;
        in_slots += one.word != 0 ? one.probability : 0;
        fine = fine && one.probability <= slot[0].probability && one.start <= one.end;
      }
      fine = fine && same(sum, 1);
      if (slot[0].word != 0) firsts.push_back(slot[0].word);
    }
    for (const Path& path : paths) total += path.score * static_cast<double>(path.words.size());
    fine = fine && firsts == mbr.words && in_slots <= total + kRounding;
    if (!fine) std::printf("seed %u\n", seed);
    if (!fine) ++failed;
  }
  CHECK(failed == 0);
}

// "a b" and "a c" and "a b d", as the formula says by hand.
TEST(mbr_by_hand) {
  Lattice lattice;
  lattice.num_frames = 30;
  const auto score = [](double p) { return LatticeScore{std::log(p), 0, 0}; };
  lattice.states = {{0, 0, false, {}},       {1, 10, false, {}},      {3, 20, true, score(0.5)},
                    {4, 30, true, score(1)}, {4, 30, true, score(1)}, {4, 30, false, {}}};
  lattice.arcs = {
      {0, 1, 1, score(1)}, {1, 2, 2, score(0.6)}, {1, 3, 3, score(0.4)}, {2, 4, 4, score(0.5)}};
  const LatticePosteriors posteriors = lattice_posteriors(lattice);
  const MbrResult mbr = minimum_bayes_risk(lattice, posteriors, {1, 3});
  CHECK((mbr.words == Words{1, 2}));
  CHECK(same(mbr.risk, 0.4 + 0.3));
  CHECK(same(mbr.confidences[0], 1) && same(mbr.confidences[1], 0.6));
  CHECK(mbr.spans[0].start == 0 && mbr.spans[0].end == 10 && mbr.spans[1].start == 10 &&
        mbr.spans[1].end == 20);
  CHECK(mbr.slots.size() == 3);
  CHECK(mbr.slots[1].size() == 2 && mbr.slots[1][1].word == 3 &&
        same(mbr.slots[1][1].probability, 0.4) && same(mbr.slots[1][1].end, 30));
  CHECK(mbr.slots[2][0].word == 0 && same(mbr.slots[2][0].probability, 0.7) &&
        mbr.slots[2][1].word == 4 && same(mbr.slots[2][1].start, 20));
  const std::vector<double> confidences = word_confidences(lattice, posteriors, {1, 3});
  CHECK(same(confidences[0], 1) && same(confidences[1], 0.4));
}

// So long that it is aligned in parts.
TEST(mbr_of_an_hour) {
  constexpr std::int32_t kWords = 4000;
  Lattice lattice;
  Words best;
  lattice.num_frames = 10 * kWords;
  for (std::uint32_t i = 0; i < kWords; ++i) {
    lattice.states.push_back({2 * i, 10 * std::int64_t{i}, false, {}});
    const auto word = static_cast<std::int32_t>(2 * i + 1);
    lattice.arcs.push_back({i, i + 1, word, {std::log(0.6), 0, 0}});
    lattice.arcs.push_back({i, i + 1, word + 1, {std::log(0.4), 0, 0}});
    best.push_back(word + (i % 3 == 0 ? 1 : 0));
  }
  lattice.states.push_back({2 * kWords, lattice.num_frames, true, {}});
  lattice.states.push_back({2 * kWords, 0, false, {}});
  const LatticePosteriors posteriors = lattice_posteriors(lattice);
  const std::vector<double> confidences = word_confidences(lattice, posteriors, best);
  const MbrResult mbr = minimum_bayes_risk(lattice, posteriors, best);
  bool fine = mbr.words.size() == kWords && mbr.slots.size() == kWords;
  for (std::uint32_t i = 0; fine && i < kWords; ++i)
    fine = same(confidences[i], i % 3 == 0 ? 0.4 : 0.6) && same(mbr.confidences[i], 0.6) &&
           mbr.words[i] == static_cast<std::int32_t>(2 * i + 1) && mbr.spans[i].start == 10 * i &&
           mbr.spans[i].end == 10 * i + 10;
  CHECK(fine);
  CHECK(std::fabs(mbr.risk - 0.4 * kWords) < 1e-6);
  // Words that are no path of the lattice.
  CHECK(word_confidences(lattice, posteriors, {1, 3}).size() == 2);
}
