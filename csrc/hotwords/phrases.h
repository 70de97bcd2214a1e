// The phrases of a list as an automaton takes them: units, biases, and which of several phrases
// with the same units counts. Not for: spelling (tlg.hotwords in Python), matching (automaton.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace tlg::hotwords {

using Unit = std::int32_t;
using Grid = std::int32_t;  // 1/1024 nats
constexpr double kGridPerNat = 1024.0;

struct Phrase {
  std::vector<Unit> units;  // never empty
  double bias = 0;          // b, nats a unit
  double word_bias = 0;     // w, nats a phrase; may be negative
  // What each unit counts in the n of n*b + w: where units are words, their phones. Empty: 1 each.
  std::vector<std::int32_t> lengths;
};

// The same for many phrases, in arrays of the caller's: phrase i is units[offsets[i]] ..
// units[offsets[i + 1] - 1]. A phrase may have several spellings: each is one here, and they have
// the same owner.
struct PhraseTable {
  std::size_t num_phrases = 0;
  std::size_t num_units = 0;  // in all phrases
  const Unit* units = nullptr;
  const std::int64_t* offsets = nullptr;  // one more than there are phrases, from 0, rising
  const double* bias = nullptr;           // as Phrase::bias
  const double* word_bias = nullptr;      // as Phrase::word_bias
  const std::int32_t* lengths = nullptr;  // of each unit; nullptr: 1 each
  const std::int32_t* owners = nullptr;   // nullptr: each phrase is its own
  const char* texts = nullptr;            // of the owners, UTF-8; nullptr: none
  const std::int64_t* text_offsets =
      nullptr;  // owner -> where its text begins; one more at the end
};

// What the arrays of a table hold.
struct ColumnSizes {
  std::size_t offsets = 0, word_bias = 0, lengths = 0, owners = 0, texts = 0, text_offsets = 0;
};

// Throws Error(kHotword) where the arrays of a table do not belong together.
void check_columns(const PhraseTable& table, const ColumnSizes& sizes);

struct Options {
  Unit num_units = 0;  // units are 0 .. num_units - 1
  Unit boundary = -1;  // the unit that separates words; -1: phrases match anywhere
  // unit -> a boundary comes before it (SentencePiece); may be empty
  std::vector<bool> starts_word;
  double max_loan = 2.0;  // C: the most that is lent without being earned; may be infinite
};

// Phrases as the trie stores them: with boundaries put in and one more behind, sorted by units, one
// for each sequence of units. Of phrases with the same units the greater reward wins, then the
// greater bias, then the text that sorts first, then the lower owner, then the first.
class SortedPhrases {
 public:
  // `table` must outlive this. Throws Error(kHotword) on an empty phrase, a unit out of range, a
  // reward that is not finite or beyond 4096 nats, a phrase that begins or ends with the boundary,
  // rewards too large beside the longest phrase.
  SortedPhrases(const PhraseTable& table, const Options& options);

  std::size_t size() const { return order_.size(); }  // of phrases that count
  std::size_t longest() const { return longest_; }    // in stored units
  // The phrase at this place of the order.
  std::uint32_t phrase(std::size_t place) const { return order_[place]; }
  // By phrase:
  const Unit* begin(std::uint32_t phrase) const { return units_ + offsets_[phrase]; }
  const Unit* end(std::uint32_t phrase) const { return units_ + offsets_[phrase + 1]; }
  Grid reward(std::uint32_t phrase) const { return rewards_[phrase]; }
  // The n of its first `count` stored units.
  std::int32_t length(std::uint32_t phrase, std::size_t count) const {
    if (lengths_.empty()) return static_cast<std::int32_t>(count);
    return lengths_[static_cast<std::size_t>(offsets_[phrase]) + count - 1];
  }
  // Phrase -> the phrase with the same units that counts: itself, as a rule.
  std::vector<std::int32_t> winners() const;

 private:
  struct Key {
    std::uint64_t units;  // as many as fit, the first highest; 0 behind the end
    std::uint32_t phrase;
  };
  struct Range {
    std::size_t begin, end, depth;  // of keys_: phrases that agree in their first `depth` units
  };

  void check(const Options& options) const;
  void store(const Options& options);
  void add_rewards();
  void sort(Unit num_units);
  bool wins(std::uint32_t a, std::uint32_t b) const;
  std::string_view text(std::uint32_t phrase) const;
  std::int64_t owner(std::uint32_t phrase) const;

  const PhraseTable& table_;
  std::vector<Unit> own_units_;  // empty where the table's are stored as they are
  std::vector<std::int64_t> own_offsets_;
  std::vector<std::int32_t> lengths_;  // of a phrase, up to and with each stored unit
  const Unit* units_ = nullptr;
  const std::int64_t* offsets_ = nullptr;
  std::vector<Grid> rewards_;
  std::vector<std::uint32_t> order_;
  std::vector<Key> keys_;
  std::vector<std::uint32_t> same_;  // phrases that lose, each behind the one that wins: pairs
  std::size_t longest_ = 0;
};

}  // namespace tlg::hotwords
