#include "graph/lexicon.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "util/error.h"
#include "util/number.h"
#include "util/utf8.h"

namespace tlg::graph {
namespace {

using TokenIds = std::unordered_map<std::string_view, std::uint32_t>;

// Longer ones are no words; trees are walked by recursion, one call a unit.
constexpr std::uint32_t kMostUnits = 1000;
constexpr const char* kReserved[] = {"<eps>", "#0", "<s>", "</s>"};

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\v' || c == '\f' || c == '\r'; }

// The next field of the line, empty at its end.
std::string_view next_field(std::string_view& line) {
  std::size_t begin = 0;
  while (begin < line.size() && is_space(line[begin])) ++begin;
  std::size_t end = begin;
  while (end < line.size() && !is_space(line[end])) ++end;
  const std::string_view field = line.substr(begin, end - begin);
  line.remove_prefix(end);
  return field;
}

// Whether the field is a number, if it looks like one ("inf" and "nan" are words).
bool parse_number(std::string_view field, float* value) {
  return field.find_first_of("0123456789") != std::string_view::npos && parse_float(field, value);
}

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

class Parser {
 public:
  Parser(const std::string& name, const Tokens& tokens, const LexiconOptions& options)
      : name_(name), tokens_(tokens), options_(options) {
    ids_.reserve(tokens.symbols.size());
    for (std::size_t i = 0; i < tokens.symbols.size(); ++i)
      ids_.emplace(tokens.symbols[i], static_cast<std::uint32_t>(i));
  }

  Lexicon parse(std::string_view text) {
    if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
    while (!text.empty()) {
      const std::size_t end = text.find('\n');
      std::string_view line = text.substr(0, end);
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
      ++line_;
      parse_line(line);
    }
    if (found_.empty())
      throw Error(ErrorKind::kLexicon, "has no pronunciation",
                  "Give it lines such as: word token token", name_);
    sort_words();
    sort_pronunciations();
    index_by_word();
    return std::move(lexicon_);
  }

 private:
  [[noreturn]] void fail(const std::string& what, const std::string& remedy) const {
    throw Error(ErrorKind::kLexicon, what, remedy, name_, static_cast<std::int64_t>(line_));
  }

  void parse_line(std::string_view line) {
    if (find_invalid_utf8(line) != std::string_view::npos)
      fail("not UTF-8", "Convert the lexicon to UTF-8");
    const std::string_view word = next_field(line);
    if (word.empty()) return;
    for (const char* reserved : kReserved)
      if (word == reserved)
        fail("the word " + quoted(word) + " is reserved", "Remove the line or rename the word");
    Pronunciation p{word_id(word), static_cast<std::uint32_t>(lexicon_.units.size()), 0, 0.0f,
                    line_};
    bool first = true;
    for (std::string_view field = next_field(line); !field.empty();
         field = next_field(line), first = false) {
      const auto token = ids_.find(field);
      if (token == ids_.end()) {
        float probability = 0.0f;
        if (first && options_.probabilities && parse_number(field, &probability)) {
          set_probability(p, field, probability);
          continue;
        }
        unknown_token(word, field);
        lexicon_.units.resize(p.begin);
        return;
      }
      if (static_cast<std::int64_t>(token->second) == tokens_.blank)
        fail("the pronunciation of " + quoted(word) + " contains the blank " + quoted(field),
             "Remove it: the decoder puts blanks where they belong");
      lexicon_.units.push_back(static_cast<fst::Label>(token->second) + 1);
      if (++p.length > kMostUnits)
        fail("the pronunciation of " + quoted(word) + " has more than " +
                 std::to_string(kMostUnits) + " tokens",
             "Is it a lexicon? Write one word a line");
    }
    lexicon_.pronunciations.push_back(p);
    found_[p.word] = true;
  }

  void set_probability(Pronunciation& p, std::string_view field, float value) {
    if (!(value > 0.0f && value <= 1.0f))
      fail("the probability " + quoted(field) + " is not above 0 and up to 1",
           "Correct it; if it is a token, add it to the tokens");
    p.cost = static_cast<float>(-std::log(value)) + 0.0f;  // no -0
    lexicon_.has_probabilities = true;
  }

  void unknown_token(std::string_view word, std::string_view token) {
    const std::string what = "token " + quoted(token) + " is not among the " +
                             std::to_string(tokens_.symbols.size()) + " tokens";
    if (!options_.drop_unknown)
      fail(what, "Add it, or pass drop_unknown=True (--drop-unknown) to skip the pronunciation");
    lexicon_.dropped.push_back("line " + std::to_string(line_) + ": " + std::string(word) + ": " +
                               what);
  }

  std::uint32_t word_id(std::string_view word) {
    const auto [place, added] = words_.emplace(word, static_cast<std::uint32_t>(words_.size()));
    if (added) names_.push_back(word);
    if (names_.size() > found_.size()) found_.push_back(false);
    return place->second;
  }

  // Sorts the words and renumbers them; words whose pronunciations were all dropped go.
  void sort_words() {
    std::vector<std::uint32_t> order;
    for (std::uint32_t i = 0; i < names_.size(); ++i)
      if (found_[i]) order.push_back(i);
    if (order.empty())
      throw Error(ErrorKind::kLexicon, "no pronunciation has known tokens only",
                  "Check that lexicon and tokens belong together", name_);
    std::sort(order.begin(), order.end(), [this](auto a, auto b) { return names_[a] < names_[b]; });
    std::vector<std::uint32_t> place(names_.size(), 0);
    lexicon_.words.reserve(order.size());
    for (const std::uint32_t i : order) {
      place[i] = static_cast<std::uint32_t>(lexicon_.words.size());
      lexicon_.words.emplace_back(names_[i]);
    }
    for (Pronunciation& p : lexicon_.pronunciations) p.word = place[p.word];
  }

