// What changes models, without Python, on random models: what they are must hold after each change.
#include <cmath>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "check.h"
#include "lm/change/entropy_prune.h"
#include "lm/change/mix.h"
#include "lm/change/vocabulary.h"
#include "lm/context_index.h"
#include "lm/count/ngram_counts.h"
#include "lm/files/ngram_lists.h"
#include "lm/ngram_sums.h"

using namespace tlg;
using namespace tlg::lm;

namespace {

// Any n-grams, any numbers: closed, but not normalised.
NgramTrie random_trie(std::mt19937* rng, int order, WordId words) {
  NgramLists lists;
  lists.vocabulary = {"<unk>", "<s>", "</s>"};
  while (lists.vocabulary.size() < words)
    lists.vocabulary.push_back("w" + std::to_string(lists.vocabulary.size()));
  const auto number = [&](double low, double high) {
    return static_cast<float>(low + (high - low) * static_cast<double>((*rng)()) / 4294967295.0);
  };
  for (int k = 1; k <= order; ++k) {
    NgramList list;
    const WordId count = k == 1 ? words : (*rng)() % (words * 3);
    for (WordId i = 0; i < count; ++i) {
      for (int j = 0; j < k; ++j) list.words.push_back(k == 1 ? i : (*rng)() % words);
      list.log10_prob.push_back(number(-5, -0.5));
      if (k < order) list.log10_backoff.push_back(number(-2, 0.1));
    }
    lists.orders.push_back(std::move(list));
  }
  return make_trie(&lists);
}

}  // namespace

TEST(lm_contexts_lead_to_what_follows) {
  std::mt19937 rng(1);
  for (int round = 0; round < 200; ++round) {
    const NgramTrie trie = random_trie(&rng, 2 + round % 4, 4 + rng() % 6);
    check(trie);
    for (int k = 2; k <= trie.order(); ++k) {
      const ContextIndex index(trie, k);
      const util::Array<WordId> last = last_words(trie, k);
      const util::Array<NodeId> parent = parents(trie, k);
      std::map<NodeId, std::map<WordId, NodeId>> wanted;
      for (LevelWalk at(trie, k); !at.done(); at.next()) {
        const NodeId node = at.node();
        wanted[trie.level(k).context[node]][at.words()[k - 1]] = node;
        CHECK(last[node] == at.words()[k - 1] && parent[node] == at.parent());
        CHECK(find_child(trie, k, at.parent(), at.words()[0]) == node);
      }
      for (NodeId context = 0; context < trie.level(k - 1).size(); ++context) {
        std::size_t position = index.begin(context);
        for (const auto& [word, node] : wanted[context]) {
          CHECK(position < index.end(context));
          CHECK(index.word(position) == word && index.node(position) == node);
          CHECK(index.find(context, word) == node);
          ++position;
        }
        CHECK(position == index.end(context));
        for (WordId word = 0; word < trie.level(1).size(); ++word)
          CHECK(wanted[context].count(word) || index.find(context, word) == kNoNode);
      }
    }
  }
}

TEST(lm_sums_are_those_of_the_definition) {
  std::mt19937 rng(2);
  for (int round = 0; round < 100; ++round) {
    const NgramTrie trie = random_trie(&rng, 1 + round % 4, 4 + rng() % 6);
    const std::vector<util::Array<double>> sums = context_sums(trie);
    CHECK(static_cast<int>(sums.size()) == trie.order());
    CHECK(std::abs(sums[0][0] - brute_force_sum(trie, nullptr, 0)) < 1e-9);
    for (int k = 1; k < trie.order(); ++k)
      for (LevelWalk at(trie, k); !at.done(); at.next()) {
        const double wanted = brute_force_sum(trie, at.words(), k);
        CHECK(std::abs(sums[static_cast<std::size_t>(k)][at.node()] - wanted) <
              1e-9 * (1 + wanted));
      }
  }
}

