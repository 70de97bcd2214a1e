// The LM core without Python: keys, counts, estimation, links, queries, numbers.
#include <cmath>
#include <cstring>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "check.h"
#include "lm/count/packed_key.h"
#include "lm/files/arpa.h"
#include "lm/query/backoff_model.h"
#include "lm/query/text_score.h"
#include "lm/smooth/smooth.h"
#include "util/number.h"
#include "util/utf8.h"

using namespace tlg;
using namespace tlg::lm;

namespace {

float parsed(const char* text) {
  float value = -1;
  return parse_float(text, &value) ? value : NAN;
}

std::string formatted(float value) {
  char text[kFloatRoom];
  return std::string(text, format_float(text, value));
}

Corpus random_corpus(std::mt19937* rng, int sentences, int words) {
  Corpus corpus;
  std::string text;
  for (int i = 0; i < sentences; ++i) {
    for (int j = static_cast<int>((*rng)() % 8); j > 0; --j)
      text += "w" + std::to_string((*rng)() % static_cast<unsigned>(words)) + " ";
    text += "\n";
  }
  corpus.add_text(text, "text", 1);
  return corpus;
}

const char kArpa[] =
    "\\data\\\nngram 1=4\nngram 2=2\n\n\\1-grams:\n-1\t<unk>\t0\n0\t<s>\t-0.5\n-0.5\t</s>\t0\n"
    "-0.75\ta\t-0.25\n\n\\2-grams:\n-0.125\t<s> a\n-0.25\ta </s>\n\n\\end\\\n";

template <int kLimbs>
void check_sorting(std::size_t count, int bits, std::size_t room) {
  std::mt19937_64 rng(count);
  std::vector<PackedKey<kLimbs>> keys(count), scratch(count);
  for (auto& key : keys) {
    key = {};
    for (int bit = 0; bit + 16 <= bits; bit += 16) key.put(bit, rng() % 65536);
  }
  auto expected = keys;
  std::sort(expected.begin(), expected.end());
  sort_keys(keys.data(), count, bits, scratch.data(), room, [](std::size_t) {});
  bool same = true;
  for (std::size_t i = 0; i < count; ++i) same = same && keys[i].limb == expected[i].limb;
  CHECK(same);
}

}  // namespace

TEST(lm_numbers_read_back_exactly) {
  std::mt19937 rng(1);
  for (int i = 0; i < 300000; ++i) {
    std::uint32_t bits = rng();
    if (i % 2) bits = 0xbf000000U + bits % 0x02000000U;  // where log10 values lie
    float value, back = 0;
    std::memcpy(&value, &bits, 4);
    if (!std::isfinite(value)) continue;
    const std::string text = formatted(value);
    CHECK(text.find('e') == std::string::npos && parse_float(text, &back) && back == value);
  }
  CHECK(formatted(-0.5f) == "-0.5" && formatted(0) == "0" && formatted(-99) == "-99");
  CHECK(parsed("1e-9") == 1e-9f && parsed("+.5") == 0.5f && parsed("-1E2") == -100);
  CHECK(parsed("-inf") == -INFINITY && std::isnan(parsed("NaN")) && parsed("1e400") == INFINITY);
  CHECK(parsed("0.000000000000000000000000000000000000000000000000001") == 0);
  CHECK(parsed("123456789012345678901234567890") == 123456789012345678901234567890.0f);
  float value;
  for (const char* bad : {"", "-", ".", "1.2.3", "1e", "0x1p1", "1,5", " 1", "1 ", "infinit"})
    CHECK(!parse_float(bad, &value));
}