  void index_by_word() {
    std::vector<std::uint32_t>& first = lexicon_.first_of;
    first.assign(lexicon_.words.size() + 2, 0);
    for (const Pronunciation& p : lexicon_.pronunciations) ++first[p.word + 2];
    for (std::size_t word = 2; word < first.size(); ++word) first[word] += first[word - 1];
    lexicon_.by_word.resize(lexicon_.pronunciations.size());
    // first[w + 1] runs from where word w begins to where it ends.
    for (std::uint32_t i = 0; i < lexicon_.pronunciations.size(); ++i)
      lexicon_.by_word[first[lexicon_.pronunciations[i].word + 1]++] = i;
    first.pop_back();
  }

  // Sorts by (units, word) and keeps the likeliest of equal ones.
  void sort_pronunciations() {
    const std::vector<fst::Label>& units = lexicon_.units;
    const auto compare = [&units](const Pronunciation& a, const Pronunciation& b) {
      const fst::Label *x = units.data() + a.begin, *y = units.data() + b.begin;
      const auto [i, j] = std::mismatch(x, x + std::min(a.length, b.length), y);
      if (i != x + std::min(a.length, b.length)) return *i < *j ? -1 : 1;
      if (a.length != b.length) return a.length < b.length ? -1 : 1;
      return a.word != b.word ? (a.word < b.word ? -1 : 1) : 0;
    };
    auto& all = lexicon_.pronunciations;
    std::sort(all.begin(), all.end(), [&](const Pronunciation& a, const Pronunciation& b) {
      const int order = compare(a, b);
      if (order != 0) return order < 0;
      return a.cost != b.cost ? a.cost < b.cost : a.line < b.line;
    });
    std::vector<Pronunciation> doubles;
    std::size_t kept = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (kept > 0 && compare(all[kept - 1], all[i]) == 0)
        doubles.push_back(all[i]);
      else
        all[kept++] = all[i];
    }
    all.resize(kept);
    std::sort(doubles.begin(), doubles.end(), [](auto& a, auto& b) { return a.line < b.line; });
    for (const Pronunciation& p : doubles)
      lexicon_.duplicates.push_back("line " + std::to_string(p.line) + ": " +
                                    lexicon_.words[p.word]);
    flatten_units();
  }

  // Lays the units out in the order of the pronunciations: builders walk both together.
  void flatten_units() {
    std::vector<fst::Label> flat;
    flat.reserve(lexicon_.units.size());
    for (Pronunciation& p : lexicon_.pronunciations) {
      const auto begin = static_cast<std::uint32_t>(flat.size());
      flat.insert(flat.end(), lexicon_.begin(p), lexicon_.begin(p) + p.length);
      p.begin = begin;
    }
    lexicon_.units = std::move(flat);
  }

  const std::string& name_;
  const Tokens& tokens_;
  const LexiconOptions& options_;
  TokenIds ids_;
  TokenIds words_;
  std::vector<std::string_view> names_;
  std::vector<bool> found_;  // by word: has a pronunciation
  std::uint32_t line_ = 0;
  Lexicon lexicon_;
};

std::vector<std::uint32_t> by_word(const Lexicon& lexicon) {
  std::vector<std::uint32_t> order(lexicon.pronunciations.size());
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) {
    return lexicon.pronunciations[a].word < lexicon.pronunciations[b].word;
  });
  return order;
}

}  // namespace

Lexicon parse_lexicon(std::string_view text, const std::string& name, const Tokens& tokens,
                      const LexiconOptions& options) {
  return Parser(name, tokens, options).parse(text);
}

std::string format_lexicon(const Lexicon& lexicon, const Tokens& tokens) {
  std::unordered_map<std::string_view, bool> symbols;
  for (const std::string& symbol : tokens.symbols) symbols.emplace(symbol, true);
  std::string text;
  for (const std::uint32_t i : by_word(lexicon)) {
    const Pronunciation& p = lexicon.pronunciations[i];
    text += lexicon.words[p.word];
    if (lexicon.has_probabilities) {
      char number[kFloatRoom];
      std::string probability(number, format_float(number, std::exp(-p.cost)));
      if (probability == "1") probability = "1.0";
      while (symbols.count(probability) != 0) probability += '0';
      text += ' ';
      text += probability;
    }
    for (std::uint32_t k = 0; k < p.length; ++k) {
      text += ' ';
      text += tokens.symbols[static_cast<std::size_t>(lexicon.begin(p)[k] - 1)];
    }
    text += '\n';
  }
  return text;
}

std::vector<std::vector<fst::Label>> pronunciations_of(const Lexicon& lexicon,
                                                       std::string_view word) {
  std::vector<std::vector<fst::Label>> found;
  const auto place = std::lower_bound(lexicon.words.begin(), lexicon.words.end(), word);
  if (place == lexicon.words.end() || *place != word) return found;
  const auto id = static_cast<std::size_t>(place - lexicon.words.begin());
  for (std::uint32_t i = lexicon.first_of[id]; i < lexicon.first_of[id + 1]; ++i) {
    const Pronunciation& p = lexicon.pronunciations[lexicon.by_word[i]];
    found.emplace_back(lexicon.begin(p), lexicon.begin(p) + p.length);
  }
  return found;
}

}  // namespace tlg::graph
