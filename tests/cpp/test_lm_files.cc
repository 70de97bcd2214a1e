// ARPA files: separators and numbers against their slow twins; the three ways to a trie, pieces of
// any size and threads give one result; damaged texts give a model or an error.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "check.h"
#include "lm/files/arpa.h"
#include "lm/files/model_check.h"
#include "lm/files/ngram_lists.h"
#include "util/error.h"
#include "util/number.h"
#include "util/separators.h"

using namespace tlg;
using namespace tlg::lm;

namespace {

float random_log10(std::mt19937* rng) {
  std::uint32_t bits = 0xbf000000U + (*rng)() % 0x02000000U;  // -0.5 to -8 and beyond
  if ((*rng)() % 8 == 0) bits = 0xb8000000U + (*rng)() % 0x08000000U;
  if ((*rng)() % 16 == 0) return (*rng)() % 2 ? 0.0f : kLog10Zero;
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

// Random n-grams of orders 1 to `order` with all their prefixes and suffixes.
NgramLists random_lists(std::mt19937* rng, int order, int words, int ngrams) {
  std::vector<std::set<std::vector<WordId>>> sets(static_cast<std::size_t>(order) + 1);
  for (WordId id = 0; id < static_cast<WordId>(words); ++id) sets[1].insert({id});
  for (int i = 0; i < ngrams; ++i) {
    std::vector<WordId> one;
    for (int j = 0; j < order; ++j) one.push_back((*rng)() % static_cast<unsigned>(words));
    one.resize(2 + (*rng)() % static_cast<unsigned>(order - 1));
    sets[one.size()].insert(one);
  }
  for (std::size_t k = sets.size() - 1; k > 1; --k)
    for (const std::vector<WordId>& one : sets[k]) {
      sets[k - 1].insert({one.begin(), one.end() - 1});
      sets[k - 1].insert({one.begin() + 1, one.end()});
    }
  NgramLists lists;
  lists.vocabulary = {"<unk>", "<s>", "</s>"};
  for (int i = 3; i < words; ++i)
    lists.vocabulary.push_back(i % 5 ? "w" + std::to_string(i)
                                     : std::string(14 + i % 4, 'a') + std::to_string(i));
  for (int k = 1; k <= order; ++k) {
    lists.orders.emplace_back();
    NgramList& list = lists.orders.back();
    for (const std::vector<WordId>& one : sets[static_cast<std::size_t>(k)]) {
      list.words.insert(list.words.end(), one.begin(), one.end());
      list.log10_prob.push_back(random_log10(rng));
      if (k < order) list.log10_backoff.push_back(random_log10(rng) / 4);
    }
  }
  return lists;
}

enum class Order { kSuffix, kPrefix, kRandom };

// The text with the n-grams of each section in another order.
std::string reordered(const std::string& text, Order order, const std::vector<std::string>& words,
                      std::mt19937* rng) {
  const auto rank = [&](const std::string& word) {
    return std::find(words.begin(), words.end(), word) - words.begin();
  };
  std::string out;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = text.find('\n', at) + 1;
    const std::string line = text.substr(at, end - at);
    at = end;
    out += line;
    if (line.find("-grams:") == std::string::npos || line[1] == '1') continue;
    std::vector<std::pair<std::vector<std::ptrdiff_t>, std::string>> ngrams;
    for (std::size_t stop; (stop = text.find('\n', at) + 1) > at + 1; at = stop) {
      const std::string ngram = text.substr(at, stop - at);
      std::vector<std::ptrdiff_t> key;
      std::size_t begin = ngram.find('\t') + 1;
      const std::size_t last = ngram.find_first_of("\t\n", begin);
      while (begin < last) {
        const std::size_t blank = std::min(ngram.find(' ', begin), last);
        key.push_back(rank(ngram.substr(begin, blank - begin)));
        begin = blank + 1;
      }
      if (order == Order::kSuffix) std::reverse(key.begin(), key.end());
      ngrams.emplace_back(key, ngram);
    }
    if (order == Order::kRandom)
      std::shuffle(ngrams.begin(), ngrams.end(), *rng);
    else
      std::sort(ngrams.begin(), ngrams.end());
    for (const auto& one : ngrams) out += one.second;
  }
  return out;
}

template <typename T>
bool same(const util::Array<T>& a, const util::Array<T>& b) {
  return a.size() == b.size() &&
         (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

bool same(const NgramTrie& a, const NgramTrie& b) {
  if (a.vocabulary != b.vocabulary || a.order() != b.order() || a.bos != b.bos || a.eos != b.eos ||
      a.unk != b.unk)
    return false;
  for (int k = 1; k <= a.order(); ++k) {
    const NgramLevel &x = a.level(k), &y = b.level(k);
    if (!same(x.word, y.word) || !same(x.context, y.context) ||
        !same(x.first_child, y.first_child) || !same(x.log10_prob, y.log10_prob) ||
        !same(x.log10_backoff, y.log10_backoff))
      return false;
  }
  return true;
}

}  // namespace

TEST(lm_separators_equal_their_slow_twin) {
  std::mt19937 rng(3);
  for (int i = 0; i < 300; ++i) {
    std::string text(rng() % 400, 'x');
    for (char& c : text) c = static_cast<char>(rng() % (i % 2 ? 256 : 40));
    std::vector<std::uint32_t> fast(text.size() + 64), slow(text.size() + 64);
    fast.resize(util::find_separators(text.data(), text.size(), fast.data()));
    slow.resize(util::find_separators_slowly(text.data(), text.size(), slow.data()));
    CHECK(fast == slow);
  }
}

TEST(lm_padded_numbers_equal_the_slow_ones) {
  std::mt19937 rng(4);
  const char letters[] = "0123456789.-+e \t,inf";
  for (int i = 0; i < 200000; ++i) {
    std::string text;
    if (i % 2) {
      for (std::size_t j = rng() % 12; j > 0; --j) text += letters[rng() % (sizeof letters - 1)];
    } else {
      text = (rng() % 2 ? "-" : "") + std::to_string(rng() % (i % 4 ? 10 : 200)) + "." +
             std::to_string(rng()).substr(0, 1 + rng() % 9) + (i % 8 ? "" : std::to_string(rng()));
    }
    std::string padded = text + std::string(24, static_cast<char>('0' + rng() % 12));
    padded.shrink_to_fit();
    float fast = 0, slow = 0;
    const bool fast_good = parse_padded_float(padded.data(), text.size(), &fast);
    CHECK(fast_good == parse_float(text, &slow));
    if (fast_good && !std::isnan(slow)) CHECK(fast == slow);
  }
}

TEST(lm_numbers_are_written_without_exponents) {
  std::mt19937 rng(5);
  for (int i = 0; i < 100000; ++i) {
    const std::uint32_t bits = rng();
    float value, back = 1;
    std::memcpy(&value, &bits, sizeof value);
    if (!std::isfinite(value)) continue;
    char text[kFloatRoom];
    const std::string_view written(text,
                                   static_cast<std::size_t>(format_float(text, value) - text));
    CHECK(written.find('e') == std::string_view::npos);
    CHECK(parse_float(written, &back) && back == value);
  }
}

TEST(lm_all_ways_to_a_trie_give_the_same) {
  std::mt19937 rng(6);
  for (int round = 0; round < 30; ++round) {
    NgramLists lists = random_lists(&rng, 2 + round % 4, 5 + round, 1 + round * 12);
    const NgramTrie trie = make_trie(&lists);
    check(trie);
    CHECK(lists.repairs.empty());
    const std::string text = write_arpa(trie);
    CHECK(write_arpa(trie, 3) == text);
    CHECK(reordered(text, Order::kSuffix, trie.vocabulary, &rng) == text);
    for (const Order order : {Order::kSuffix, Order::kPrefix, Order::kRandom})
      for (const std::size_t piece : {std::size_t{1}, std::size_t{61}, std::size_t{1} << 16}) {
        const ArpaFile file =
            read_arpa(reordered(text, order, trie.vocabulary, &rng), "lm.arpa", piece);
        CHECK(file.repairs.empty() && same(file.trie, trie));
      }
  }
}

// What the closing of a model adds and drops does not depend on the order of the file.
TEST(lm_missing_and_repeated_ngrams_in_any_order) {
  std::mt19937 rng(7);
  for (int round = 0; round < 30; ++round) {
    NgramLists lists = random_lists(&rng, 3 + round % 2, 12, 60);
    const std::string whole = write_arpa(make_trie(&lists));
    std::string text = whole;
    for (int i = 0; i < 3; ++i) {  // take a 2-gram out, double a 2-gram
      const std::size_t section = text.find("\\2-grams:");
      const std::size_t line = text.find('\n', section + 10 + rng() % 300) + 1;
      const std::size_t end = text.find('\n', line) + 1;
      if (end <= line + 1 || text[line] == '\\') continue;
      const std::string ngram = text.substr(line, end - line);
      text.replace(line, end - line, i == 0 ? ngram + ngram : "");
    }
    const ArpaFile first = read_arpa(text, "lm.arpa");
    check(first.trie);
    for (const Order order : {Order::kSuffix, Order::kPrefix, Order::kRandom}) {
      const ArpaFile file = read_arpa(reordered(text, order, lists.vocabulary, &rng), "lm.arpa");
      CHECK(same(file.trie, first.trie) && file.repairs == first.repairs);
    }
  }
}

TEST(lm_damaged_arpa_texts_give_a_model_or_an_error) {
  std::mt19937 rng(8);
  NgramLists lists = random_lists(&rng, 3, 30, 120);
  const NgramTrie trie = make_trie(&lists);
  const std::string text = write_arpa(trie);
  const std::string pieces[] = {"\t",  " ",         "\n",
                                "\r",  "\\",        "-",
                                "nan", "inf",       "<s>",
                                "1e9", "\\end\\",   std::string(1, '\0'),
                                "é",   "ngram 4=1", std::string(700, 'x')};
  int models = 0, errors = 0;
  for (int i = 0; i < 3000; ++i) {
    std::string damaged = reordered(text, static_cast<Order>(i % 3), trie.vocabulary, &rng);
    if (i % 2) {  // another digit, somewhere: mostly still a model
      const std::size_t digit = damaged.find_first_of("0123456789", rng() % damaged.size());
      if (digit != std::string::npos) damaged[digit] = static_cast<char>('0' + rng() % 10);
    }
    for (std::size_t j = i % 2 ? rng() % 2 : 1 + rng() % 3; j > 0; --j) {
      const std::size_t at = rng() % damaged.size();
      const std::size_t size =
          std::min<std::size_t>(rng() % 5 ? rng() % 3 : rng() % 300, damaged.size() - at);
      damaged.replace(at, size,
                      rng() % 3 ? pieces[rng() % std::size(pieces)]
                                : damaged.substr(rng() % damaged.size(), rng() % 60));
      if (damaged.empty()) damaged = "x";
    }
    try {
      const ArpaFile file = read_arpa(damaged, "lm.arpa", 1 + rng() % 5000);
      check(file.trie);
      check_sums(file.trie, 1e-3);
      CHECK(same(read_arpa(write_arpa(file.trie), "again").trie, file.trie));
      ++models;
    } catch (const Error& error) {
      ++errors;
      CHECK(error.file() == "lm.arpa" && error.line() > 0 && !error.remedy().empty());
    }
  }
  CHECK(models > 100 && errors > 100);
}
