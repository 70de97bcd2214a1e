// Mixtures of models as one model: linear, and log-linear with its weights tuned to a text.
// Not for: mixtures that stay apart and are mixed word by word (lm/change/held_out.h has what
// learns their weights; the Python side mixes).
#pragma once

#include <vector>

#include "lm/change/held_out.h"
#include "lm/change/project.h"
#include "lm/change/unite.h"
#include "lm/ngram_trie.h"

namespace tlg::lm {

// p(w|h) = sum of weights[i] p_i(w|h) for every n-gram that a model has; the backoffs make the sums
// 1 (SRILM -mix-lm). The weights are at least 0 and add to 1.
NgramTrie mix_linear(const Models& models, const std::vector<double>& weights,
                     UnknownWords unknown);

// p(w|h) proportional to the product of p_i(w|h)^weights[i]. What a backoff model says of unseen
// words is a factor times what it says after a shorter context, and so it is for the product: the
// result is exact for every word after every context, not for the seen ones alone.
class LoglinearMix {
 public:
  LoglinearMix(const Models& models, UnknownWords unknown);

  NgramTrie model(const std::vector<double>& weights) const;

  // What weights are tuned to.
  void set_text(const HeldOut& text);
  // The mean score of the text's tokens in nats, a concave function of the weights, and its
  // gradient. Tokens of words that no model has are left out.
  struct Value {
    double score;
    std::vector<double> gradient;
  };
  Value evaluate(const std::vector<double>& weights) const;
  std::size_t num_tokens() const { return tokens_; }

 private:
  struct Sums {
    std::vector<util::Array<double>> total;  // [k][context]: of u(w) after a context of k words
    // [k][context * models + i]: of u(w) ln p_i(w); empty where not asked for
    std::vector<util::Array<double>> scores;
  };
  double score(int k, std::size_t node, const std::vector<double>& weights) const;
  double backoff(int k, std::size_t node, const std::vector<double>& weights) const;
  Sums sums(const std::vector<double>& weights, bool with_scores) const;

  NgramTrie all_;
  std::vector<Projection> parts_;
  float log10_bos_ = 0;
  // Of the text: the sum of ln p_i over the tokens; how often a token comes after each context.
  std::vector<double> part_scores_;
  std::vector<std::vector<std::uint32_t>> context_counts_;  // [k][context of k words]
  std::size_t tokens_ = 0;
};

}  // namespace tlg::lm
