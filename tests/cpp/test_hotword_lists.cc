// The parts of the hotword core that look at whole lists: sorting, lint, cutting into words,
// export; each against what its header says, worked out the slow way.
#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "check.h"
#include "hotwords/automaton.h"
#include "hotwords/lint.h"
#include "hotwords/split_words.h"
#include "hotwords/to_fst.h"

using namespace tlg::hotwords;

namespace {

struct Columns {
  std::vector<Unit> units;
  std::vector<std::int64_t> offsets{0};
  std::vector<double> bias, word_bias;

  void add(const std::vector<Unit>& phrase, double b, double w) {
    units.insert(units.end(), phrase.begin(), phrase.end());
    offsets.push_back(static_cast<std::int64_t>(units.size()));
    bias.push_back(b);
    word_bias.push_back(w);
  }
  PhraseTable table() const {
    PhraseTable table;
    table.num_phrases = bias.size();
    table.num_units = units.size();
    table.units = units.data();
    table.offsets = offsets.data();
    table.bias = bias.data();
    table.word_bias = word_bias.data();
    return table;
  }
  std::vector<Unit> phrase(std::size_t i) const {
    return {units.begin() + offsets[i], units.begin() + offsets[i + 1]};
  }
};

std::vector<Unit> random_units(std::mt19937& random, int most, int num_units) {
  std::vector<Unit> units(1 + random() % static_cast<unsigned>(most));
  for (Unit& unit : units) unit = static_cast<Unit>(random() % static_cast<unsigned>(num_units));
  return units;
}

TEST(phrases_are_sorted_and_the_best_of_equal_ones_counts) {
  std::mt19937 random(3);
  for (int round = 0; round < 300; ++round) {
    // Few bits a unit: many fit into a key; many bits: two.
    const int num_units = round % 2 == 0 ? 2 : 1 << 30;
    Columns columns;
    std::map<std::vector<Unit>, std::pair<double, std::size_t>> best;
    const std::size_t count = random() % 60;
    for (std::size_t i = 0; i < count; ++i) {
      std::vector<Unit> units = random_units(random, round % 3 == 0 ? 150 : 9, 2);
      if (num_units > 2)
        for (Unit& unit : units) unit = unit == 0 ? 5 : num_units - 1;
      const double w = static_cast<double>(random() % 3);
      columns.add(units, 1.0, w);
      const auto [at, is_new] = best.try_emplace(units, w, i);
      if (!is_new && w > at->second.first) at->second = {w, i};
    }
    const PhraseTable table = columns.table();
    Options options;
    options.num_units = num_units;
    const SortedPhrases sorted(table, options);
    CHECK(sorted.size() == best.size());
    std::size_t place = 0;
    for (const auto& [units, winner] : best)
      CHECK(sorted.phrase(place++) == winner.second && columns.phrase(winner.second) == units);
    const std::vector<std::int32_t> winners = sorted.winners();
    for (std::size_t i = 0; i < winners.size(); ++i)
      CHECK(static_cast<std::size_t>(winners[i]) == best[columns.phrase(i)].second);
  }
}

TEST(columns_that_do_not_fit_are_refused) {
  Columns columns;
  columns.add({1, 2}, 1, 0);
  PhraseTable table = columns.table();
  ColumnSizes sizes;
  sizes.offsets = 2;
  sizes.word_bias = 1;
  check_columns(table, sizes);
  sizes.word_bias = 2;
  CHECK_THROWS(check_columns(table, sizes), "do not belong together");
  sizes.word_bias = 1;
  sizes.lengths = 1;
  CHECK_THROWS(check_columns(table, sizes), "do not belong together");
  sizes.lengths = 0;
  const std::int32_t owner = 1;
  const std::int64_t text_offsets[] = {0, 1};
  table.owners = &owner;
  table.text_offsets = text_offsets;
  sizes.owners = 1;
  sizes.texts = 1;
  sizes.text_offsets = 2;
  CHECK_THROWS(check_columns(table, sizes), "owners and texts do not belong together");
}

TEST(hidden_phrases_are_found) {
  std::mt19937 random(5);
  for (int round = 0; round < 300; ++round) {
    Columns columns;
    std::set<std::vector<Unit>> seen;
    for (std::size_t i = random() % 12; i > 0; --i) {
      const std::vector<Unit> units = random_units(random, 6, 2);
      if (seen.insert(units).second)
        columns.add(units, 1.0, static_cast<double>(random() % 20) - 10);
    }
    Options options;
    options.num_units = 2;
    const PhraseTable table = columns.table();
    const Hidden hidden = find_hidden(table, options);
    for (std::size_t i = 0; i < table.num_phrases; ++i) {
      const std::vector<Unit> inner = columns.phrase(i);
      const auto worth = [&](std::size_t k) {
        return static_cast<double>(columns.phrase(k).size()) + columns.word_bias[k];
      };
      bool wanted = false;
      for (std::size_t k = 0; k < table.num_phrases; ++k) {
        const std::vector<Unit> outer = columns.phrase(k);
        wanted |=
            k != i && worth(k) < worth(i) &&
            std::search(outer.begin(), outer.end(), inner.begin(), inner.end()) != outer.end();
      }
      CHECK((hidden.by[i] >= 0) == wanted);
      if (hidden.by[i] < 0) continue;
      const auto by = static_cast<std::size_t>(hidden.by[i]);
      const std::vector<Unit> outer = columns.phrase(by);
      CHECK(worth(by) < worth(i));
      CHECK(std::equal(inner.begin(), inner.end(), outer.begin() + hidden.at[i]));
    }
  }
}

TEST(texts_are_cut_into_words_in_every_way) {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    Texts words;
    words.offsets = {0};
    std::map<std::u32string, std::int32_t> ids;
    std::vector<std::int32_t> numbers;
    for (int i = 0; i < 6; ++i) {
      std::u32string word(1 + random() % 3, U'a');
      for (char32_t& letter : word) letter = random() % 2 ? U'a' : U'b';
      if (!ids.emplace(word, 10 + i).second) continue;
      numbers.push_back(10 + i);
      words.characters += word;
      words.offsets.push_back(static_cast<std::int64_t>(words.characters.size()));
    }
    std::u32string text(random() % 9, U'a');
    for (char32_t& letter : text) letter = random() % 2 ? U'a' : U'b';
    // Every way, by which of the places between letters are cut: fewest words first, then the
    // shorter first words.
    std::vector<std::pair<std::vector<std::size_t>, std::vector<std::int32_t>>> all;
    for (unsigned cuts = 0; !text.empty() && cuts < 1u << (text.size() - 1); ++cuts) {
      std::vector<std::size_t> ends;
      std::vector<std::int32_t> way;
      std::size_t start = 0;
      bool known = true;
      for (std::size_t end = 1; end <= text.size(); ++end) {
        if (end < text.size() && ((cuts >> (end - 1)) & 1) == 0) continue;
        const auto at = ids.find(text.substr(start, end - start));
        known = known && at != ids.end();
        way.push_back(known ? at->second : -1);
        ends.push_back(end);
        start = end;
      }
      if (known) all.emplace_back(ends, way);
    }
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
      return a.first.size() != b.first.size() ? a.first.size() < b.first.size() : a.first < b.first;
    });
    const std::size_t most = 1 + random() % 6;
    Texts texts;
    texts.characters = text;
    texts.offsets = {0, static_cast<std::int64_t>(text.size())};
    const Ways ways = WordSplitter(words, numbers).split(texts, most);
    std::vector<std::int32_t> wanted;
    for (std::size_t i = 0; i < std::min(most, all.size()); ++i)
      wanted.insert(wanted.end(), all[i].second.begin(), all[i].second.end());
    CHECK(ways.words == wanted);
    CHECK(ways.sizes.size() == std::min(most, all.size()));
    CHECK(ways.cut.empty() == (all.size() <= most));
  }
  CHECK_THROWS(check_texts({U"ab", {0, 1}}), "do not belong to the characters");
  CHECK_THROWS(WordSplitter({U"ab", {0, 2}}, {}), "ids do not belong to the words");
}

