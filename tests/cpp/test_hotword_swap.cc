// One hotword list in place of another inside an utterance, against the definition: every string up
// to a length, changed at every place, for random pairs of lists with and without word boundaries.
#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <optional>
#include <random>
#include <vector>

#include "check.h"
#include "hotwords/swap.h"

using namespace tlg::hotwords;

namespace {

struct List {
  std::vector<Phrase> phrases;
  Options options;
};

// From the definition alone. Phrases and strings have their boundaries written out.
class Twin {
 public:
  explicit Twin(const List& list) : list_(list) {
    for (const Phrase& phrase : list.phrases) {
      stored_.push_back(written_out(phrase.units, nullptr));
      if (brings_boundary(phrase.units[0])) stored_.back().erase(stored_.back().begin());
      if (list.options.boundary >= 0) stored_.back().push_back(list.options.boundary);
    }
  }

  // What a whole part is worth; `inside`: it begins in mid-word.
  double score(const std::vector<Unit>& units, bool inside) const {
    std::vector<Unit> stream = written_out(units, nullptr);
    if (list_.options.boundary >= 0) stream.push_back(list_.options.boundary);
    return read(stream, 0, inside, false).reward;
  }

  struct Cut {
    double reward;      // of what was matched
    std::size_t units;  // up to which it was
  };
  // The string breaks off, and another list goes on: scan while positions are decided, then match
  // what is left as if nothing came.
  Cut cut(const std::vector<Unit>& units, bool inside) const {
    std::vector<std::size_t> origin;
    const std::vector<Unit> stream = written_out(units, &origin);
    origin.push_back(units.size());
    const Scan decided = read(stream, 0, inside, true);
    const Scan rest = read(stream, decided.at, decided.at == 0 && inside, false);
    const std::size_t at = rest.last_match > 0 ? rest.last_match : decided.at;
    return {decided.reward + rest.reward, origin[at]};
  }

 private:
  struct Scan {
    double reward = 0;
    std::size_t at = 0, last_match = 0;
  };

  Scan read(const std::vector<Unit>& stream, std::size_t i, bool inside, bool stops) const {
    Scan scan;
    const Unit boundary = list_.options.boundary;
    const std::size_t begin = i;
    while (i < stream.size()) {
      int best = -1;
      bool open = false;
      if (boundary < 0 || (i == begin ? !inside : stream[i - 1] == boundary)) {
        for (std::size_t p = 0; p < stored_.size(); ++p) {
          const std::size_t n = std::min(stored_[p].size(), stream.size() - i);
          if (!std::equal(stored_[p].begin(), stored_[p].begin() + static_cast<std::ptrdiff_t>(n),
                          stream.begin() + static_cast<std::ptrdiff_t>(i)))
            continue;
          if (n < stored_[p].size()) open = true;
          if (n == stored_[p].size() && (best < 0 || wins(p, static_cast<std::size_t>(best))))
            best = static_cast<int>(p);
        }
      }
      if (open && stops) break;
      if (best < 0) {
        ++i;
        continue;
      }
      scan.reward += reward(static_cast<std::size_t>(best));
      i += stored_[static_cast<std::size_t>(best)].size();
      scan.last_match = i;
    }
    scan.at = i;
    return scan;
  }
  bool brings_boundary(Unit unit) const {
    return !list_.options.starts_word.empty() &&
           list_.options.starts_word[static_cast<std::size_t>(unit)];
  }
  std::vector<Unit> written_out(const std::vector<Unit>& units,
                                std::vector<std::size_t>* origin) const {
    std::vector<Unit> stream;
    for (std::size_t i = 0; i < units.size(); ++i) {
      if (brings_boundary(units[i])) {
        stream.push_back(list_.options.boundary);
        if (origin != nullptr) origin->push_back(i);
      }
      stream.push_back(units[i]);
      if (origin != nullptr) origin->push_back(i);
    }
    return stream;
  }
  double reward(std::size_t p) const {
    const Phrase& phrase = list_.phrases[p];
    const double n = static_cast<double>(phrase.units.size());
    return std::round((n * phrase.bias + phrase.word_bias) * 1024) / 1024;
  }
  bool wins(std::size_t p, std::size_t best) const {
    if (stored_[p].size() != stored_[best].size()) return stored_[p].size() > stored_[best].size();
    if (reward(p) != reward(best)) return reward(p) > reward(best);
    return list_.phrases[p].bias > list_.phrases[best].bias;
  }

