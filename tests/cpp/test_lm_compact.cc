// The compact trie without Python: bits, packing and unpacking, queries against the rule of ARPA
// files, codebooks, damaged files.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "check.h"
#include "lm/files/ngram_lists.h"
#include "lm/query/codebook.h"
#include "lm/query/compact_model.h"

using namespace tlg;
using namespace tlg::lm;

namespace {

using Words = std::vector<WordId>;

// A model with `order` orders, some words without meaning among them, values with few and with many
// distinct numbers, contexts without backoff, n-grams of probability 0.
NgramTrie random_trie(std::mt19937* rng, int order, unsigned vocabulary, unsigned size,
                      bool specials) {
  NgramLists lists;
  std::set<Words> ngrams;
  for (unsigned id = 0; id < vocabulary; ++id) {
    lists.vocabulary.push_back("w" + std::to_string(id));
    ngrams.insert({id});
  }
  if (specials) {
    lists.vocabulary[0] = "<unk>";
    lists.vocabulary[1] = "<s>";
    lists.vocabulary[2] = "</s>";
  }
  for (unsigned i = 0; i < size; ++i) {
    Words words(1 + (*rng)() % static_cast<unsigned>(order));
    // Low ids are frequent, so that contexts have few and many successors.
    for (WordId& word : words) word = static_cast<WordId>((*rng)() % (1 + (*rng)() % vocabulary));
    // Closed, most of the time: the lists close what is missing.
    for (std::size_t k = 1; k <= words.size(); ++k)
      if (k == words.size() || (*rng)() % 4) ngrams.insert(Words(words.begin(), words.begin() + k));
  }
  lists.orders.resize(static_cast<std::size_t>(order));
  for (const Words& words : ngrams) {
    NgramList& list = lists.orders[words.size() - 1];
    list.words.insert(list.words.end(), words.begin(), words.end());
    list.log10_prob.push_back((*rng)() % 50 == 0 ? kLog10Zero
                                                 : -static_cast<float>((*rng)() % 10000) / 1111);
    if (static_cast<int>(words.size()) < order)
      list.log10_backoff.push_back((*rng)() % 3 ? -static_cast<float>((*rng)() % 20) / 7 : 0);
  }
  NgramTrie trie = make_trie(&lists);
  name_specials(&trie);
  return trie;
}

bool same_array(const util::Array<float>& a, const util::Array<float>& b) {
  return a.size() == b.size() &&
         (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0);
}

template <typename T>
bool same_array(const util::Array<T>& a, const util::Array<T>& b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin());
}

bool same(const NgramTrie& a, const NgramTrie& b) {
  bool equal = a.vocabulary == b.vocabulary && a.order() == b.order() && a.bos == b.bos &&
               a.eos == b.eos && a.unk == b.unk;
  for (int k = 1; equal && k <= a.order(); ++k) {
    const NgramLevel &x = a.level(k), &y = b.level(k);
    equal = same_array(x.word, y.word) && same_array(x.context, y.context) &&
            same_array(x.first_child, y.first_child) && same_array(x.log10_prob, y.log10_prob) &&
            same_array(x.log10_backoff, y.log10_backoff);
  }
  return equal;
}

// The rule of ARPA files: p(w | h) is the n-gram's if it is there, else backoff(h) p(w | h').
struct Rule {
  std::map<Words, std::pair<double, double>> ngrams;
  std::size_t order;

  explicit Rule(const NgramTrie& trie) : order(static_cast<std::size_t>(trie.order())) {
    for (int k = 1; k <= trie.order(); ++k)
      for (LevelWalk at(trie, k); !at.done(); at.next())
        ngrams[Words(at.words(), at.words() + k)] = {
            trie.level(k).log10_prob[at.node()],
            k < trie.order() ? trie.level(k).log10_backoff[at.node()] : 0.0};
  }
  double log10_prob(Words context, WordId word, std::size_t* hit) const {
    if (context.size() >= order) context.erase(context.begin(), context.end() - (order - 1));
    context.push_back(word);
    const auto found = ngrams.find(context);
    *hit = context.size();
    if (found != ngrams.end()) return found->second.first;
    context.pop_back();
    const auto at = ngrams.find(context);
    const double backoff = at == ngrams.end() ? 0 : at->second.second;
    context.erase(context.begin());
    return backoff + log10_prob(context, word, hit);
  }
};