// Words that begin with a unit that brings its boundary: the hardest case of the fallbacks.
TEST(a_transducer_costs_what_the_automaton_gives) {
  std::mt19937 random(11);
  for (int round = 0; round < 100; ++round) {
    Options options;
    options.num_units = 5;
    options.boundary = 4;
    options.starts_word = {true, true, false, false, false};
    std::vector<Phrase> phrases;
    for (std::size_t i = random() % 6; i > 0; --i) {
      Phrase phrase;
      phrase.units = random_units(random, 5, 4);
      phrase.bias = static_cast<double>(random() % 4) - 1;
      phrase.word_bias = static_cast<double>(random() % 9) - 4;
      phrases.push_back(phrase);
    }
    const auto automaton = Automaton::build(phrases, options);
    FstForm form;
    form.labels = {1, 2, 3, 4, 0};
    form.starts_word = options.starts_word;
    form.boundary = 4;
    form.max_arcs = 100000;
    form.phi = round % 2 == 0 ? 0 : 9;
    const tlg::fst::Fst fst = to_fst(*automaton, form);
    fst.check();
    for (int string = 0; string < 30; ++string) {
      const std::vector<Unit> units = random_units(random, 10, 4);
      tlg::fst::StateId state = fst.start();
      double cost = 0;
      for (const Unit unit : units) {
        for (bool read = false; !read;) {
          const auto with = [&](tlg::fst::Label label) {
            return std::find_if(fst.begin(state), fst.end(state),
                                [label](const tlg::fst::Arc& arc) { return arc.ilabel == label; });
          };
          const tlg::fst::Arc* arc = with(unit + 1);
          read = arc != fst.end(state);
          if (!read) arc = with(9);
          CHECK(arc != fst.end(state));
          cost += arc->weight;
          state = arc->nextstate;
        }
      }
      cost += fst.final_cost(state);
      CHECK(cost == -automaton->total(units));
    }
    form.max_arcs = 3;
    CHECK_THROWS(to_fst(*automaton, form), "more than 3 arcs");
  }
}

}  // namespace
