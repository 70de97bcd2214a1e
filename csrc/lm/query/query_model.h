// What all query structures share: a backoff n-gram model with its vocabulary, asked word by word
// or in batches, written to and read from a file (lm/query/lm_file.h), turned back into a trie. Not
// for: layouts (lm/query/backoff_model.h, lm/query/compact_model.h), texts (lm/query/text_score.h).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "lm/lm_model.h"
#include "lm/ngram_trie.h"
#include "lm/query/frozen_vocabulary.h"
#include "lm/query/lm_file.h"

namespace tlg::lm {

// Structures hold log10, so that what they were built from can be had back bit for bit. A score is
// the float32 sum of the backoffs, from the longest context on, and then of the probability, each
// of them times kLn10.
inline constexpr float kLn10 = 2.302585093f;
inline float nats(float log10) { return log10 * kLn10; }
// Nats to log10, the exact opposite of the above.
inline constexpr double kLog10E = 1.0 / kLn10;

struct LmHit {
  float score = 0;  // nats, backoffs included
  int order = 0;    // of the n-gram that gave the probability
  LmState to;
  bool zero = false;  // the n-gram itself has probability 0
};

// The same in a batch, without the state.
struct TokenHit {
  float score = 0;
  std::uint8_t order = 0;
  bool zero = false;
};
static_assert(sizeof(TokenHit) == 8);

// Sequences of words to be scored: sequence i is words[offsets[i]] to words[offsets[i + 1] - 1].
struct LmBatch {
  std::size_t size = 0;                    // how many sequences
  const std::uint64_t* offsets = nullptr;  // size + 1 of them, not decreasing
  const WordId* words = nullptr;           // kNoWord: unknown
  LmState* states = nullptr;  // in: the one before each sequence, out: the one behind it
  TokenHit* hits = nullptr;   // out: of each word
};

class QueryModel : public LmModel {
 public:
  LmState start() const override { return start_; }
  float score(LmState from, WordId word, LmState* to) const override {
    const LmHit found = hit(from, word);
    *to = found.to;
    return found.score;
  }
  float finish(LmState from) const override { return hit_end(from).score; }

  // score() with the details. The state must be one that valid() knows; any word id is taken, those
  // the model does not have as unknown.
  virtual LmHit hit(LmState from, WordId word) const = 0;
  // finish() with the details.
  LmHit hit_end(LmState from) const {
    return eos_ == kNoWord ? LmHit{nats(kLog10Zero), 1, LmState(), true} : hit(from, eos_);
  }
  // Scores many sequences, several at a time; gives exactly what hit() gives.
  virtual void score_all(const LmBatch& batch) const;
  // The state without any context.
  virtual LmState empty() const { return LmState(); }
  // Whether a state that came from outside can be a state of this model.
  virtual bool valid(LmState state) const = 0;

  int order() const { return static_cast<int>(counts_.size()); }
  // Of n-grams, by order.
  const std::vector<std::uint64_t>& counts() const { return counts_; }
  const FrozenVocabulary& words() const { return words_; }
  // The id of a word; kNoWord if the model does not have it or if it is the unknown word itself.
  WordId find(std::string_view word) const { return known(words_.find(word)); }
  WordId find(const WordKey& key) const { return known(words_.find(key)); }
  // kNoWord where the model lacks them.
  WordId bos() const { return bos_; }
  WordId eos() const { return eos_; }
  WordId unk() const { return unk_; }

  // The name of the structure in a file.
  virtual const char* structure() const = 0;
  // Adds all sections; the writer reads from here until its last piece is out.
  virtual void add_to(LmFileWriter* writer) const = 0;
  // The model that this was built from: bit for bit, if nothing was quantised.
  virtual NgramTrie expand() const = 0;

 protected:
  explicit QueryModel(const NgramTrie& trie);
  // Throws Error(kArpa) if what is common to all structures is damaged.
  explicit QueryModel(const LmFile& file);
  // The sections that the second constructor reads.
  void add_common(LmFileWriter* writer) const;
  // A trie with vocabulary and special words, without levels.
  NgramTrie empty_trie() const;
  // Derived classes call it when they can answer.
  void set_start(LmState start) { start_ = start; }
  // The word itself, or unk for what is not here: kNoWord if there is no unk either.
  WordId word_or_unk(WordId word) const { return word < words_.size() ? word : unk_; }

 private:
  WordId known(WordId id) const { return id == unk_ ? kNoWord : id; }

  FrozenVocabulary words_;
  std::vector<std::uint64_t> counts_;
  WordId bos_ = kNoWord, eos_ = kNoWord, unk_ = kNoWord;
  LmState start_;
};

}  // namespace tlg::lm