  const List& list_;
  std::vector<std::vector<Unit>> stored_;
};

List random_list(std::mt19937* random, int num_units) {
  const auto draw = [random](int low, int high) {
    return low + static_cast<int>((*random)() % static_cast<unsigned>(high - low + 1));
  };
  List list;
  list.options.num_units = num_units;
  const double caps[] = {0, 0.7, 2, std::numeric_limits<double>::infinity()};
  list.options.max_loan = caps[draw(0, 3)];
  const int kind = draw(0, 3);
  if (kind >= 2) list.options.boundary = num_units - 1;
  if (kind == 3)
    for (int u = 0; u < num_units; ++u)
      list.options.starts_word.push_back(u + 1 < num_units && draw(0, 1) == 1);
  const int count = draw(0, 7);
  while (static_cast<int>(list.phrases.size()) < count) {
    Phrase phrase;
    for (int n = draw(1, 5); n > 0; --n) phrase.units.push_back(draw(0, num_units - 1));
    const Unit boundary = list.options.boundary;
    if (boundary >= 0 && (phrase.units.front() == boundary || phrase.units.back() == boundary))
      continue;
    phrase.bias = draw(-2, 12) / 4.0;
    phrase.word_bias = draw(0, 2) == 0 ? draw(-30, 30) / 3.0 : 0;
    list.phrases.push_back(phrase);
    if (draw(0, 9) == 0) {  // worth nothing, but it is matched
      list.phrases.back().bias = 1;
      list.phrases.back().word_bias = -static_cast<double>(phrase.units.size());
    }
  }
  return list;
}

struct Pair {
  const List *before, *after;
  const Twin *before_twin, *after_twin;
  const Automaton *old_one, *new_one;  // null: no list
  Swap swap;
  long changes = 0, differences = 0;

  // All strings of up to `left` more units; the list is changed behind each.
  void go(std::vector<Unit>* units, StateId state, float running, int left, int more) {
    change(*units, state, running, more);
    if (left == 0) return;
    for (Unit unit = 0; unit < before->options.num_units; ++unit) {
      StateId next = kRoot;
      const float gain = old_one != nullptr ? old_one->advance(state, unit, &next) : 0;
      units->push_back(unit);
      go(units, next, running + gain, left - 1, more);
      units->pop_back();
    }
  }

  void change(const std::vector<Unit>& units, StateId state, float running, int more) {
    const Twin::Cut cut =
        old_one != nullptr ? before_twin->cut(units, false) : Twin::Cut{0, units.size()};
    const std::size_t read = swap.num_read(state);
    if (read != units.size() - cut.units) ++differences;
    const bool in_word = cut.units > 0 && (!swap.asks_what_came_before() ||
                                           units[cut.units - 1] != after->options.boundary);
    const Handover handover = swap.of(state, in_word);
    if (handover.num_read != read) ++differences;
    const bool inside = handover.starts_inside;
    std::vector<Unit> rest(units.begin() + static_cast<std::ptrdiff_t>(cut.units), units.end());
    go_on(&rest, handover.state, running + handover.gain, cut.reward, inside, more);
  }

