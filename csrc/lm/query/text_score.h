// Scoring whole texts: what perplexity is made of.
// Not for: the figures themselves (lm/perplexity.py).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lm/query/query_model.h"

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

// Words wait here until there are enough of them to be scored together. Sums are taken over the
// tokens of a sentence, then over the sentences of a part, then over parts, always in the order of
// the text and with parts of a fixed size: figures do not depend on the number of threads.
class TextScorer {
 public:
  TextScorer(const QueryModel& model, bool per_sentence, std::size_t threads = 1);

  // Adds whole lines (split as lm/count/corpus.h does); `name` and `first_line` are for errors.
  // Throws Error(kText) for <s> or </s> in the text, and for what is not UTF-8.
  void add_text(std::string_view text, const std::string& name, std::int64_t first_line);
  // Adds one sentence from its words.
  void add_sentence(const std::vector<std::string>& words, std::int64_t number);

  const TextScore& total();
  const std::vector<TextScore>& sentences();

 private:
  class Part;

  void add_part(const TextScore& sum, std::vector<TextScore>* sentences);
  // Scores the sentences of add_sentence() that wait.
  void flush();

  const QueryModel& model_;
  bool per_sentence_;
  std::size_t threads_;
  std::shared_ptr<Part> waiting_;  // what add_sentence() brought and nobody has asked for yet
  TextScore total_;
  std::vector<TextScore> sentences_;
};

// Each word of a sentence and then </s>.
std::vector<TokenScore> score_tokens(const QueryModel& model,
                                     const std::vector<std::string>& words);

}  // namespace tlg::lm
