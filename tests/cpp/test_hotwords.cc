// The automaton against a matcher written from the definition alone: every string up to a length
// over small alphabets, for random phrase sets, at every prefix; with and without word boundaries.
#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "check.h"
#include "hotwords/automaton.h"

using namespace tlg::hotwords;

namespace {

// The definition: at a position take the longest phrase that starts there, go on behind it.
class Twin {
 public:
  Twin(const std::vector<Phrase>& phrases, const Options& options)
      : phrases_(phrases), options_(options) {}

  std::vector<Match> find(const std::vector<Unit>& units) const {
    std::vector<Match> matches;
    for (std::size_t i = 0; i < units.size();) {
      int best = -1;
      for (std::size_t p = 0; p < phrases_.size(); ++p)
        if (matches_at(units, i, phrases_[p].units) && (best < 0 || wins(p, best)))
          best = static_cast<int>(p);
      if (best < 0) {
        ++i;
        continue;
      }
      const std::size_t end = i + phrases_[best].units.size();
      matches.push_back({best, static_cast<int>(i), static_cast<int>(end), reward(best)});
      i = end;
    }
    return matches;
  }

  double score(const std::vector<Unit>& units) const {
    double sum = 0;
    for (const Match& match : find(units)) sum += match.reward;
    return sum;
  }

 private:
  bool is_cut(const std::vector<Unit>& units, std::size_t i) const {
    if (options_.boundary < 0 || i == 0 || i == units.size()) return true;
    if (units[i - 1] == options_.boundary || units[i] == options_.boundary) return true;
    return !options_.starts_word.empty() && options_.starts_word[units[i]];
  }
  bool is_start(const std::vector<Unit>& units, std::size_t i) const {
    return is_cut(units, i) && (options_.boundary < 0 || i == 0 || units[i] != options_.boundary);
  }
  bool matches_at(const std::vector<Unit>& units, std::size_t i,
                  const std::vector<Unit>& phrase) const {
    const std::size_t end = i + phrase.size();
    return end <= units.size() && is_start(units, i) && is_cut(units, end) &&
           std::equal(phrase.begin(), phrase.end(), units.begin() + static_cast<std::ptrdiff_t>(i));
  }
  double reward(std::size_t p) const {
    const Phrase& phrase = phrases_[p];
    double length = static_cast<double>(phrase.units.size());
    if (!phrase.lengths.empty()) {
      length = 0;
      for (const int one : phrase.lengths) length += one;
    }
    return std::round((length * phrase.bias + phrase.word_bias) * 1024) / 1024;
  }
  bool wins(std::size_t p, std::size_t best) const {
    const Phrase &a = phrases_[p], &b = phrases_[best];
    if (a.units.size() != b.units.size()) return a.units.size() > b.units.size();
    if (reward(p) != reward(best)) return reward(p) > reward(best);
    return a.bias > b.bias;
  }

  const std::vector<Phrase>& phrases_;
  const Options& options_;
};

// Walks all strings of up to `left` more units, the automaton beside the twin; returns the
// differences.
struct Walk {
  const Automaton& automaton;
  const Twin& twin;
  int num_units;
  bool cap_holds;
  double cap;
  std::vector<Unit> units;
  long strings = 0, differences = 0;
  std::set<StateId> states;