  void go_on(std::vector<Unit>* rest, StateId state, float running, double before_change,
             bool inside, int left) {
    ++changes;
    const double expected =
        before_change + (new_one != nullptr ? after_twin->score(*rest, inside) : 0);
    if (running + (new_one != nullptr ? new_one->end_score(state) : 0) != expected) ++differences;
    if (new_one != nullptr) {
      double found = before_change;
      for (const Match& match : new_one->find_in(*rest, {inside, false})) found += match.reward;
      if (found != expected) ++differences;
    }
    if (left == 0) return;
    for (Unit unit = 0; unit < after->options.num_units; ++unit) {
      StateId next = kRoot;
      const float gain = new_one != nullptr ? new_one->advance(state, unit, &next) : 0;
      rest->push_back(unit);
      go_on(rest, next, running + gain, before_change, inside, left - 1);
      rest->pop_back();
    }
  }
};

void exhaust(int num_units, int before, int after, int pairs, unsigned seed) {
  std::mt19937 random(seed);
  long changes = 0, differences = 0;
  for (int i = 0; i < pairs; ++i) {
    const List one = random_list(&random, num_units), other = random_list(&random, num_units);
    const Twin one_twin(one), other_twin(other);
    const auto old_one = Automaton::build(one.phrases, one.options);
    const auto new_one = Automaton::build(other.phrases, other.options);
    const Automaton* from = i % 7 == 3 ? nullptr : old_one.get();
    const Automaton* to = i % 7 == 5 ? nullptr : new_one.get();
    Pair pair{&one, &other, &one_twin, &other_twin, from, to, Swap(from, to)};
    std::vector<Unit> units;
    pair.go(&units, kRoot, 0, before, after);
    changes += pair.changes;
    differences += pair.differences;
  }
  std::printf("     %ld changes, %ld differences, seed %u\n", changes, differences, seed);
  CHECK(differences == 0);
}

Phrase phrase(const std::vector<Unit>& units, double word_bias) {
  Phrase one;
  one.units = units;
  one.bias = 1;
  one.word_bias = word_bias;
  return one;
}

}  // namespace

TEST(swap_every_string_of_two_units) { exhaust(2, 6, 4, 90, 11); }
TEST(swap_every_string_of_three_units) { exhaust(3, 5, 3, 60, 12); }
TEST(swap_every_string_of_four_units) { exhaust(4, 4, 3, 40, 13); }

TEST(swap_keeps_what_is_whole_and_reads_the_rest_again) {
  Options options;
  options.num_units = 6;
  options.max_loan = 100;
  // AB is a match although ABCDE might have come; CD may become the new list's CDE.
  const auto before = Automaton::build({phrase({0, 1}, 5), phrase({0, 1, 2, 3, 4}, 7)}, options);
  const auto after = Automaton::build({phrase({2, 3, 4}, 1), phrase({0, 1}, 50)}, options);
  StateId state = kRoot;
  float running = 0;
  for (const Unit unit : {0, 1, 2, 3}) running += before->advance(state, unit, &state);
  Swap swap(before.get(), after.get());
  CHECK(swap.num_read(state) == 2);
  const Handover handover = swap.of(state, true);
  running += handover.gain;
  CHECK(running == 7 + 2);  // and two units lent by the new list
  StateId next = handover.state;
  CHECK(running + after->end_score(next) == 7);
  running += after->advance(next, 4, &next);
  CHECK(running == 7 + 4 && next == kRoot);
}

TEST(swap_with_no_list) {
  Options options;
  options.num_units = 3;
  const auto list = Automaton::build({phrase({0, 1, 2}, 0)}, options);
  StateId state = kRoot;
  const float lent = list->advance(kRoot, 0, &state);
  Swap away(list.get(), nullptr), to(nullptr, list.get()), nothing(nullptr, nullptr);
  CHECK(lent > 0 && away.of(state, true).gain == -lent && away.of(state, true).state == kRoot);
  CHECK(away.num_read(state) == 1);
  CHECK(to.of(kRoot, true).gain == 0 && to.of(kRoot, true).state == kRoot);
  CHECK(nothing.of(kRoot, false).gain == 0 && !nothing.asks_what_came_before());
}