void check_against_rule(const CompactModel& model, const NgramTrie& trie, std::mt19937* rng) {
  const Rule rule(trie);
  const auto words = static_cast<unsigned>(trie.vocabulary.size());
  std::map<std::uint64_t, std::vector<float>> continuations;  // of each state
  for (int text = 0; text < 60; ++text) {
    Words seen;
    LmState state;
    std::vector<WordId> batch;
    std::vector<TokenHit> expected;
    for (int i = 0; i < 30; ++i) {
      const auto word = static_cast<WordId>((*rng)() % (1 + (*rng)() % words));
      std::size_t order = 0;
      const double log10_prob = rule.log10_prob(seen, word, &order);
      const LmHit hit = model.hit(state, word);
      CHECK(std::fabs(hit.score * kLog10E - log10_prob) < 1e-4);
      CHECK(hit.order == static_cast<int>(order));
      Words ngram(seen.end() - static_cast<std::ptrdiff_t>(order - 1), seen.end());
      ngram.push_back(word);
      CHECK(hit.zero == (rule.ngrams.at(ngram).first <= kLog10Zero));
      CHECK(model.valid(hit.to));
      seen.push_back(word);
      batch.push_back(word);
      expected.push_back({hit.score, static_cast<std::uint8_t>(hit.order), hit.zero});
      state = hit.to;
      std::vector<float> scores;
      for (WordId next = 0; next < words; next += 1 + words / 7)
        scores.push_back(model.hit(state, next).score);
      CHECK(continuations.emplace(state.id, scores).first->second == scores);
    }
    const std::vector<std::uint64_t> offsets = {0, batch.size()};
    std::vector<LmState> states(1);
    std::vector<TokenHit> hits(batch.size());
    model.score_all({1, offsets.data(), batch.data(), states.data(), hits.data()});
    CHECK(states[0] == state);
    for (std::size_t i = 0; i < hits.size(); ++i)
      CHECK(hits[i].score == expected[i].score && hits[i].order == expected[i].order &&
            hits[i].zero == expected[i].zero);
  }
}

// Every state that a text can lead to lists exactly the n-grams of its context.
void check_successors(const CompactModel& model, const NgramTrie& trie) {
  for (int k = 1; k < trie.order(); ++k) {
    std::map<Words, std::vector<std::pair<WordId, float>>> expected;
    for (LevelWalk at(trie, k + 1); !at.done(); at.next())
      expected[Words(at.words(), at.words() + k)].emplace_back(
          at.words()[k], trie.level(k + 1).log10_prob[at.node()]);
    for (auto& [context, successors] : expected) {
      LmState state;
      for (const WordId word : context) state = model.hit(state, word).to;
      std::vector<std::pair<WordId, float>> found;
      model.for_each_successor(
          state, [&](WordId word, float log10_prob) { found.emplace_back(word, log10_prob); });
      std::sort(successors.begin(), successors.end());
      CHECK(found == successors);
      LmState shorter;
      for (std::size_t i = 1; i < context.size(); ++i) shorter = model.hit(shorter, context[i]).to;
      CHECK(model.suffix(state) == shorter);
    }
  }
}

std::string file_of(const CompactModel& model) {
  LmFileWriter writer(model.structure());
  model.add_to(&writer);
  std::string bytes;
  for (auto piece = writer.next(); !piece.empty(); piece = writer.next()) bytes += piece;
  return bytes;
}

// Exactly as large as the file, so that the sanitizer sees a byte too many.
LmFile open_bytes(const std::string& text) {
  constexpr std::align_val_t kAlign{LmFile::kAlignment};
  auto* memory = static_cast<char*>(::operator new(text.size(), kAlign));
  std::memcpy(memory, text.data(), text.size());
  std::shared_ptr<const void> owner(memory, [](char* p) { ::operator delete(p, kAlign); });
  return LmFile(std::make_shared<util::FileBytes>(memory, text.size(), owner), "lm.tlglm");
}

}  // namespace

TEST(lm_compact_bits) {
  std::mt19937_64 rng(1);
  std::vector<std::uint8_t> bytes(bytes_of_bits(57 * 100), 0);
  std::vector<std::pair<std::uint64_t, unsigned>> numbers;
  std::uint64_t bit = 0;
  for (unsigned i = 0; i < 100; ++i) {
    const unsigned width = i % 58;
    numbers.emplace_back(rng() & ((std::uint64_t{1} << width) - 1), width);
    put_bits(bytes.data(), bit, numbers.back().first);
    bit += width;
  }
  bit = 0;
  for (const auto& [number, width] : numbers) {
    CHECK(get_bits(bytes.data(), bit, width) == number);
    bit += width;
  }
  CHECK(width_of(0) == 0 && width_of(1) == 0 && width_of(2) == 1 && width_of(5) == 3);
  CHECK(width_of(256) == 8 && width_of(257) == 9 && width_of(std::uint64_t{1} << 32) == 32);
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t x = i == 0 ? ~std::uint64_t{0} : rng() & (i % 2 ? rng() : ~0ULL);
    const std::uint64_t sums = ones_by_byte(x);
    unsigned k = 0;
    for (unsigned at = 0; at < 64; ++at)
      if (x >> at & 1) CHECK(nth_one(x, sums, k++) == at);
    CHECK(sums >> 56 == k);
  }
}

