// What a prefix is made of and what it is worth beside its sound: how tokens make words, the
// lexicon, the language model, hotwords. Made once, then const and shared by all searches.
// Not for: the state of one prefix (scorer.h).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "decoder/prefix/lexicon.h"
#include "hotwords/automaton.h"
#include "lm/lm_model.h"

namespace tlg::decoder::prefix {

enum class WordMode {
  kTokens,     // every token is a word
  kSeparator,  // words are what is between separators
  kStart,      // some tokens start a word (SentencePiece)
  kLexicon,    // words are pronunciations of the lexicon, one after another
};

// Of a language model that is asked for words by their text.
struct OpenVocabulary {
  virtual ~OpenVocabulary() = default;
  // The number by which the model's score() takes a word; *known: whether it has the word.
  virtual lm::WordId find(const std::string& word, bool* known) = 0;
};

// A language model for one search. `open` lives as long as the model, or the Model that made it;
// nullptr if words outside of the lexicon are unknown to the language model.
struct SearchLm {
  std::shared_ptr<const lm::LmModel> model;
  OpenVocabulary* open = nullptr;
};

struct ModelOptions {
  WordMode mode = WordMode::kTokens;
  std::int32_t separator = -1;            // kSeparator
  std::vector<std::uint8_t> starts_word;  // token -> flag (kStart), all 0 else
  std::vector<std::uint8_t> usable;       // token -> whether prefixes may have it: not the blank
  std::vector<std::string> texts;         // token -> what it adds to a word
  bool lm_on_tokens = false;              // else words are scored
  std::vector<lm::WordId> lm_ids;         // lexicon word, or token -> word of the language model
  bool open = true;                       // words outside of the lexicon may be
  bool judges_words = false;       // they are unknown: there is a lexicon, or a model of words
  bool closed_by_lexicon = false;  // also those that the language model knows
  bool lookahead = false;  // a word in progress counts what the best one it may become is worth
  double lm_weight = 1, word_score = 0;
  double unk_score = 0;  // for each word that is unknown
};

class Model {
 public:
  // `lexicon` may be nullptr, not with kLexicon. `make_lm` may be empty; it is called once for each
  // search, from any thread.
  Model(ModelOptions options, std::shared_ptr<const Lexicon> lexicon,
        std::function<SearchLm()> make_lm);

  const ModelOptions& options() const { return options_; }
  const Lexicon& lexicon() const { return *lexicon_; }
  SearchLm make_lm() const { return make_lm_ ? make_lm_() : SearchLm(); }
  bool has_lm() const { return static_cast<bool>(make_lm_); }
  std::int32_t num_tokens() const { return static_cast<std::int32_t>(options_.texts.size()); }

  // Whether a word ends in front of this token (kSeparator, kStart).
  bool ends_word(std::int32_t token) const { return ends_word_[token] != 0; }
  // What the word in progress is expected to be worth: part of the bonus of prefixes that is taken
  // back when the word ends. Never rises inside a word; 0 in the root.
  double ahead(LexState state) const {
    return state == kRoot ? 0.0 : state == kOutside ? ahead_outside_ : ahead_[state];
  }
  double best_ahead() const { return best_ahead_; }  // of all states, at least 0

 private:
  ModelOptions options_;
  std::shared_ptr<const Lexicon> lexicon_;
  std::function<SearchLm()> make_lm_;
  std::vector<std::uint8_t> ends_word_;
  std::vector<float> ahead_;
  double ahead_outside_ = 0, best_ahead_ = 0;
};

// A hotword list made ready for these searches.
struct HotwordUse {
  HotwordUse(std::shared_ptr<const hotwords::Automaton> list, bool on_words,
             std::int32_t num_tokens);

  std::shared_ptr<const hotwords::Automaton> automaton;
  bool words;                        // words move it (kLexicon), else tokens
  std::vector<std::uint8_t> begins;  // token -> whether a prefix can gain by it in the root
};

}  // namespace tlg::decoder::prefix
