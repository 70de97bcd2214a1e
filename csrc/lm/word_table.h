// Words to ids: an open-addressing table; ids are given in the order of first appearance.
// Words are bytes; their text is kept here, so the text they came from may go.
// Not for: deletion; concurrent writers.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

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

// Invariant: the number of slots is a power of two, at least twice the number of words.
class WordTable {
 public:
  WordTable() : slots_(1024) {}

  std::size_t size() const { return words_.size(); }
  std::string_view word(WordId id) const { return words_[id]; }

  // The id of a word, kNoWord if it is not here.
  WordId find(std::string_view word) const {
    const std::uint64_t hash = hash_bytes(word.data(), word.size());
    const Slot& slot = slots_[probe(word, hash)];
    return slot.id_plus_1 ? slot.id_plus_1 - 1 : kNoWord;
  }

  // The id of a word, which is added if it is not here.
  WordId insert(std::string_view word) {
    const std::uint64_t hash = hash_bytes(word.data(), word.size());
    Slot& slot = slots_[probe(word, hash)];
    if (slot.id_plus_1) return slot.id_plus_1 - 1;
    const auto id = static_cast<WordId>(words_.size());
    slot = {static_cast<std::uint32_t>(hash >> 32), id + 1};
    words_.push_back(keep(word));
    if (words_.size() * 2 > slots_.size()) grow();
    return id;
  }

 private:
  struct Slot {
    std::uint32_t tag = 0, id_plus_1 = 0;
  };

  std::size_t probe(std::string_view word, std::uint64_t hash) const {
    const std::size_t mask = slots_.size() - 1;
    const auto tag = static_cast<std::uint32_t>(hash >> 32);
    std::size_t at = hash & mask;
    while (slots_[at].id_plus_1 &&
           (slots_[at].tag != tag || words_[slots_[at].id_plus_1 - 1] != word))
      at = (at + 1) & mask;
    return at;
  }

  void grow() {
    std::vector<Slot> bigger(slots_.size() * 4);
    const std::size_t mask = bigger.size() - 1;
    for (WordId id = 0; id < words_.size(); ++id) {
      const std::uint64_t hash = hash_bytes(words_[id].data(), words_[id].size());
      std::size_t at = hash & mask;
      while (bigger[at].id_plus_1) at = (at + 1) & mask;
      bigger[at] = {static_cast<std::uint32_t>(hash >> 32), id + 1};
    }
    slots_ = std::move(bigger);
  }

  // Blocks never move, so the views into them stay good.
  std::string_view keep(std::string_view word) {
    constexpr std::size_t kBlock = 1 << 16;
    if (word.empty()) return {};
    if (word.size() > room_) {
      room_ = word.size() > kBlock ? word.size() : kBlock;
      blocks_.push_back(std::make_unique<char[]>(room_));
      next_ = blocks_.back().get();
    }
    std::memcpy(next_, word.data(), word.size());
    const std::string_view kept(next_, word.size());
    next_ += word.size();
    room_ -= word.size();
    return kept;
  }

  std::vector<Slot> slots_;
  std::vector<std::string_view> words_;
  std::vector<std::unique_ptr<char[]>> blocks_;
  char* next_ = nullptr;
  std::size_t room_ = 0;
};

}  // namespace tlg::lm
