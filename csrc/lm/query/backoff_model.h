// An immutable backoff n-gram model for queries. A state is a context n-gram, the longest that can
// still matter; one hash table leads from (context, word) to (score, next context), exactly: its
// keys are node numbers, not hashes of words.
// Not for: reading files (lm/files/arpa.h); texts (lm/query/text_score.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lm/lm_model.h"
#include "lm/ngram_trie.h"
#include "lm/query/query_model.h"

namespace tlg::lm {

class BackoffModel final : public LmModel {
 public:
  // Throws Error(kArpa) for 2.8 billion n-grams or more.
  explicit BackoffModel(const NgramTrie& trie);

  LmState start() const override { return start_; }
  float score(LmState from, WordId word, LmState* to) const override {
    const LmHit found = hit(from, word);
    *to = found.to;
    return found.score;
  }
  float finish(LmState from) const override { return hit_end(from).score; }

  // score() with the details.
  LmHit hit(LmState from, WordId word) const;
  // finish() with the details.
  LmHit hit_end(LmState from) const;

  // The next shorter context, and what backing off to it costs; the empty context is state 0.
  LmState suffix(LmState context) const { return {nodes_[context.id].suffix}; }
  float backoff(LmState context) const { return nodes_[context.id].backoff; }
  // Whether the n-gram "context word" is in the model; not for the empty context.
  bool has(LmState context, WordId word) const {
    return find(static_cast<std::uint32_t>(context.id), word) != nullptr;
  }
  // States are below this number.
  std::uint64_t num_states() const { return nodes_.size(); }
  LmState empty() const { return LmState(); }
  static float nats(float log10) { return log10 * 2.302585093f; }

  int order() const { return static_cast<int>(base_.size()); }
  // The id of a word; kNoWord if the model does not have it or if it is the unknown word itself.
  WordId find(std::string_view word) const {
    const WordId id = words_.find(word);
    return id == unk_ ? kNoWord : id;
  }

 private:
  struct Entry {
    std::uint32_t context = 0;  // 0: free, for the empty context is looked up elsewhere
    WordId word = 0;
    float score = 0;
    std::uint32_t to = 0;
  };
  struct Node {
    float backoff = 0;
    std::uint32_t suffix = 0;
  };
  std::size_t home(std::uint32_t context, WordId word) const;
  const Entry* find(std::uint32_t context, WordId word) const;
  void insert_all(std::vector<Entry>* pending);

  // Node 0 is the empty context; the n-grams of order k, in the order of the file, follow from
  // base_[k - 1] on, for k below the highest order.
  std::vector<std::uint32_t> base_;
  std::vector<Node> nodes_;
  std::vector<Entry> unigrams_;  // by word
  std::vector<Entry> table_;
  WordTable words_;
  WordId bos_ = kNoWord, eos_ = kNoWord, unk_ = kNoWord;
  LmState start_;
};

}  // namespace tlg::lm
