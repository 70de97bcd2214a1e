// G: a backoff n-gram model as an acceptor of words, ready for the trees of lg.h: only words that
// the lexicon has, no states that only back off, equal states merged, only states that can be
// reached. Not for: querying a model (lm/), writing G.fst.
//
// The states are the model's histories. Scores follow the ARPA rule exactly: an n-gram's own score
// if it is listed, else the history's backoff and the score after the next shorter history.
// Histories that the model should list but does not (pruned prefixes) are made with the scores the
// rule gives them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "graph/lexicon.h"
#include "lm/ngram_trie.h"

namespace tlg::graph {

enum class Unknown {
  kDrop,         // n-grams with words the lexicon lacks go; the others keep their scores
  kRenormalise,  // the same, then each history's scores are divided by what its remaining words sum
                 // to
  kMap,          // as kDrop, and `<unk>` gets the probability of all words that the lexicon lacks
};

struct GrammarOptions {
  Unknown unknown = Unknown::kDrop;
  bool missing_as_unk = false;  // words the model lacks get the unigram cost of `<unk>`
};

struct GrammarReport {
  std::vector<std::string> words_without_pronunciation;  // in the model, not in the lexicon
  std::vector<std::string> words_without_lm;             // in the lexicon, not in the model
  std::vector<std::string> repairs;                      // what the reader of the model mended
  std::int64_t dropped_ngrams = 0;                       // with a word that the lexicon lacks
  std::int64_t skipped_ngrams = 0;  // `<s>` not at the front, `</s>` not at the end, probability 0
  std::int64_t backoff_only_states = 0, merged_states = 0, unreachable_states = 0;
  bool has_sentence_start = true;
  double unk_cost = -1;  // unigram cost of `<unk>` in nats; -1: the model has none
};

struct GrammarArc {
  std::uint32_t word;  // index into Lexicon::words; of a slot, into Grammar::slot_words
  float cost;
  std::int32_t target;
};

// Slots are places for words that neither model nor lexicon has, to be filled while the graph is
// decoded over (decoder/attached_words.h): n-grams of the model that end in `<unk>`, or in a word
// like `<name>` that the lexicon lacks. A state that only slots lead to comes behind all others.
//
// Invariant: state 0 is the start; arcs of a state are sorted by word; backoff leads to a state of
// a shorter history, -1 for none.
struct Grammar {
  std::vector<std::uint32_t> first;  // state s has arcs[first[s]] .. arcs[first[s + 1] - 1]
  std::vector<GrammarArc> arcs;
  std::vector<std::uint32_t> first_slot;  // the same for slots
  std::vector<GrammarArc> slots;
  std::vector<std::string> slot_words;
  std::vector<std::int32_t> backoff;
  std::vector<float> backoff_cost;
  std::vector<float> final_cost;  // kInfinity: no sentence ends here
  std::int32_t empty = 0;         // the state of the empty history
  GrammarReport report;

  std::size_t num_states() const { return backoff.size(); }
};

// Throws Error(kArpa) if no sentence can be built from model and lexicon; `repairs` are what the
// reader of the model mended, `name` is its file.
Grammar build_grammar(const lm::NgramTrie& model, const std::vector<std::string>& repairs,
                      const Lexicon& lexicon, const GrammarOptions& options,
                      const std::string& name);

}  // namespace tlg::graph
