// The scores of prefixes as they grow, for one search: each step of lexicon, language model and
// hotwords. Not for: the posteriors (search.h).
#pragma once

#include <string>

#include "decoder/prefix/model.h"
#include "decoder/prefix/tree.h"

namespace tlg::decoder::prefix {

// The terms of a score that do not depend on the posteriors, without hotwords.
struct Terms {
  double lm = 0, words = 0, unknown = 0;
  bool is_unknown = false;  // the word is
  double sum() const { return lm + words + unknown; }
};

class Scorer {
 public:
  Scorer(const Model& model, const HotwordUse* hotwords)
      : model_(model), lm_(model.make_lm()), hotwords_(hotwords) {}

  Node root() const;

  // Calls visit(ends) for each way in which `token` may follow `from`: kNoEnd, or the word that it
  // ends.
  template <typename Visit>
  void for_each_end(const Node& from, std::int32_t token, Visit&& visit) const;
  // Calls visit(ends) for each way in which the utterance may end behind `from`; not at all if it
  // may not.
  template <typename Visit>
  void for_each_last(const Node& from, Visit&& visit) const;

  // The prefix that follows; false if the lexicon has no such word, or its score is -infinity.
  bool extend(Tree* tree, NodeId from, std::int32_t token, std::uint32_t ends, Node* child) const;
  // Works out the end of the word in progress, for the tokens that end it: it is the same for all.
  void know_end(Tree* tree, NodeId from, std::uint32_t ends) const {
    lm::LmState lm;
    end_word(tree, from, ends, &lm);
  }
  // Whether extend() with this end puts a question to the language model that know_end() does not
  // answer.
  bool asks_model(std::uint32_t ends) const {
    return lm_.model != nullptr &&
           (model_.options().lm_on_tokens ||
            (ends != kNoEnd && model_.options().mode == WordMode::kLexicon));
  }
  // What is added to the bonus when the utterance ends behind `from`.
  double finish(Tree* tree, NodeId from, std::uint32_t ends) const;

  // What `bonus` holds of things that are only lent or expected.
  double expected(const Node& node) const;
  // What a token adds to the bonus at most, by its kind: bit 0: it ends a word, bit 1: it may begin
  // a hotword.
  void bounds(const Node& from, float gains[4]) const;
  int kind(std::int32_t token) const {
    return (model_.ends_word(token) ? 1 : 0) | (begins_hotword(token) ? 2 : 0);
  }
  bool begins_hotword(std::int32_t token) const {
    return hotwords_ != nullptr && hotwords_->begins[static_cast<std::size_t>(token)] != 0;
  }
  const HotwordUse* hotwords() const { return hotwords_; }
  const Model& model() const { return model_; }

  // What a token, or a word that ends behind `from`, is worth; *lm goes on.
  Terms token_terms(std::int32_t token, lm::LmState* lm) const;
  Terms word_terms(const Tree& tree, NodeId from, std::uint32_t ends, lm::LmState* lm) const;
  double lm_finish(lm::LmState lm) const;
  lm::LmState lm_start() const;
  // The text of the word in progress.
  std::string open_text(const Tree& tree, NodeId from) const;

 private:
  double end_word(Tree* tree, NodeId from, std::uint32_t ends, lm::LmState* lm) const;
  bool word_in_progress(const Node& node) const { return node.lex != kRoot; }

  const Model& model_;
  SearchLm lm_;
  const HotwordUse* hotwords_;
};

template <typename Visit>
void Scorer::for_each_end(const Node& from, std::int32_t token, Visit&& visit) const {
  const Lexicon& lexicon = model_.lexicon();
  if (model_.options().mode == WordMode::kLexicon) {
    const LexState next = lexicon.next(from.lex, token);
    if (next == kOutside) return;
    if (lexicon.goes_on(next)) visit(kNoEnd);
    for (std::uint32_t i = 0; i < lexicon.num_words_at(next); ++i)
      visit(lexicon.word_at(next, i) + 1);
  } else if (model_.ends_word(token)) {
    for_each_last(from, visit);
  } else {
    visit(kNoEnd);
  }
}

template <typename Visit>
void Scorer::for_each_last(const Node& from, Visit&& visit) const {
  const WordMode mode = model_.options().mode;
  if (mode == WordMode::kTokens || !word_in_progress(from)) {
    visit(kNoEnd);
  } else if (mode != WordMode::kLexicon) {
    const std::uint32_t num_words = model_.lexicon().num_words_at(from.lex);
    for (std::uint32_t i = 0; i < num_words; ++i) visit(model_.lexicon().word_at(from.lex, i) + 1);
    if (num_words == 0 && model_.options().open) visit(kOpenEnd);
  }
}

}  // namespace tlg::decoder::prefix