  void go(StateId state, float running, int left) {
    ++strings;
    states.insert(state);
    const double expected = twin.score(units);
    const float ended = running + automaton.end_score(state);
    if (static_cast<double>(ended) != expected) ++differences;
    if (cap_holds && running - expected > cap) ++differences;
    if (left == 0) {
      const std::vector<Match> got = automaton.find(units), want = twin.find(units);
      bool same = got.size() == want.size();
      for (std::size_t i = 0; same && i < got.size(); ++i)
        same = got[i].phrase == want[i].phrase && got[i].start == want[i].start &&
               got[i].end == want[i].end && got[i].reward == want[i].reward;
      if (!same) ++differences;
      return;
    }
    for (Unit unit = 0; unit < num_units; ++unit) {
      StateId next = 0;
      const float gain = automaton.advance(state, unit, &next);
      if (gain > automaton.max_gain(state)) ++differences;
      units.push_back(unit);
      go(next, running + gain, left - 1);
      units.pop_back();
    }
  }
};

std::vector<Phrase> random_phrases(std::mt19937* random, const Options& options) {
  const auto draw = [random](int low, int high) {
    return low + static_cast<int>((*random)() % static_cast<unsigned>(high - low + 1));
  };
  std::vector<Phrase> phrases;
  const int count = draw(0, 8);
  while (static_cast<int>(phrases.size()) < count) {
    Phrase phrase;
    const int length = draw(1, 6);
    for (int i = 0; i < length; ++i) phrase.units.push_back(draw(0, options.num_units - 1));
    if (options.boundary >= 0 &&
        (phrase.units.front() == options.boundary || phrase.units.back() == options.boundary))
      continue;
    phrase.bias = draw(-4, 12) / 4.0 + 0.0001 * draw(0, 1);
    phrase.word_bias = draw(0, 2) == 0 ? draw(-30, 30) / 3.0 : 0;
    if (draw(0, 9) == 0)
      for (int i = 0; i < length; ++i) phrase.lengths.push_back(draw(1, 3));
    phrases.push_back(phrase);
  }
  return phrases;
}

void exhaust(const Options& base, int length, int sets, unsigned seed) {
  std::mt19937 random(seed);
  const double caps[] = {0, 0.7, 2, std::numeric_limits<double>::infinity()};
  long strings = 0, differences = 0;
  for (int set = 0; set < sets; ++set) {
    Options options = base;
    options.max_loan = caps[random() % 4];
    const std::vector<Phrase> phrases = random_phrases(&random, options);
    const Twin twin(phrases, options);
    const auto automaton = Automaton::build(phrases, options);
    automaton->check();
    // A suppressed phrase may be pending below the loan, and where a boundary completes phrases, a
    // pending one may pay more than the one that is about to hide it.
    bool cap_holds = options.boundary < 0;
    for (const Phrase& phrase : phrases)
      cap_holds = cap_holds && phrase.word_bias >= 0 && phrase.bias >= 0;
    Walk walk{*automaton, twin, options.num_units, cap_holds, options.max_loan, {}, 0, 0, {}};
    walk.go(kRoot, 0, length);
    strings += walk.strings;
    differences += walk.differences;
    if (walk.states.size() > automaton->num_states()) ++differences;

    std::vector<Phrase> shuffled = phrases;
    std::shuffle(shuffled.begin(), shuffled.end(), random);
    const auto other = Automaton::build(shuffled, options);
    for (StateId s = 0; s <= automaton->max_state(); ++s)
      for (Unit unit = 0; unit < options.num_units; ++unit) {
        StateId a = 0, b = 0;
        if (automaton->advance(s, unit, &a) != other->advance(s, unit, &b) || a != b) ++differences;
      }
  }
  std::printf("     %ld strings, %ld differences, seed %u\n", strings, differences, seed);
  CHECK(differences == 0);
}

Phrase phrase(const std::string& units, double bias, double word_bias) {
  Phrase result;
  for (const char unit : units) result.units.push_back(unit);
  result.bias = bias;
  result.word_bias = word_bias;
  return result;
}

Options plain(int num_units) {
  Options options;
  options.num_units = num_units;
  return options;
}

}  // namespace

TEST(hotwords_every_string_of_two_units) { exhaust(plain(2), 10, 150, 1); }
TEST(hotwords_every_string_of_three_units) { exhaust(plain(3), 8, 40, 2); }
TEST(hotwords_every_string_of_four_units) { exhaust(plain(4), 6, 60, 3); }

TEST(hotwords_every_string_with_boundaries) {
  Options options = plain(3);
  options.boundary = 2;
  exhaust(options, 8, 40, 4);
}