TEST(lm_compact_children) {
  std::mt19937 rng(2);
  for (int round = 0; round < 60; ++round) {
    std::vector<std::uint32_t> counts(1 + rng() % 3000);
    std::uint32_t children = 0;
    const unsigned most = 1 + rng() % 5;
    for (std::uint32_t& count : counts) {
      count = rng() % 200 == 0 ? rng() % 2000 : rng() % most;
      children += count;
    }
    const auto parents = static_cast<std::uint32_t>(counts.size());
    const ChildBits bits =
        ChildBits::build(parents, children, [&](std::uint32_t i) { return counts[i]; });
    std::uint32_t child = 0;
    bool good = true;
    for (std::uint32_t i = 0; i < parents; ++i) {
      const ChildBits::Range range = bits.range(i);
      good = good && range.begin == child && range.end == child + counts[i];
      for (; child < range.end; ++child) good = good && bits.parent_of(child) == i;
    }
    CHECK(good && child == children);
  }
}

TEST(lm_compact_trie_is_the_model_bit_for_bit) {
  std::mt19937 rng(3);
  for (int round = 0; round < 40; ++round) {
    const int order = 1 + round % 9;
    const unsigned words = 3 + rng() % (round % 2 ? 10 : 300);
    const NgramTrie trie = random_trie(&rng, order, words, rng() % 2000, round % 3 != 0);
    const CompactModel model(trie, {});
    CHECK(same(model.expand(), trie));
    check_against_rule(model, trie, &rng);
    check_successors(model, trie);
    const LmFile file = open_bytes(file_of(model));
    file.verify();
    const CompactModel read(file);
    CHECK(same(read.expand(), trie));
    CHECK(read.start() == model.start());
    CHECK(file_of(read) == file_of(model));
  }
}

// More nodes than a state has room for: the shorter contexts are worked out again.
TEST(lm_compact_states_that_do_not_fit) {
  std::mt19937 rng(4);
  const NgramTrie trie = random_trie(&rng, 9, 6, 20000, true);
  const CompactModel model(trie, {});
  check_against_rule(model, trie, &rng);
  check_successors(model, trie);
  CHECK(!model.valid({9}) && !model.valid({~std::uint64_t{0}}) && model.valid({0}));
  for (std::uint64_t i = 0; i < 2000; ++i) {
    const LmState state{rng() * 0x100000001ULL};
    model.hit(state, static_cast<WordId>(i % 6));  // any number is a context or another
  }
}

TEST(lm_compact_signed_zeros_and_words_that_are_not_there) {
  NgramLists lists;
  lists.vocabulary = {"a", "b"};
  lists.orders.resize(2);
  lists.orders[0] = {{0, 1}, {-0.0f, 0.0f}, {-0.0f, 0.5f}};
  lists.orders[1] = {{0, 1, 1, 1}, {-0.0f, -1}, {}};
  const NgramTrie trie = make_trie(&lists);
  const CompactModel model(trie, {});
  CHECK(same(model.expand(), trie));
  const LmHit hit = model.hit(LmState(), kNoWord);
  CHECK(hit.zero && hit.order == 1 && hit.to == LmState());
  CHECK(model.hit(LmState(), 77).zero && model.hit_end(LmState()).zero);
  CHECK(model.start() == LmState());
}

