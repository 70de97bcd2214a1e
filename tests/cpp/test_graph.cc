// Lexicon, grammar, LG and T o LG under the sanitizers: sizes and shapes that can be counted by
// hand, and random lexicons. That the graphs say the right thing is tested against twins in Python.
#include <random>
#include <string>

#include "check.h"
#include "fst/ops.h"
#include "graph/grammar.h"
#include "graph/lexicon.h"
#include "graph/lg.h"
#include "graph/topology.h"
#include "lm/files/arpa.h"

namespace {

using namespace tlg::graph;  // NOLINT: this file speaks of nothing else

const Tokens kTokens{{"<blk>", "x", "y", "z", "1"}, 0};

const char* const kBigram =
    "\\data\\\nngram 1=4\nngram 2=2\n\n\\1-grams:\n-99\t<s>\t-0.3\n-0.7\t</s>\n-0.5\ta\t-0.25\n"
    "-0.6\tb\t-0.1\n\n\\2-grams:\n-0.4\t<s> a\n-0.3\ta b\n\n\\end\\\n";

Lexicon lexicon(const std::string& text) { return parse_lexicon(text, "lex", kTokens, {}); }

Grammar grammar(const Lexicon& words, const std::string& arpa = kBigram) {
  const tlg::lm::ArpaFile model = tlg::lm::read_arpa(arpa, "lm");
  return build_grammar(model.trie, model.repairs, words, {}, "lm");
}

void check_lg(const LexiconGraph& lg) {
  lg.fst.check();
  CHECK(tlg::fst::find_input_epsilon_cycle(lg.fst) == tlg::fst::kNoState);
  CHECK(tlg::fst::connect(lg.fst).num_states() == lg.fst.num_states());
}

}  // namespace

TEST(lexicon_lines) {
  const Lexicon read = lexicon(
      "\xEF\xBB\xBF"
      "b 0.5 x y\r\n\na\tz\nb z\na z\na 1 x\n");
  CHECK(read.words == (std::vector<std::string>{"a", "b"}));
  CHECK(read.pronunciations.size() == 4);
  CHECK(read.duplicates == (std::vector<std::string>{"line 5: a"}));
  CHECK(pronunciations_of(read, "a").size() == 2);
  CHECK(lexicon(format_lexicon(read, kTokens)).units == read.units);
  CHECK_THROWS(lexicon("a x\nb q\n"), "lex:2: token 'q' is not among the 5 tokens");
  CHECK_THROWS(lexicon("a <blk>\n"), "contains the blank");
  CHECK_THROWS(lexicon("a \xff\n"), "lex:1: not UTF-8");
  CHECK_THROWS(lexicon("a 2 x\n"), "probability '2'");
  CHECK_THROWS(lexicon(" \n"), "has no pronunciation");
}

TEST(grammar_is_counted_by_hand) {
  // Histories: empty, <s>, a (says b), b (only backs off: removed).
  const Grammar made = grammar(lexicon("a x\nb y\n"));
  CHECK(made.num_states() == 3);
  CHECK(made.arcs.size() == 4);
  CHECK(made.report.backoff_only_states == 2);  // b and </s>
  CHECK(made.backoff[static_cast<std::size_t>(made.empty)] == -1);
  CHECK_THROWS(grammar(lexicon("q x\n")), "no word of the model is in the lexicon");
}

TEST(lg_is_counted_by_hand) {
  // Words of one unit: no insides, an arc for each word of each state and two backoffs.
  const LexiconGraph plain = build_lg(grammar(lexicon("a x\nb y\n")), lexicon("a x\nb y\n"), {});
  CHECK(plain.fst.num_states() == 3);
  CHECK(plain.fst.num_arcs() == 6);
  check_lg(plain);
  const LexiconGraph spaced =
      build_lg(grammar(lexicon("a x\nb y\n")), lexicon("a x\nb y\n"), {5, 0.25});
  CHECK(spaced.num_roots == 3);
  CHECK(spaced.num_separators == 2);  // nothing leads to <s>
  CHECK(spaced.fst.num_arcs() == 10);
  check_lg(spaced);
  CHECK_THROWS(build_lg(grammar(lexicon("a x\nb\n")), lexicon("a x\nb\n"), {}),
               "empty pronunciation of 'b'");
}

TEST(ctc_is_counted_by_hand) {
  // LG of one word "x" that may be repeated. Exact: (root, none), (root, x); x after x needs the
  // blank.
  tlg::fst::FstBuilder builder;
  builder.add_state(0.0f);
  builder.add_arc({2, 1, 0.5f, 0});
  const tlg::fst::Fst lg = std::move(builder).build(0);
  const tlg::fst::Fst exact = apply_ctc(lg, 1, CtcRule::kExact);
  CHECK(exact.num_states() == 2);
  CHECK(exact.num_arcs() == 4);  // blank, x; blank, x again
  const tlg::fst::Fst compact = apply_ctc(lg, 1, CtcRule::kCompact);
  CHECK(compact.num_states() == 2);
  CHECK(compact.num_arcs() == 4);  // blank, x; epsilon, x again
}

TEST(random_lexicons) {
  std::mt19937 dice(3);
  for (int round = 0; round < 300; ++round) {
    std::string text;
    for (unsigned lines = 1 + dice() % 8; lines > 0; --lines) {
      text += dice() % 2 ? "a" : "b";
      for (unsigned units = 1 + dice() % 4; units > 0; --units) text += dice() % 2 ? " x" : " y";
      text += '\n';
    }
    const Lexicon words = lexicon(text);
    const LexiconGraph lg = build_lg(grammar(words), words, {dice() % 2 ? 4 : 0, 0.5});
    check_lg(lg);
    for (const CtcRule rule : {CtcRule::kExact, CtcRule::kCompact})
      apply_ctc(lg.fst, 1, rule).check();
  }
}

TEST(mutated_lexicons) {
  std::mt19937 dice(5);
  const std::string original = "a x y z\nb 0.5 x\nb 0.25 y y\n";
  for (int round = 0; round < 5000; ++round) {
    std::string text = original;
    for (unsigned edits = 1 + dice() % 3; edits > 0; --edits)
      text[dice() % text.size()] = static_cast<char>(dice());
    try {
      CHECK(!lexicon(text).words.empty());
    } catch (const tlg::Error& error) {
      CHECK(error.kind() == tlg::ErrorKind::kLexicon);
    }
  }
}
