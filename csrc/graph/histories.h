// A backoff model's n-grams as the arcs between its histories, in nats, over the words of a
// lexicon: the first step towards G. What happens to words that the lexicon lacks is decided here.
// Not for: anything after the graph is built.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/grammar.h"
#include "graph/lexicon.h"
#include "lm/ngram_trie.h"

namespace tlg::graph {

// What an LM word is; values >= 0 are indices into Lexicon::words.
constexpr std::int32_t kOov = -1, kBos = -2, kEos = -3;
// Slot k, a word of the model that stands for words to come, is kFirstSlot - k (Grammar::slots).
constexpr std::int32_t kFirstSlot = -8;
constexpr bool is_slot(std::int32_t kind) { return kind <= kFirstSlot; }

struct Ngram {
  std::int32_t history;
  std::uint32_t word;  // index into Lexicon::words; in Histories::oov an LM word, in slots a slot
  float cost;
  std::int32_t target;  // the longest history after it
};

// History 0 is the empty one. Invariant: suffix[h] < h for h > 0, and is the longest proper suffix.
struct Histories {
  std::vector<std::int32_t> suffix;
  std::vector<float> backoff;     // kInfinity for history 0
  std::vector<float> final_cost;  // of `</s>` where it is listed, else kInfinity
  std::vector<Ngram> ngrams;
  std::vector<Ngram> oov;    // those that end in a word the lexicon lacks, if they are wanted
  std::vector<Ngram> slots;  // those that end in a slot
  std::int32_t start = -1;   // the history `<s>`, -1 without one

  std::size_t size() const { return suffix.size(); }
};

// Throws Error(kArpa) if a cost is no number.
Histories list_histories(const lm::NgramTrie& model, const std::vector<std::int32_t>& classes,
                         bool keep_oov, GrammarReport* report);

// Adds the probability of all n-grams in histories.oov to `unk` (a lexicon word) after their
// history.
void map_oov_to_unk(std::uint32_t unk, Histories* histories);

// Sorts n-grams by (history, word); first[h] is the place of history h's first one.
std::vector<std::uint32_t> sort_ngrams(std::size_t num_histories, std::vector<Ngram>* ngrams);

// Divides the scores after each history h by Z(h), what its remaining words and `</s>` sum to:
// p'(w | h) = p(w | h) / Z(h); the backoff takes over Z(h') / Z(h). For sorted n-grams.
void renormalise(const std::vector<std::uint32_t>& first, Histories* histories);

}  // namespace tlg::graph
