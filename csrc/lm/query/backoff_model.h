// The fast query structure of a backoff n-gram model, in memory or in a mapped file. A state is a
// context n-gram, the longest that can still matter; a hash table leads from (context, word) to
// (probability, next context), exactly: its keys are the numbers of contexts, not hashes of words.
// Not for: the smallest files (lm/query/compact_model.h); reading ARPA (lm/files/arpa.h); texts
// (lm/query/text_score.h).
//
// What a damaged file holds is checked before it is used as an address: scores may be wrong, but
// nothing outside the file is read and every query ends.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "lm/query/ngram_table.h"
#include "lm/query/query_model.h"
#include "util/array.h"

namespace tlg::lm {

class BackoffModel final : public QueryModel {
 public:
  static constexpr const char* kStructure = "probing";

  // Throws Error(kArpa) for 4 billion n-grams below the highest order.
  explicit BackoffModel(const NgramTrie& trie);
  // Looks at sizes alone; the arrays stay in the file. Throws Error(kArpa) if they do not fit.
  explicit BackoffModel(const LmFile& file);

  LmHit hit(LmState from, WordId word) const override;
  void score_all(const LmBatch& batch) const override;
  bool valid(LmState state) const override { return state.id < nodes_.size(); }

  // A state's number is that of its context: 0 is the empty one; the n-grams of order k, in the
  // order of the trie, follow from first_state(k) on, for k below the highest order.
  std::uint32_t first_state(int k) const { return base_[static_cast<std::size_t>(k) - 1]; }
  std::uint64_t num_states() const { return nodes_.size(); }
  // The next shorter context, and what backing off to it costs; not for the empty context.
  LmState suffix(LmState context) const {
    return {shorter(static_cast<std::uint32_t>(context.id))};
  }
  float backoff(LmState context) const { return nats(nodes_[context.id].log10_backoff); }
  // The scores of all words with no context.
  std::vector<float> unigrams() const {
    std::vector<float> scores;
    for (const Unigram& one : unigrams_) scores.push_back(nats(one.log10_prob));
    return scores;
  }
  // Calls visit(context, word, log10_prob) for the n-grams of two words and more, in no meaningful
  // order; a damaged file may have contexts and words that are none.
  template <typename Visit>
  void for_each_ngram(Visit&& visit) const {
    table_.for_each([&](NgramTable::Key key, NgramTable::Found found) {
      visit(key.context, key.word, found.log10_prob);
    });
  }

  const char* structure() const override { return kStructure; }
  void add_to(LmFileWriter* writer) const override;
  NgramTrie expand() const override;

 private:
  struct Node {
    float log10_backoff;
    std::uint32_t suffix;
  };
  struct Unigram {
    float log10_prob;
    std::uint32_t to;
  };
  struct Lane;
  class Lanes;

  // Numbers the contexts; the number of all of them.
  std::uint64_t number_contexts();
  void fill_unigrams(const NgramTrie& trie, const std::vector<bool>& matters,
                     std::vector<std::uint32_t>* state);
  // False if the table is too small.
  bool fill_table(const NgramTrie& trie, const std::vector<bool>& matters,
                  std::vector<std::uint32_t>* state);

  std::uint32_t shorter(std::uint32_t context) const {
    const std::uint32_t suffix = nodes_[context].suffix;
    return suffix < context ? suffix : 0;  // always, but for damaged files
  }
  std::uint32_t checked(std::uint32_t to) const { return to < nodes_.size() ? to : 0; }
  // Of an n-gram with this context.
  int order_after(std::uint32_t context) const {
    int order = 1;
    for (const std::uint32_t first : base_) order += context >= first;
    return order;
  }

  std::vector<std::uint32_t> base_;  // base_[k - 1]: the first of order k, below the highest order
  util::Array<Node> nodes_;          // by context
  util::Array<Unigram> unigrams_;    // by word
  NgramTable table_;                 // the orders above
};

}  // namespace tlg::lm
