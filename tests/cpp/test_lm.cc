// The LM core without Python: keys, counts, estimation, links, queries, numbers.
#include <cmath>
#include <cstring>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "check.h"
#include "lm/kneser_ney.h"
#include "lm/model.h"
#include "lm/packed_key.h"
#include "lm/text_score.h"
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
  char text[32];
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
void check_sorting(std::size_t count, int bits) {
  std::mt19937_64 rng(count);
  std::vector<PackedKey<kLimbs>> keys(count), scratch(count);
  for (auto& key : keys) {
    key = {};
    for (int bit = 0; bit + 16 <= bits; bit += 16) key.put(bit, rng() % 65536);
  }
  auto expected = keys;
  std::sort(expected.begin(), expected.end());
  sort_keys(keys.data(), count, bits, scratch.data());
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
    CHECK(text.size() <= 16 && parse_float(text, &back) && back == value);
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
    check_sorting<1>(count, 64);
    check_sorting<2>(count, 112);
    check_sorting<5>(count, 288);
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
    const SuffixTrie trie = count_ngrams(&corpus, order);
    const auto raw = raw_counts(trie);
    std::size_t nodes = 0;
    std::vector<std::vector<WordId>> above;  // the n-grams of the order before
    for (int k = 1; k <= order; ++k) {
      const TrieLevel& level = trie.levels[k - 1];
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

TEST(lm_training_links_are_those_of_closing) {
  std::mt19937 rng(3);
  for (int round = 0; round < 20; ++round) {
    Corpus corpus = random_corpus(&rng, 40, 6);
    KneserNeyOptions options;
    if (round % 2) options.prune = {0, 1};
    TrainedModel trained = train_kneser_ney(&corpus, 2 + round % 4, options);
    const NgramLinks links = close_and_link(&trained.arpa);
    CHECK(trained.arpa.repairs.empty());
    CHECK(links.prefix == trained.links.prefix && links.suffix == trained.links.suffix);
  }
}

TEST(lm_states_score_as_backing_off_does) {
  NgramLinks links;
  const ArpaModel arpa = read_arpa(kArpa, "lm.arpa", &links);
  const BackoffModel model(arpa, links);
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
  const TrainedModel trained = train_kneser_ney(&corpus, 3, {});
  const std::string text = write_arpa(trained.arpa);
  CHECK(text.size() > (std::size_t{8} << 20));  // several pieces
  const ArpaModel back = read_arpa(text, "lm.arpa");
  CHECK(back.repairs.empty() && back.vocabulary == trained.arpa.vocabulary);
  for (int k = 0; k < 3; ++k) {
    CHECK(back.orders[k].words == trained.arpa.orders[k].words);
    CHECK(back.orders[k].log10_prob == trained.arpa.orders[k].log10_prob);
    CHECK(back.orders[k].log10_backoff == trained.arpa.orders[k].log10_backoff);
  }
}

TEST(lm_refusals_name_the_line) {
  CHECK_THROWS(read_arpa("", "lm.arpa"), "lm.arpa:1: the file is empty");
  CHECK_THROWS(read_arpa("\\data\\\nngram 1=1\n\n\\1-grams:\nx a\n", "lm.arpa"), "lm.arpa:5: ");
  Corpus corpus;
  CHECK_THROWS(corpus.add_text("a\nb </s>\n", "text.txt", 7), "text.txt:8: '</s>' is reserved");
  CHECK_THROWS(corpus.add_text("\xff", "text.txt", 1), "text.txt:1: not UTF-8");
  Corpus empty;
  CHECK_THROWS(train_kneser_ney(&empty, 3, {}), "the text is empty");
  CHECK_THROWS(train_kneser_ney(&empty, 10, {}), "not from 1 to 9");
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
        NgramLinks links;
        const ArpaModel arpa = read_arpa({exact.data(), exact.size()}, "lm.arpa", &links);
        const BackoffModel model(arpa, links);
        CHECK(score_tokens(model, {"a", "b"}).size() == 3);
      } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::kArpa && error.line() > 0);
      }
    }
  }
}
