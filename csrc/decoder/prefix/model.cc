#include "decoder/prefix/model.h"

#include <algorithm>
#include <utility>

namespace tlg::decoder::prefix {

Model::Model(ModelOptions options, std::shared_ptr<const Lexicon> lexicon,
             std::function<SearchLm()> make_lm)
    : options_(std::move(options)), lexicon_(std::move(lexicon)), make_lm_(std::move(make_lm)) {
  const auto num_tokens = static_cast<std::size_t>(this->num_tokens());
  if (lexicon_ == nullptr)  // no words: everything is outside
    lexicon_ = Lexicon::pronounce({}, {}, {}, {0}, this->num_tokens());
  ends_word_.assign(num_tokens, 0);
  for (std::size_t token = 0; token < num_tokens; ++token)
    ends_word_[token] = static_cast<std::int32_t>(token) == options_.separator ||
                        (options_.mode == WordMode::kStart && options_.starts_word[token] != 0);

  std::vector<float> worth(lexicon_->words().size(), 0);
  double unknown = 0;
  if (options_.lookahead && make_lm_ && !options_.lm_on_tokens) {
    // Behind an unknown word a model knows nothing of what came before, if it can forget at all.
    const SearchLm lm = make_lm_();
    lm::LmState nothing;
    lm.model->score(lm.model->start(), lm::kNoWord, &nothing);
    const auto score = [&](lm::WordId word) {
      lm::LmState to;
      const float score = lm.model->score(nothing, word, &to);
      return options_.word_score + (options_.lm_weight == 0 ? 0.0 : options_.lm_weight * score);
    };
    for (std::size_t word = 0; word < worth.size(); ++word)
      worth[word] = static_cast<float>(score(options_.lm_ids[word]));
    unknown = score(lm::kNoWord);
  }
  ahead_ = lexicon_->best_beyond(worth);
  if (options_.open && options_.mode != WordMode::kLexicon) {
    // Once outside, a word is sure to be unknown: its score is due at once.
    ahead_outside_ = static_cast<float>(unknown + options_.unk_score);
    for (float& one : ahead_) one = std::max(one, static_cast<float>(ahead_outside_));
    best_ahead_ = std::max(best_ahead_, ahead_outside_);
  }
  for (std::size_t state = 1; state < ahead_.size(); ++state)
    best_ahead_ = std::max(best_ahead_, static_cast<double>(ahead_[state]));
}

HotwordUse::HotwordUse(std::shared_ptr<const hotwords::Automaton> list, bool on_words,
                       std::int32_t num_tokens)
    : automaton(std::move(list)), words(on_words) {
  begins.assign(static_cast<std::size_t>(num_tokens), 0);
  for (std::int32_t token = 0; token < num_tokens; ++token)
    begins[static_cast<std::size_t>(token)] = !words && automaton->can_gain_from_root(token);
}

}  // namespace tlg::decoder::prefix