TEST(lm_pruned_models_keep_the_sums) {
  std::mt19937 rng(3);
  for (int round = 0; round < 200; ++round) {
    NgramTrie trie = random_trie(&rng, 2 + round % 3, 4 + rng() % 6);
    const std::vector<util::Array<double>> before = context_sums(trie);
    PruneOptions options;
    options.suffixes = round % 2 ? PrunedSuffixes::kKeep : PrunedSuffixes::kBackOff;
    const std::size_t unigrams = trie.level(1).size();
    if (round % 3) {
      options.ngrams = {unigrams + rng() % (unigrams * 2)};
    } else {
      options.threshold = 0.01;
    }
    const ContextProbs contexts =
        round % 5 ? chain_context_probs(trie) : stationary_context_probs(trie);
    PruneFigures figures;
    const NgramTrie made = prune(trie, contexts, options, &figures);
    check(made);
    std::size_t size = 0, suffixes = 0;
    for (const NgramLevel& level : made.levels) size += level.size();
    for (const std::size_t one : figures.suffixes) suffixes += one;
    if (!options.ngrams.empty()) CHECK(size - suffixes <= options.ngrams[0]);
    CHECK(std::abs(context_sums(made)[0][0] - before[0][0]) < 1e-6);
  }
}

TEST(lm_mixtures_are_closed_and_sum_to_one) {
  std::mt19937 rng(4);
  for (int round = 0; round < 100; ++round) {
    const NgramTrie a = random_trie(&rng, 1 + round % 4, 4 + rng() % 6);
    const NgramTrie b = random_trie(&rng, 1 + round % 3, 4 + rng() % 6);
    const NgramTrie all = unite({&a, &b});
    check(all);
    CHECK(all.order() == std::max(a.order(), b.order()));
    for (int k = 1; k <= a.order(); ++k) CHECK(all.level(k).size() >= a.level(k).size());
    const Projection own = project(a, a, UnknownWords::kShare);
    for (int k = 1; k <= a.order(); ++k)
      for (NodeId i = 0; i < a.level(k).size(); ++i)
        CHECK(own.log10_prob[static_cast<std::size_t>(k) - 1][i] == a.level(k).log10_prob[i]);
    check(mix_linear({&a, &b}, {0.3, 0.7}, UnknownWords::kShare));
    check(LoglinearMix({&a, &b}, UnknownWords::kShare).model({0.5, 0.25}));
  }
}

TEST(lm_vocabularies_change) {
  std::mt19937 rng(5);
  for (int round = 0; round < 100; ++round) {
    const NgramTrie trie = random_trie(&rng, 1 + round % 4, 4 + rng() % 6);
    std::vector<std::uint8_t> keep(trie.vocabulary.size());
    for (std::uint8_t& one : keep) one = rng() % 2;
    for (const RemovedMass removed : {RemovedMass::kUnk, RemovedMass::kSpread}) {
      const NgramTrie made = limit_vocabulary(trie, keep, removed);
      check(made);
      CHECK(made.bos >= 0 && made.eos >= 0 && made.unk >= 0);
      for (int k = 1; k <= made.order(); ++k) CHECK(made.level(k).size() <= trie.level(k).size());
    }
    const NgramTrie larger = add_words(trie, {{"new", 0.25}, {"newer", 0.75}});
    check(larger);
    CHECK(larger.vocabulary.size() == trie.vocabulary.size() + 2);
    CHECK_THROWS(add_words(trie, {{"new", 1.5}}), "more than all of <unk>");
    CHECK_THROWS(add_words(trie, {{"new", 0}}), "not above 0");
  }
}

TEST(lm_counts_of_files_make_tries) {
  NgramCounts counts(3);
  counts.add_lines("<s> a\t2\n<s> a b\t2\na b </s>\t2\nb\t9\n", "counts", 1);
  const CountTrie trie = counts.trie();
  CHECK(trie.order() == 3 && counts.num_tokens() == 6 && counts.num_sentences() == 2);
  CHECK(trie.levels[0].count.size() == 5 && trie.levels[1].word.size() == 3);
  CHECK(trie.levels[2].word.size() == 2 && trie.levels[2].count[0] == 2);
  std::string text, piece;
  CountWriter writer(counts);
  while (!(piece = writer.next()).empty()) text += piece;
  CHECK(text.find("<s>\t2\n") != std::string::npos && text.find("a b\t2\n") != std::string::npos);
  NgramCounts shorter(2);
  shorter.add(counts, 3);
  CHECK(shorter.trie().levels[1].word.size() == 3 && shorter.num_tokens() == 18);
  CHECK_THROWS(counts.add_lines("a b\n", "counts", 7), "counts:7: the count 'b'");
  CHECK_THROWS(NgramCounts(2).trie(), "no n-grams of order 2");
}
