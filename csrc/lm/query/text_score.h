// Scoring whole texts: what perplexity is made of.
// Not for: the figures themselves (lm/perplexity.py).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lm/query/backoff_model.h"

namespace tlg::lm {

// Sums over tokens: words and one </s> a sentence.
struct TextScore {
  std::uint64_t sentences = 0, words = 0;
  std::uint64_t oovs = 0;           // words that the model does not have
  std::uint64_t zeroprobs = 0;      // other tokens of probability 0; not in the sums
  double log10_prob = 0;            // of the tokens that are neither
  double log10_oov = 0;             // of the OOVs as the unknown word
  std::uint64_t oov_zeroprobs = 0;  // OOVs of probability 0; not in log10_oov
  std::vector<std::uint64_t> hits;  // tokens by the order of the n-gram that scored them
};

struct TokenScore {
  double log10_prob = 0;
  int order = 0;
  bool oov = false;
};

class TextScorer {
 public:
  TextScorer(const BackoffModel& model, bool per_sentence)
      : model_(model), per_sentence_(per_sentence) {
    one_.hits.resize(static_cast<std::size_t>(model.order()));
    total_.hits = one_.hits;
  }

  // Adds whole lines (split as lm/count/corpus.h does); `name` and `first_line` are for errors.
  // Throws Error(kText) for <s> or </s> in the text.
  void add_text(std::string_view text, const std::string& name, std::int64_t first_line);
  // Adds one sentence from its words.
  void add_sentence(const std::vector<std::string>& words, std::int64_t number);

  const TextScore& total() const { return total_; }
  const std::vector<TextScore>& sentences() const { return sentences_; }

 private:
  void add_word(std::string_view word, const std::string& name, std::int64_t line);
  void count(const LmHit& hit, bool oov);
  void end_sentence();

  const BackoffModel& model_;
  bool per_sentence_;
  LmState state_ = model_.start();
  TextScore one_, total_;  // one_: the sentence being read
  std::vector<TextScore> sentences_;
};

// Each word of a sentence and then </s>.
std::vector<TokenScore> score_tokens(const BackoffModel& model,
                                     const std::vector<std::string>& words);

}  // namespace tlg::lm
