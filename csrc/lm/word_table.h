// Words to ids: an open-addressing table; ids are given in the order of first appearance.
// Words are bytes; their text is kept here, so the text they came from may go.
// Not for: deletion; concurrent writers.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "util/prefetch.h"

namespace tlg::lm {

using WordId = std::uint32_t;
inline constexpr WordId kNoWord = 0xffffffffU;

inline std::uint64_t hash_bytes(const char* data, std::size_t size) {
  constexpr std::uint64_t kMultiplier = 0x9e3779b97f4a7c15ULL;
  std::uint64_t hash = size * kMultiplier;
  while (size >= 8) {
    std::uint64_t chunk;
    std::memcpy(&chunk, data, 8);
    hash = (hash ^ chunk) * kMultiplier;
    hash ^= hash >> 32;
    data += 8;
    size -= 8;
  }
  std::uint64_t tail = 0;
  if (size >= 4) {  // two overlapping reads instead of a loop over bytes
    std::uint32_t low, high;
    std::memcpy(&low, data, 4);
    std::memcpy(&high, data + size - 4, 4);
    tail = low | static_cast<std::uint64_t>(high) << 32;
  } else if (size > 0) {
    tail = static_cast<unsigned char>(data[0]) |
           static_cast<std::uint64_t>(static_cast<unsigned char>(data[size / 2])) << 8 |
           static_cast<std::uint64_t>(static_cast<unsigned char>(data[size - 1])) << 16;
  }
  hash = (hash ^ tail) * kMultiplier;
  return hash ^ hash >> 32;
}

// A word with its hash. Most words have 16 bytes or fewer and are handled as two numbers, without
// a branch on their length.
struct HashedWord {
  std::string_view text;
  std::array<std::uint64_t, 2> start{};  // the first 16 bytes, zeros behind shorter words
  std::uint64_t hash = 0;

  HashedWord() = default;  // the empty word
  explicit HashedWord(std::string_view word) : text(word) {
    if (!word.empty()) std::memcpy(start.data(), word.data(), word.size() < 16 ? word.size() : 16);
    set_hash();
  }
  // The same for a word of which 16 bytes may be read, whatever its length.
  static HashedWord readable(const char* data, std::size_t size) {
    HashedWord word;
    word.text = {data, size};
    std::memcpy(word.start.data(), data, 16);
    if (size < 16) {
      // Bytes of 0xff and then of 0: the mask for `size` bytes begins 16 - size from the start.
      static constexpr auto kMask = [] {
        std::array<unsigned char, 32> mask{};
        for (int i = 0; i < 16; ++i) mask[i] = 0xff;
        return mask;
      }();
      std::uint64_t mask[2];
      std::memcpy(mask, kMask.data() + 16 - size, 16);
      word.start[0] &= mask[0];
      word.start[1] &= mask[1];
    }
    word.set_hash();
    return word;
  }

 private:
  void set_hash() {
    constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15ULL, kOther = 0xd6e8feb86659fd93ULL;
    hash = (start[0] ^ text.size() * kOther) * kOdd;
    hash = (hash ^ hash >> 32 ^ start[1]) * kOther;
    hash ^= hash >> 32;
    if (text.size() > 16) hash ^= hash_bytes(text.data() + 16, text.size() - 16);
  }
};

// Invariant: the number of slots is a power of two, at least twice the number of words.
class WordTable {
 public:
  WordTable() : slots_(1024) {}

  std::size_t size() const { return words_.size(); }
  std::string_view word(WordId id) const { return {words_[id].data, words_[id].size}; }

  // The id of a word, kNoWord if it is not here.
  WordId find(std::string_view word) const { return find(HashedWord(word)); }
  WordId find(const HashedWord& word) const { return slots_[probe(word)].id_plus_1 - 1; }

  // To be called some words ahead of find(), one after the other: they fetch the memory that it
  // will read.
  void fetch_slot(const HashedWord& word) const {
    util::prefetch(&slots_[word.hash & (slots_.size() - 1)]);
  }
  void fetch_word(const HashedWord& word) const {
    const std::uint32_t id_plus_1 = slots_[word.hash & (slots_.size() - 1)].id_plus_1;
    if (id_plus_1) util::prefetch(&words_[id_plus_1 - 1]);
  }

  // The id of a word, which is added if it is not here.
  WordId insert(std::string_view word) { return insert(HashedWord(word)); }
  WordId insert(const HashedWord& word) {
    Slot& slot = slots_[probe(word)];
    if (slot.id_plus_1) return slot.id_plus_1 - 1;
    const auto id = static_cast<WordId>(words_.size());
    slot = {static_cast<std::uint32_t>(word.hash >> 32), id + 1};
    words_.push_back({word.start, keep(word.text), word.text.size()});
    if (words_.size() * 2 > slots_.size()) grow();
    return id;
  }

 private:
  struct Slot {
    std::uint32_t tag = 0, id_plus_1 = 0;
  };
  struct Word {
    std::array<std::uint64_t, 2> start;
    const char* data;
    std::size_t size;
  };

  static bool same(const Word& kept, const HashedWord& word) {
    return kept.start[0] == word.start[0] && kept.start[1] == word.start[1] &&
           kept.size == word.text.size() &&
           (kept.size <= 16 ||
            std::memcmp(kept.data + 16, word.text.data() + 16, kept.size - 16) == 0);
  }

  std::size_t probe(const HashedWord& word) const {
    const std::size_t mask = slots_.size() - 1;
    const auto tag = static_cast<std::uint32_t>(word.hash >> 32);
    std::size_t at = word.hash & mask;
    while (slots_[at].id_plus_1 &&
           (slots_[at].tag != tag || !same(words_[slots_[at].id_plus_1 - 1], word)))
      at = (at + 1) & mask;
    return at;
  }

  void grow() {
    std::vector<Slot> bigger(slots_.size() * 4);
    const std::size_t mask = bigger.size() - 1;
    for (WordId id = 0; id < words_.size(); ++id) {
      const std::uint64_t hash = HashedWord(word(id)).hash;
      std::size_t at = hash & mask;
      while (bigger[at].id_plus_1) at = (at + 1) & mask;
      bigger[at] = {static_cast<std::uint32_t>(hash >> 32), id + 1};
    }
    slots_ = std::move(bigger);
  }

  // Blocks never move, so the pointers into them stay good.
  const char* keep(std::string_view word) {
    constexpr std::size_t kBlock = 1 << 16;
    if (word.size() > room_) {
      room_ = word.size() > kBlock ? word.size() : kBlock;
      blocks_.push_back(std::make_unique<char[]>(room_));
      next_ = blocks_.back().get();
    }
    char* const kept = next_;
    if (!word.empty()) std::memcpy(kept, word.data(), word.size());
    next_ += word.size();
    room_ -= word.size();
    return kept;
  }

  std::vector<Slot> slots_;
  std::vector<Word> words_;
  std::vector<std::unique_ptr<char[]>> blocks_;
  char* next_ = nullptr;
  std::size_t room_ = 0;
};

}  // namespace tlg::lm
