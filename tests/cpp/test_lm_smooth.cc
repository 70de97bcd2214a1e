// Smoothing without Python: logarithms, the search for contexts, threads, words that do not occur.
#include <cmath>
#include <cstring>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "check.h"
#include "lm/smooth/contexts.h"
#include "lm/smooth/log10.h"
#include "lm/smooth/smooth.h"

using namespace tlg;
using namespace tlg::lm;

namespace {

const Smoothing kMethods[] = {
    Smoothing::kModifiedKneserNey, Smoothing::kKneserNey,    Smoothing::kAbsolute,
    Smoothing::kWittenBell,        Smoothing::kKatz,         Smoothing::kAddK,
    Smoothing::kMaximumLikelihood, Smoothing::kJelinekMercer};

std::string random_text(unsigned seed, int sentences, int words) {
  std::mt19937 rng(seed);
  std::string text;
  for (int i = 0; i < sentences; ++i) {
    for (int j = static_cast<int>(rng() % 8); j > 0; --j) {
      const double rank = std::exp((rng() % 1000) / 1000.0 * std::log(words));  // as in a language
      text += "w" + std::to_string(static_cast<int>(rank)) + " ";
    }
    text += "\n";
  }
  return text;
}

Corpus corpus_of(const std::string& text, CorpusOptions options = {}, std::size_t threads = 1) {
  auto job = std::make_shared<util::Job>();
  job->threads = threads;
  Corpus corpus(std::move(options), job);
  corpus.add_text(text, "text", 1);
  return corpus;
}

template <typename T>
bool same(const util::Array<T>& a, const util::Array<T>& b) {
  return a.size() == b.size() &&
         (a.empty() || !std::memcmp(a.data(), b.data(), a.size() * sizeof(T)));
}

// p(w | history) by backing off, in the trie's own terms.
double log10_prob(const std::map<std::vector<WordId>, std::pair<double, double>>& model,
                  std::vector<WordId> ngram) {
  double backoff = 0;
  for (;; ngram.erase(ngram.begin())) {
    const auto found = model.find(ngram);
    if (found != model.end()) return backoff + found->second.first;
    const auto context = model.find({ngram.begin(), ngram.end() - 1});
    if (context != model.end()) backoff += context->second.second;
  }
}

std::map<std::vector<WordId>, std::pair<double, double>> map_of(const NgramTrie& trie) {
  std::map<std::vector<WordId>, std::pair<double, double>> model;
  for (int k = 1; k <= trie.order(); ++k)
    for (LevelWalk at(trie, k); !at.done(); at.next())
      model[{at.words(), at.words() + k}] = {
          trie.level(k).log10_prob[at.node()],
          k < trie.order() ? trie.level(k).log10_backoff[at.node()] : 0.0};
  return model;
}

}  // namespace

TEST(lm_logarithms_are_right_to_the_last_digit) {
  std::mt19937_64 rng(1);
  std::vector<double> values = {1, 0.1, 1e-30, 0, 1e-98, 1e-100, 0.5, 0.70710678118654752, 1e-5};
  std::uniform_real_distribution<double> exponent(-40, 0.1);
  for (int i = 0; i < 100000; ++i) values.push_back(std::pow(10.0, exponent(rng)));
  for (int i = 0; i < 1000; ++i) values.push_back(1 - i * 1e-9);
  std::vector<float> found(values.size());
  log10_block(values.data(), found.data(), values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double exact = values[i] > 0 ? std::max(std::log10(values[i]), -99.0) : -99.0;
    CHECK(std::fabs(found[i] - exact) <= std::fabs(exact) * 6.1e-8 + 1e-15);
  }
}

TEST(lm_contexts_lack_the_last_word) {
  for (unsigned seed = 0; seed < 6; ++seed) {
    // Many sentences over few words: long lists of children, in which is searched.
    Corpus corpus = corpus_of(random_text(seed, 400 << seed, 300));
    const CountTrie counted = count_ngrams(&corpus, 4);
    util::Job job;
    job.threads = 1 + seed % 3;
    std::vector<util::Array<std::uint32_t>> contexts(4);
    NgramTrie trie;  // only its words and links are looked at
    for (const CountLevel& level : counted.levels) {
      const int k = static_cast<int>(trie.levels.size()) + 1;
      if (k > 1) contexts[k - 1] = find_contexts(counted, k, contexts[k - 2], &job);
      NgramLevel made;
      made.word = level.word.copy();
      made.first_child = level.first_child.copy();
      made.context = contexts[k - 1].copy();
      made.log10_prob = util::Array<float>(level.count.size(), 0.0f);
      if (k < 4) made.log10_backoff = util::Array<float>(level.count.size(), 0.0f);
      trie.levels.push_back(std::move(made));
    }
    for (WordId id = 0; id < corpus.words().size(); ++id)
      trie.vocabulary.emplace_back(corpus.words().word(id));
    check(trie);
  }
}

