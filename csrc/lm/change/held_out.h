// A text to learn the weights of a mixture from, as ids of all words of the models, and what each
// model says of its tokens.
// Not for: perplexity (lm/query/text_score.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lm/change/project.h"
#include "lm/change/unite.h"
#include "lm/word_table.h"

namespace tlg::lm {

class HeldOut {
 public:
  // The words that the models have.
  explicit HeldOut(const NgramTrie& words);

  // Adds whole lines; `name` and `first_line` are for errors. Throws Error(kText): not UTF-8, or
  // <s> or </s> in the text.
  void add_text(std::string_view text, const std::string& name, std::int64_t first_line);
  void add_sentence(const std::vector<std::string>& words, std::int64_t number);

  // Sentences one after another, each ended by kEnd; kNoWord is a word that no model has, or <unk>.
  static constexpr WordId kEnd = kNoWord - 1;
  const std::vector<WordId>& ids() const { return ids_; }
  std::size_t num_sentences() const { return sentences_; }
  std::size_t num_oovs() const { return oovs_; }

 private:
  void add_word(std::string_view word, const std::string& name, std::int64_t line);
  void end_sentence();

  WordTable words_;
  WordId unk_;
  std::vector<WordId> ids_;
  std::size_t sentences_ = 0, oovs_ = 0;
};

// The probabilities that the models give the tokens of the text: [token * models + i], for tokens
// that are words or </s>; words that no model has are left out, and are <unk> to what follows.
std::vector<double> token_probs(const Models& models, const HeldOut& text, UnknownWords unknown);

}  // namespace tlg::lm