TEST(hotwords_every_string_of_pieces_that_start_words) {
  Options options = plain(4);
  options.boundary = 3;  // emitted by nobody in real use; here it may come as a unit as well
  options.starts_word = {true, false, false, false};
  exhaust(options, 6, 60, 5);
  options.starts_word = {true, true, false, false};
  exhaust(options, 6, 60, 6);
}

TEST(hotwords_spec_examples) {
  Options options = plain(128);
  options.max_loan = 100;
  const auto both_orders = [&](std::vector<Phrase> phrases, const std::string& units, double want) {
    const std::vector<Unit> stream(units.begin(), units.end());
    for (int order = 0; order < 2; ++order) {
      const auto automaton = Automaton::build(phrases, options);
      CHECK(stream.empty() || automaton->trace(stream).ended.back() == want);
      std::reverse(phrases.begin(), phrases.end());
    }
  };
  const std::vector<Phrase> nested = {phrase("AB", 1, 5), phrase("ABCD", 1, 7)};
  both_orders({phrase("yghx", 1, 0), phrase("hd", 1, 0)}, "yghd", 2);
  both_orders(nested, "ABX", 7);
  both_orders(nested, "ABCX", 7);
  both_orders(nested, "ABCDX", 11);
  both_orders(nested, "ABAB", 14);
  both_orders({phrase("AB", 1, 5), phrase("XABZ", 1, 7)}, "XABY", 7);
  both_orders({phrase("ABCD", 1, 0)}, "ABC", 0);
  both_orders({phrase("AA", 1, 5)}, "AAAX", 7);
}

TEST(hotwords_without_phrases_nothing_moves) {
  Options options = plain(5);
  options.boundary = 4;
  const auto automaton = Automaton::build({}, options);
  StateId next = 7;
  for (Unit unit = -1; unit < 9; ++unit) {
    CHECK(automaton->advance(kRoot, unit, &next) == 0.0f);
    CHECK(next == kRoot);
  }
  CHECK(automaton->num_states() == 1 && automaton->max_state() == 0);
  CHECK(automaton->end_score(kRoot) == 0.0f && automaton->max_gain(kRoot) == 0.0f);
}

TEST(hotwords_large_spans_are_searched) {
  std::vector<Phrase> phrases;
  for (Unit unit = 0; unit < 500; ++unit) {
    Phrase one;
    one.units = {3, unit, unit};
    one.bias = 1;
    phrases.push_back(one);
  }
  const auto automaton = Automaton::build(phrases, plain(500));
  for (Unit unit = 0; unit < 500; ++unit)
    CHECK(automaton->trace({3, unit, unit}).ended.back() == 3);
  CHECK(automaton->trace({3, 4, 5}).ended.back() == 0);
}

TEST(hotwords_bad_input) {
  const auto build = [](const Phrase& one, int num_units, int boundary) {
    Options options = plain(num_units);
    options.boundary = boundary;
    return Automaton::build({one}, options);
  };
  CHECK_THROWS(build(phrase("", 1, 0), 128, -1), "phrase 0 has no units");
  CHECK_THROWS(build(phrase("A", 1, 0), 65, -1), "unit 65 of 65");
  CHECK_THROWS(build(phrase("|A", 1, 0), 128, '|'), "begins or ends with the word boundary");
  CHECK_THROWS(build(phrase("A", 1, 0), 128, 128), "word boundary is unit 128 of 128");
  CHECK_THROWS(build(phrase("A", 1, NAN), 128, -1), "not finite");
  CHECK_THROWS(build(phrase("A", 1, 9999999), 128, -1), "more than 4096");
  CHECK_THROWS(build(phrase(std::string(2000, 'A'), 1, 2000), 128, -1),
               "too large beside a phrase");
  Options negative = plain(1);
  negative.max_loan = -1;
  CHECK_THROWS(Automaton::build({}, negative), "max_loan");
  Options pieces = plain(1);
  pieces.starts_word = {true};
  CHECK_THROWS(Automaton::build({}, pieces), "no unit is the word boundary");
}
