// The words that prefixes may be made of, as a deterministic acyclic automaton over tokens in flat
// arrays: from pronunciations it is their trie; from spelled words it is the trie of their bytes,
// in which a token takes as many steps as it has bytes, so that every way of cutting a word into
// tokens leads to the same state. Built once, then const. Not for: language model scores.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace tlg::decoder::prefix {

using LexState = std::uint32_t;
inline constexpr LexState kRoot = 0;               // no token of the word yet
inline constexpr LexState kOutside = 0xffffffffu;  // no word begins like this

// Invariant: arcs of a state are sorted by token and lead to a higher state, but for tokens without
// text, which lead from the root to itself.
class Lexicon {
 public:
  // Every way of writing the words with the tokens' texts. Tokens that start a word are taken at
  // the root alone. `usable`: not the blank and the like. A word that is there twice counts once.
  static std::shared_ptr<const Lexicon> spell(const std::vector<std::string>& words,
                                              const std::vector<std::string>& texts,
                                              const std::vector<std::uint8_t>& starts_word,
                                              const std::vector<std::uint8_t>& usable);
  // Pronunciation i is tokens[offsets[i]] .. tokens[offsets[i + 1] - 1], never empty, of word
  // word_of[i].
  static std::shared_ptr<const Lexicon> pronounce(const std::vector<std::string>& words,
                                                  const std::vector<std::uint32_t>& word_of,
                                                  const std::vector<std::int32_t>& tokens,
                                                  const std::vector<std::int64_t>& offsets,
                                                  std::int32_t num_tokens);

  LexState next(LexState state, std::int32_t token) const {
    if (state == kRoot) return root_[static_cast<std::size_t>(token)];
    if (state == kOutside) return kOutside;
    std::uint32_t low = first_arc_[state], high = first_arc_[state + 1];
    while (high - low > 8) {
      const std::uint32_t middle = low + (high - low) / 2;
      if (labels_[middle] <= token)
        low = middle;
      else
        high = middle;
    }
    for (; low < high; ++low)
      if (labels_[low] == token) return targets_[low];
    return kOutside;
  }
  bool goes_on(LexState state) const { return first_arc_[state] < first_arc_[state + 1]; }

  // The words that are complete in a state.
  std::uint32_t num_words_at(LexState state) const {
    return state == kOutside ? 0 : first_word_[state + 1] - first_word_[state];
  }
  std::uint32_t word_at(LexState state, std::uint32_t i) const {
    return word_ids_[first_word_[state] + i];
  }

  const std::vector<std::string>& words() const { return words_; }
  // Words, by index, that no sequence of tokens spells.
  const std::vector<std::uint32_t>& unspelled() const { return unspelled_; }
  std::size_t num_states() const { return first_word_.size() - 1; }
  std::size_t num_arcs() const { return targets_.size(); }

  // For each state the greatest of `values` (one a word) over the words complete in it or beyond
  // it; -infinity where there are none.
  std::vector<float> best_beyond(const std::vector<float>& values) const;

 private:
  Lexicon() = default;
  void set_root(std::int32_t num_tokens);

  std::vector<std::string> words_;
  std::vector<std::uint32_t> unspelled_;
  std::vector<LexState> root_;  // token -> state: the root's arcs once more
  std::vector<std::uint32_t> first_arc_;
  std::vector<std::int32_t> labels_;
  std::vector<LexState> targets_;
  std::vector<std::uint32_t> first_word_, word_ids_;
};

}  // namespace tlg::decoder::prefix
