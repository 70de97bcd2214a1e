#include "decoder/prefix/scorer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace tlg::decoder::prefix {
namespace {

// 0 times -infinity is to be 0: a weight of 0 leaves the model out.
double weigh(double weight, float score) { return weight == 0 ? 0.0 : weight * score; }

}  // namespace

Node Scorer::root() const {
  Node node;
  node.lm = lm_start();
  return node;
}

lm::LmState Scorer::lm_start() const {
  return lm_.model == nullptr ? lm::LmState() : lm_.model->start();
}

double Scorer::lm_finish(lm::LmState lm) const {
  return lm_.model == nullptr ? 0.0 : weigh(model_.options().lm_weight, lm_.model->finish(lm));
}

std::string Scorer::open_text(const Tree& tree, NodeId from) const {
  // Back to where the word began: behind a separator, or with a token that starts words.
  std::vector<std::int32_t> tokens;
  for (NodeId id = from; tree[id].token >= 0; id = tree[id].parent) {
    if (tree[id].token == model_.options().separator) break;
    tokens.push_back(tree[id].token);
    if (model_.ends_word(tree[id].token)) break;
  }
  std::string text;
  for (std::size_t i = tokens.size(); i-- > 0;)
    text += model_.options().texts[static_cast<std::size_t>(tokens[i])];
  return text;
}

Terms Scorer::token_terms(std::int32_t token, lm::LmState* lm) const {
  const ModelOptions& options = model_.options();
  Terms terms;
  if (options.mode == WordMode::kTokens) terms.words = options.word_score;
  if (options.lm_on_tokens && lm_.model != nullptr)
    terms.lm = weigh(options.lm_weight,
                     lm_.model->score(*lm, options.lm_ids[static_cast<std::size_t>(token)], lm));
  return terms;
}

Terms Scorer::word_terms(const Tree& tree, NodeId from, std::uint32_t ends, lm::LmState* lm) const {
  const ModelOptions& options = model_.options();
  Terms terms;
  if (ends == kNoEnd) return terms;
  terms.words = options.word_score;
  bool known = ends != kOpenEnd || !options.judges_words;
  lm::WordId id = lm::kNoWord;
  if (lm_.model != nullptr && !options.lm_on_tokens) {
    if (ends != kOpenEnd) {
      id = options.lm_ids[ends - 1];
    } else if (lm_.open != nullptr) {
      bool in_lm = false;
      id = lm_.open->find(open_text(tree, from), &in_lm);
      known = known || (in_lm && !options.closed_by_lexicon);
    }
    terms.lm = weigh(options.lm_weight, lm_.model->score(*lm, id, lm));
  }
  if (!known) terms.unknown = options.unk_score;
  terms.is_unknown = !known;
  return terms;
}

double Scorer::end_word(Tree* tree, NodeId from, std::uint32_t ends, lm::LmState* lm) const {
  Node& node = (*tree)[from];
  *lm = node.lm;
  if (ends == kNoEnd) return 0;
  // Where words are told by what follows them, many tokens ask for the same end.
  const bool one =
      model_.options().mode != WordMode::kLexicon && model_.lexicon().num_words_at(node.lex) <= 1;
  if (one && node.end_known) {
    *lm = node.end_lm;
    return node.end_gain;
  }
  const double gain = word_terms(*tree, from, ends, lm).sum();
  if (one) {
    node.end_known = true;
    node.end_gain = gain;
    node.end_lm = *lm;
  }
  return gain;
}

bool Scorer::extend(Tree* tree, NodeId from, std::int32_t token, std::uint32_t ends,
                    Node* child) const {
  const ModelOptions& options = model_.options();
  const Lexicon& lexicon = model_.lexicon();
  const Node& node = (*tree)[from];
  child->parent = from;
  child->token = token;
  child->ends = ends;
  child->end_known = false;
  switch (options.mode) {
    case WordMode::kTokens:
      child->lex = kRoot;
      break;
    case WordMode::kSeparator:
      child->lex = token == options.separator ? kRoot : lexicon.next(node.lex, token);
      break;
    case WordMode::kStart:
      child->lex = lexicon.next(model_.ends_word(token) ? kRoot : node.lex, token);
      // The mark of a word alone begins none yet, unless a pronunciation has it so.
      if (child->lex == kOutside && model_.ends_word(token) &&
          options.texts[static_cast<std::size_t>(token)].empty())
        child->lex = kRoot;
      break;
    case WordMode::kLexicon:
      child->lex = ends == kNoEnd ? lexicon.next(node.lex, token) : kRoot;
      break;
  }
  if (child->lex == kOutside && !options.open) return false;
  double gain = end_word(tree, from, ends, &child->lm);
  gain += token_terms(token, &child->lm).sum();
  gain += model_.ahead(child->lex) - model_.ahead(node.lex);
  child->hotword = node.hotword;
  if (hotwords_ != nullptr) {
    const hotwords::Automaton& automaton = *hotwords_->automaton;
    if (!hotwords_->words)
      gain += automaton.advance(node.hotword, token, &child->hotword);
    else if (ends != kNoEnd)
      gain +=
          automaton.advance(node.hotword, static_cast<hotwords::Unit>(ends - 1), &child->hotword);
  }
  child->bonus = node.bonus + gain;
  return child->bonus > -std::numeric_limits<double>::infinity();
}

double Scorer::finish(Tree* tree, NodeId from, std::uint32_t ends) const {
  lm::LmState lm;
  double gain = end_word(tree, from, ends, &lm);
  gain += lm_finish(lm) - model_.ahead((*tree)[from].lex);
  if (hotwords_ != nullptr) gain += hotwords_->automaton->end_score((*tree)[from].hotword);
  return gain;
}

double Scorer::expected(const Node& node) const {
  double part = model_.ahead(node.lex);
  if (hotwords_ != nullptr) part -= hotwords_->automaton->end_score(node.hotword);
  return part;
}

void Scorer::bounds(const Node& from, float gains[4]) const {
  const ModelOptions& options = model_.options();
  const double ahead = model_.ahead(from.lex);
  // A language model's score is at most 0; `ahead` never rises inside a word.
  const double word = options.word_score + std::max(0.0, options.open ? options.unk_score : 0.0);
  double plain = from.lex == kRoot ? model_.best_ahead() : 0.0;
  double ending = model_.best_ahead();
  switch (options.mode) {
    case WordMode::kTokens:
      plain = std::max(0.0, options.word_score);
      break;
    case WordMode::kSeparator:
      ending = 0;
      [[fallthrough]];
    case WordMode::kStart:
      if (from.end_known)
        ending += from.end_gain - ahead;
      else if (from.lex == kRoot)
        break;
      else if (!options.open && model_.lexicon().num_words_at(from.lex) == 0)
        ending = -std::numeric_limits<double>::infinity();
      else
        ending += word - ahead;
      break;
    case WordMode::kLexicon:
      plain = std::max(plain, word - ahead);
      break;
  }
  double begin = 0, other = 0;
  if (hotwords_ != nullptr) {
    const hotwords::Automaton& automaton = *hotwords_->automaton;
    begin = std::max(0.0f, automaton.max_gain(from.hotword));
    const bool only_begins =
        !hotwords_->words && automaton.is_base(from.hotword) && automaton.falls_back_plainly();
    other = only_begins ? 0 : begin;
  }
  gains[0] = static_cast<float>(plain + other);
  gains[1] = static_cast<float>(ending + other);
  gains[2] = static_cast<float>(plain + begin);
  gains[3] = static_cast<float>(ending + begin);
}

}  // namespace tlg::decoder::prefix
