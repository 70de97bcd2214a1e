// The words of a file and their ids, for finding many at a time: what a word's lookup waits for in
// memory is asked for before it is needed. Ids are the order of insertion.
// Not for: texts of unknown words (lm/word_table.h), deletion, concurrent writers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lm/word_table.h"
#include "util/prefetch.h"
#include "util/swar.h"

namespace tlg::lm {

// A word as it stands in a text: its first 16 bytes in registers, the rest where it is.
struct TextWord {
  std::uint64_t low = 0, high = 0;  // zero bytes behind a shorter word
  const char* text = nullptr;
  std::size_t size = 0;

  TextWord() = default;
  // At least 16 bytes from `begin` on must be readable, whatever the size. (kFirstByteIsLowest
  // alone: elsewhere use the other constructor.)
  static TextWord padded(const char* begin, std::size_t length) {
    TextWord word;
    word.text = begin;
    word.size = length;
    const Mask& mask = kMasks[length < 16 ? length : 16];  // a branch would often be foretold wrong
    word.low = util::load_eight(begin) & mask.low;
    word.high = util::load_eight(begin + 8) & mask.high;
    return word;
  }
  explicit TextWord(std::string_view whole) : text(whole.data()), size(whole.size()) {
    char start[16] = {};
    for (std::size_t i = 0; i < size && i < sizeof start; ++i) start[i] = text[i];
    low = util::load_eight(start);
    high = util::load_eight(start + 8);
  }

  std::string_view view() const { return {text, size}; }
  // Words have no zero bytes, so the 16 bytes of a short one are all there is to know.
  bool same_start(const TextWord& other) const { return low == other.low && high == other.high; }
  bool is_short() const { return size < 16; }
  std::uint64_t hash() const {
    std::uint64_t value = low * 0x9e3779b97f4a7c15ULL ^ (high * 0xbf58476d1ce4e5b9ULL >> 7);
    if (!is_short()) value ^= hash_bytes(text + 16, size - 16);
    value = (value ^ value >> 32) * 0x94d049bb133111ebULL;
    return value ^ value >> 29;
  }

 private:
  struct Mask {
    std::uint64_t low, high;
  };
  static constexpr std::uint64_t kAll = ~std::uint64_t{0};
  static constexpr Mask kMasks[17] = {{0, 0},
                                      {kAll >> 56, 0},
                                      {kAll >> 48, 0},
                                      {kAll >> 40, 0},
                                      {kAll >> 32, 0},
                                      {kAll >> 24, 0},
                                      {kAll >> 16, 0},
                                      {kAll >> 8, 0},
                                      {kAll, 0},
                                      {kAll, kAll >> 56},
                                      {kAll, kAll >> 48},
                                      {kAll, kAll >> 40},
                                      {kAll, kAll >> 32},
                                      {kAll, kAll >> 24},
                                      {kAll, kAll >> 16},
                                      {kAll, kAll >> 8},
                                      {kAll, kAll}};
};

// Invariant: the number of slots is a power of two, at least twice the number of words.
class WordFinder {
 public:
  WordFinder() : slots_(1024) {}

  std::size_t size() const { return words_.size(); }
  const std::string& word(WordId id) const { return words_[id]; }
  // Hands the words over; the finder is empty then.
  std::vector<std::string> take_words() { return std::move(words_); }

  void prefetch(std::uint64_t hash) const { util::prefetch(&slots_[hash & (slots_.size() - 1)]); }
  // What is probably the word of this hash; kNoWord where there is none. Its text comes next.
  WordId guess(std::uint64_t hash) const {
    const Slot& slot = slots_[hash & (slots_.size() - 1)];
    const WordId id = slot.id_plus_1 - 1;
    if (id != kNoWord) util::prefetch(&starts_[id]);
    return id;
  }
  bool is(WordId id, const TextWord& word) const {
    return starts_[id].low == word.low && starts_[id].high == word.high &&
           (word.is_short() || words_[id] == word.view());
  }

  // The id of a word, kNoWord if it is not here.
  WordId find(const TextWord& word) const { return find(word, word.hash()); }
  WordId find(const TextWord& word, std::uint64_t hash) const {
    return slots_[probe(word, hash)].id_plus_1 - 1;
  }

  // Adds a word; false if it was there.
  bool insert(const TextWord& word) {
    const std::uint64_t hash = word.hash();
    Slot& slot = slots_[probe(word, hash)];
    if (slot.id_plus_1) return false;
    words_.emplace_back(word.view());
    starts_.push_back({word.low, word.high});
    slot = {tag(hash), static_cast<WordId>(words_.size())};
    if (words_.size() * 2 > slots_.size()) grow();
    return true;
  }

 private:
  struct Slot {
    std::uint32_t tag = 0, id_plus_1 = 0;
  };
  struct Start {
    std::uint64_t low, high;
  };

  static std::uint32_t tag(std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 32); }

  std::size_t probe(const TextWord& word, std::uint64_t hash) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = hash & mask;
    while (slots_[at].id_plus_1 &&
           (slots_[at].tag != tag(hash) || !is(slots_[at].id_plus_1 - 1, word)))
      at = (at + 1) & mask;
    return at;
  }

  void grow() {
    slots_.assign(slots_.size() * 4, Slot());
    const std::size_t mask = slots_.size() - 1;
    for (WordId id = 0; id < words_.size(); ++id) {
      const std::uint64_t hash = TextWord(words_[id]).hash();
      std::size_t at = hash & mask;
      while (slots_[at].id_plus_1) at = (at + 1) & mask;
      slots_[at] = {tag(hash), id + 1};
    }
  }

  std::vector<std::string> words_;
  std::vector<Start> starts_;  // the first 16 bytes of each, zero bytes behind a shorter one
  std::vector<Slot> slots_;
};

}  // namespace tlg::lm