TEST(lm_codebooks) {
  std::mt19937 rng(5);
  for (int round = 0; round < 30; ++round) {
    std::vector<float> numbers(rng() % 3000);
    for (float& number : numbers)
      number = rng() % 20 == 0 ? 0.0f
               : rng() % 30 == 0
                   ? kLog10Zero
                   : -std::fabs(std::sqrt(static_cast<float>(rng() % 10000)) / 20) - 0.01f;
    const util::Array<float> values(std::vector<float>{numbers});
    const std::set<float> all(numbers.begin(), numbers.end());
    const std::vector<float> distinct = distinct_values(values, numbers.size());
    CHECK(std::set<float>(distinct.begin(), distinct.end()) == all);
    CHECK(distinct.size() == all.size());
    if (!all.empty()) CHECK(distinct_values(values, all.size() - 1).empty());
    const CodeFinder exact(distinct, true);
    for (const float number : numbers) CHECK(distinct[exact(number)] == number);

    const std::size_t size = std::size_t{4} << round % 8;
    const std::vector<float> book = quantise(values, size);
    CHECK(book.size() <= size && book.empty() == numbers.empty());
    CHECK(std::is_sorted(book.begin(), book.end()));
    const CodeFinder nearest(book, false);
    for (const float number : numbers) {
      const float code = book[nearest(number)];
      if (number == 0 || number == kLog10Zero) {
        CHECK(code == number);
        continue;
      }
      CHECK(code != 0 && code != kLog10Zero);
      for (const float other : book)
        if (other != 0 && other != kLog10Zero)
          CHECK(std::fabs(code - number) <= std::fabs(other - number) + 1e-6f);
    }
    if (all.size() + 2 <= size)
      for (const float number : numbers) CHECK(std::fabs(book[nearest(number)] - number) < 0.3f);
  }
}

// Quantised: the same n-grams with codebook values, and scored by the rule with those.
TEST(lm_compact_quantised) {
  std::mt19937 rng(6);
  for (int round = 0; round < 12; ++round) {
    const NgramTrie trie = random_trie(&rng, 1 + round % 5, 60, 3000, true);
    const CompactModel model(trie, {4, 3});
    const NgramTrie quantised = model.expand();
    check(quantised);
    for (int k = 1; k <= trie.order(); ++k) {
      const NgramLevel &x = trie.level(k), &y = quantised.level(k);
      CHECK(same_array(x.word, y.word) && same_array(x.context, y.context));
      const std::set<float> probs(y.log10_prob.begin(), y.log10_prob.end());
      const std::set<float> backoffs(y.log10_backoff.begin(), y.log10_backoff.end());
      CHECK(k == 1 ? same_array(x.log10_prob, y.log10_prob) : probs.size() <= 16);
      CHECK(k == 1 ? same_array(x.log10_backoff, y.log10_backoff) : backoffs.size() <= 8);
      for (std::size_t i = 0; i < x.log10_backoff.size(); ++i)
        CHECK((x.log10_backoff[i] == 0) == (y.log10_backoff[i] == 0));
    }
    check_against_rule(model, quantised, &rng);
    const CompactModel again(open_bytes(file_of(model)));
    CHECK(same(again.expand(), quantised));
  }
  const NgramTrie trie = random_trie(&rng, 2, 5, 10, true);
  CHECK_THROWS(CompactModel(trie, {1, 0}), "prob_bits=1");
  CHECK_THROWS(CompactModel(trie, {8, 17}), "backoff_bits=17. Give 2 to 16 bits");
  CHECK_THROWS(CompactModel(random_trie(&rng, 16, 4, 10, false), {}), "order 16 is above 15");
}

// What no checksum was asked about may be damaged anywhere: answers are wrong then, never a fault.
TEST(lm_compact_damaged_files) {
  std::mt19937 rng(7);
  for (int round = 0; round < 400; ++round) {
    const NgramTrie trie = random_trie(&rng, 1 + round % 7, 4 + rng() % 40, rng() % 500, true);
    std::string bytes = file_of(CompactModel(trie, {round % 2 ? 4 : 0, round % 4 ? 0 : 3}));
    const std::size_t head = bytes.size() / 3;
    const int damages = 1 + static_cast<int>(rng() % 20);
    for (int i = 0; i < damages; ++i) {
      const std::size_t at = head + rng() % (bytes.size() - head);
      const std::size_t end = std::min(bytes.size(), at + 1 + rng() % 16);
      for (std::size_t j = at; j < end; ++j)
        bytes[j] = static_cast<char>(round % 3 == 0 ? 0xff : round % 3 == 1 ? 0 : rng());
    }
    try {
      const CompactModel model(open_bytes(bytes));
      LmState state = model.start();
      for (int i = 0; i < 100; ++i) {
        state = model.hit(state, static_cast<WordId>(rng() % 50)).to;
        if (i % 10 == 0) model.for_each_successor(state, [](WordId, float) {});
        model.suffix(state);
        model.valid(state);
      }
      model.expand();
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::kArpa);
    }
  }
}