TEST(lm_threads_change_nothing) {
  const std::string text = random_text(7, 20000, 3000), heldout_text = random_text(8, 200, 3000);
  for (const Smoothing method : kMethods) {
    for (const bool backoff : {false, true}) {
      SmoothingOptions options;
      options.smoothing = method;
      options.backoff = backoff && counts_adjusted(method);
      if (backoff) options.prune = {0, 1};
      if (!counts_adjusted(method)) options.fallback = {0.75};
      const Corpus heldout = corpus_of(heldout_text);
      std::vector<TrainedModel> models;
      for (const std::size_t threads : {1, 2, 5}) {
        Corpus corpus = corpus_of(text, {}, threads);
        models.push_back(train(&corpus, 4, options, &heldout));
        check(models.back().trie);
        for (int k = 1; k <= 4; ++k) {
          const NgramLevel &a = models[0].trie.level(k), &b = models.back().trie.level(k);
          CHECK(same(a.word, b.word) && same(a.context, b.context));
          CHECK(same(a.log10_prob, b.log10_prob) && same(a.log10_backoff, b.log10_backoff));
        }
      }
    }
  }
}

TEST(lm_words_that_do_not_occur_get_a_share) {
  for (const Smoothing method : kMethods) {
    for (int way = 0; way < 4; ++way) {
      SmoothingOptions options;
      options.smoothing = method;
      options.backoff = way % 2 && method <= Smoothing::kWittenBell;
      if (method != Smoothing::kModifiedKneserNey) options.fallback = {0.75};
      CorpusOptions kind;
      kind.fixed_vocab = true;
      kind.closed = way / 2;
      for (int i = 1; i < 12; ++i) kind.vocab.push_back("w" + std::to_string(i));
      kind.vocab.push_back("never");
      const Corpus heldout = corpus_of(random_text(10, 20, 15));
      Corpus corpus = corpus_of(random_text(9, 60, 15), kind);  // w12 to w15 are outside
      const NgramTrie trie = train(&corpus, 3, options, &heldout).trie;
      check(trie);
      CHECK(trie.vocabulary.size() == (kind.closed ? 14U : 15U));
      CHECK((trie.unk < 0) == kind.closed);
      const WordId never = static_cast<WordId>(trie.vocabulary.size() - 1);
      CHECK(trie.vocabulary[never] == "never");
      const bool possible = method != Smoothing::kMaximumLikelihood;
      CHECK((trie.level(1).log10_prob[never] > kLog10Zero) == possible);
      const auto model = map_of(trie);
      for (WordId a = 0; a < trie.vocabulary.size(); ++a) {
        double sum = 0;
        if (a == static_cast<WordId>(trie.eos)) continue;
        for (WordId w = 0; w < trie.vocabulary.size(); ++w)
          if (w != static_cast<WordId>(trie.bos)) sum += std::pow(10.0, log10_prob(model, {a, w}));
        CHECK(std::fabs(sum - 1) < 1e-6);
      }
    }
  }
}

TEST(lm_smoothing_refuses) {
  Corpus corpus = corpus_of("a b\n");
  SmoothingOptions options;
  options.discount_fallback = false;
  options.smoothing = Smoothing::kAbsolute;
  CHECK_THROWS(train(&corpus, 2, options), "no absolute discounts for order 1");
  corpus = corpus_of("a b\n");
  options.smoothing = Smoothing::kKatz;
  CHECK_THROWS(train(&corpus, 2, options), "no Good-Turing discounts for order 2");
  corpus = corpus_of("a b\n");
  const Corpus heldout = corpus_of("");
  options.smoothing = Smoothing::kJelinekMercer;
  CHECK_THROWS(train(&corpus, 2, options, &heldout), "no word to learn weights from");
}