TEST(lm_utf8) {
  const auto good = [](const char* text) {
    return find_invalid_utf8(text) == std::string_view::npos;
  };
  CHECK(good("") && good("a\xc3\xa9\xe4\xbd\xa0\xf0\x9f\x98\x80"));
  for (const char* bad :
       {"\x80", "\xc0\xaf", "\xc3", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff"})
    CHECK(find_invalid_utf8(bad) == 0);
}

TEST(lm_packed_keys_sort) {
  for (const std::size_t count : {1, 399, 400, 5000}) {
    for (const std::size_t room : {count, std::size_t{1000}, std::size_t{0}}) {
      check_sorting<1>(count, 64, room);
      check_sorting<2>(count, 112, room);
      check_sorting<5>(count, 288, room);
    }
  }
  PackedKey<3> key{};
  for (int i = 0; i < 6; ++i) key.put(i * 29, static_cast<std::uint64_t>(i) * 89478485 % 536870911);
  for (int i = 0; i < 6; ++i)
    CHECK(key.get(i * 29, 29) == static_cast<std::uint64_t>(i) * 89478485 % 536870911);
  key.shift_right(29);
  CHECK(key.get(0, 29) == 89478485 && key.get(5 * 29, 29) == 0);
}

// Every key width gives the counts that sets and maps give.
TEST(lm_counts_equal_naive_counts) {
  std::mt19937 rng(7);
  for (int round = 0; round < 60; ++round) {
    const int order = 1 + round % 9;
    Corpus corpus = random_corpus(&rng, 30, round % 4 == 0 ? 70000 : 4);
    std::map<std::vector<WordId>, std::uint32_t> occurs;
    std::map<std::vector<WordId>, std::set<WordId>> left;
    for (const auto& block : corpus.blocks()) {
      std::vector<WordId> sentence = {kBosId};
      for (const WordId word : block) {
        sentence.push_back(word);
        for (int k = 1; k <= order && k <= static_cast<int>(sentence.size()); ++k) {
          const std::vector<WordId> ngram(sentence.end() - k, sentence.end());
          ++occurs[ngram];
          if (static_cast<int>(sentence.size()) > k)
            left[ngram].insert(sentence[sentence.size() - k - 1]);
        }
        if (word == kEosId) sentence = {kBosId};
      }
    }
    const CountTrie trie = count_ngrams(&corpus, order);
    const auto raw = raw_counts(trie);
    std::size_t nodes = 0;
    std::vector<std::vector<WordId>> above;  // the n-grams of the order before
    for (int k = 1; k <= order; ++k) {
      const CountLevel& level = trie.levels[k - 1];
      std::vector<std::vector<WordId>> ngrams;
      if (k == 1) {
        for (WordId word = 0; word < level.count.size(); ++word) ngrams.push_back({word});
      } else {
        const auto& first = trie.levels[k - 2].first_child;
        CHECK(first.size() == above.size() + 1 && first.back() == level.word.size());
        for (std::size_t parent = 0; parent + 1 < first.size(); ++parent)
          for (std::uint32_t node = first[parent]; node < first[parent + 1]; ++node) {
            std::vector<WordId> ngram = {level.word[node]};
            ngram.insert(ngram.end(), above[parent].begin(), above[parent].end());
            ngrams.push_back(ngram);
          }
      }
      for (std::size_t node = 0; node < ngrams.size(); ++node) {
        const auto& ngram = ngrams[node];
        if (!occurs.count(ngram)) {
          CHECK(k == 1 && level.count[node] == 0);
          continue;
        }
        ++nodes;
        const bool plain = k == order || ngram[0] == kBosId;
        CHECK(level.count[node] == (plain ? occurs[ngram] : left[ngram].size()));
        CHECK(raw[k - 1][node] == occurs[ngram]);
      }
      above = ngrams;
    }
    CHECK(nodes == occurs.size());
  }
}

TEST(lm_training_gives_a_closed_trie_in_suffix_order) {
  std::mt19937 rng(3);
  for (int round = 0; round < 20; ++round) {
    Corpus corpus = random_corpus(&rng, 40, 6);
    SmoothingOptions options;
    if (round % 2) options.prune = {0, 1};
    const TrainedModel trained = train(&corpus, 2 + round % 4, options);
    check(trained.trie);
    const ArpaFile back = read_arpa(write_arpa(trained.trie), "lm.arpa");
    CHECK(back.repairs.empty());
    check(back.trie);
  }
}

TEST(lm_walk_gives_the_words_of_every_ngram) {
  std::mt19937 rng(4);
  Corpus corpus = random_corpus(&rng, 60, 5);
  const NgramTrie trie = train(&corpus, 4, {}).trie;
  for (int k = 1; k <= 4; ++k) {
    std::vector<WordId> before;
    std::size_t seen = 0;
    for (LevelWalk at(trie, k); !at.done(); at.next(), ++seen) {
      CHECK(at.node() == seen);
      std::vector<WordId> reversed(at.words(), at.words() + k);
      std::reverse(reversed.begin(), reversed.end());
      CHECK(before < reversed);
      before = reversed;
      if (k < 2) continue;
      LevelWalk parent(trie, k - 1), context(trie, k - 1);
      while (parent.node() != at.parent()) parent.next();
      while (context.node() != trie.level(k).context[at.node()]) context.next();
      CHECK(std::equal(at.words() + 1, at.words() + k, parent.words()));
      CHECK(std::equal(at.words(), at.words() + k - 1, context.words()));
    }
    CHECK(seen == trie.level(k).size());
  }
}

TEST(lm_file_in_any_order_becomes_a_closed_trie) {
  const std::string sections[] = {
      "\\1-grams:\n-1 <unk> 0\n0 <s> -.5\n-.5 </s>\n-.7 b -.2\n-.8 a -.3\n",
      "\\2-grams:\n-.1 b a -.1\n-.2 <s> b 0\n-.3 a b -.6\n",
      "\\3-grams:\n-.01 b a b\n-.02 <s> b a\n-.03 a a b\n"};
  const ArpaFile file = read_arpa("\\data\\\nngram 1=5\nngram 2=3\nngram 3=3\n\n" + sections[0] +
                                      "\n" + sections[1] + "\n" + sections[2] + "\n\\end\\\n",
                                  "lm.arpa");
  check(file.trie);
  CHECK(file.trie.level(2).size() == 4);  // "a a" was made
  LevelWalk at(file.trie, 3);             // the last words have the ids of b, b, a
  CHECK(file.trie.vocabulary[at.words()[0]] == "b" && file.trie.level(3).log10_prob[0] == -.01f);
}

TEST(lm_states_score_as_backing_off_does) {
  const BackoffModel model(read_arpa(kArpa, "lm.arpa").trie);
  const float nats = std::log(10.0f);
  const WordId a = model.find("a");
  LmState state = model.start(), end;
  CHECK(std::fabs(model.score(state, a, &state) - -0.125f * nats) < 1e-6f);
  CHECK(std::fabs(model.finish(state) - -0.25f * nats) < 1e-6f);
  CHECK(std::fabs(model.score(state, a, &end) - -1.0f * nats) < 1e-6f);
  CHECK(end == state);  // "<s> a" and "a a" leave the same context, "a"
  CHECK(std::fabs(model.score(state, kNoWord, &end) - -1.25f * nats) < 1e-6f);
  CHECK(end == LmState() && end != state);
  CHECK(model.find("<unk>") == kNoWord && model.find("b") == kNoWord);
}

TEST(lm_arpa_text_round_trip_in_pieces) {
  std::mt19937 rng(5);
  Corpus corpus = random_corpus(&rng, 60000, 3000);
  const TrainedModel trained = train(&corpus, 3, {});
  const std::string text = write_arpa(trained.trie);
  CHECK(text.size() > (std::size_t{8} << 20));  // several pieces
  const ArpaFile back = read_arpa(text, "lm.arpa");
  CHECK(back.repairs.empty() && back.trie.vocabulary == trained.trie.vocabulary);
  const auto same = [](const auto& a, const auto& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  };
  for (int k = 1; k <= 3; ++k) {
    const NgramLevel &x = back.trie.level(k), &y = trained.trie.level(k);
    CHECK(same(x.word, y.word) && same(x.context, y.context) && same(x.first_child, y.first_child));
    CHECK(same(x.log10_prob, y.log10_prob) && same(x.log10_backoff, y.log10_backoff));
  }
}

TEST(lm_refusals_name_the_line) {
  CHECK_THROWS(read_arpa("", "lm.arpa"), "lm.arpa:1: the file is empty");
  CHECK_THROWS(read_arpa("\\data\\\nngram 1=1\n\n\\1-grams:\nx a\n", "lm.arpa"), "lm.arpa:5: ");
  Corpus corpus;
  CHECK_THROWS(corpus.add_text("a\nb </s>\n", "text.txt", 7), "text.txt:8: '</s>' is reserved");
  CHECK_THROWS(corpus.add_text("\xff", "text.txt", 1), "text.txt:1: not UTF-8");
  Corpus empty;
  CHECK_THROWS(train(&empty, 3, {}), "the text is empty");
  CHECK_THROWS(train(&empty, 10, {}), "not from 1 to 9");
}

// Cut and damaged at every byte: a model or an Error, under the sanitizers.
TEST(lm_arpa_reader_survives_damage) {
  const std::string whole = kArpa;
  const std::string bytes("\0\t\n\r \\-9ae.<\xff", 14);
  for (std::size_t at = 0; at <= whole.size(); ++at) {
    std::vector<std::string> damaged = {whole.substr(0, at), whole.substr(at)};
    for (const char byte : bytes) {
      damaged.push_back(whole.substr(0, at) + byte + whole.substr(at));
      if (at < whole.size()) damaged.push_back(whole.substr(0, at) + byte + whole.substr(at + 1));
    }
    for (const std::string& text : damaged) {
      try {
        // A copy of exactly this size, so that reading past its end is seen.
        const std::vector<char> exact(text.begin(), text.end());
        const ArpaFile file = read_arpa({exact.data(), exact.size()}, "lm.arpa");
        check(file.trie);
        const BackoffModel model(file.trie);
        CHECK(score_tokens(model, {"a", "b"}).size() == 3);
      } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::kArpa && error.line() > 0);
      }
    }
  }
}
