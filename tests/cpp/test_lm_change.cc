// What changes models, without Python: indexes by context, sums, on random models.
#include <cmath>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "check.h"
#include "lm/context_index.h"
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
