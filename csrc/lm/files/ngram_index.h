// Finds an n-gram of one order by its words: open addressing, 8 bytes a slot, exact (the words are
// compared). Not for: scoring (lm/query follows links instead).
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "lm/word_table.h"

#if defined(__GNUC__) || defined(__clang__)
#define TLG_PREFETCH(address) __builtin_prefetch(address)
#else
#define TLG_PREFETCH(address) ((void)0)
#endif

namespace tlg::lm {

inline constexpr std::uint32_t kNoNgram = 0xffffffffU;

class NgramIndex {
 public:
  // `words` may grow (by n-grams that are then inserted), but must outlive the index.
  NgramIndex(const std::vector<WordId>* words, int order) : words_(words), order_(order) {
    const std::size_t count = words->size() / static_cast<std::size_t>(order);
    std::size_t slots = 16;
    while (slots < count * 2) slots *= 2;
    slots_.resize(slots);
  }

  std::uint64_t hash(const WordId* ngram) const {
    std::uint64_t value = 0;
    for (int i = 0; i < order_; ++i) {
      value = (value ^ ngram[i]) * 0x9e3779b97f4a7c15ULL;
      value ^= value >> 32;
    }
    return value;
  }
  void prefetch(std::uint64_t hash) const { TLG_PREFETCH(&slots_[hash & (slots_.size() - 1)]); }

  std::uint32_t find(const WordId* ngram, std::uint64_t hash) const {
    const Slot& slot = slots_[probe(ngram, hash)];
    return slot.index_plus_1 ? slot.index_plus_1 - 1 : kNoNgram;
  }

  // Adds n-gram `index` of the words; returns the one that was there before with the same words,
  // or kNoNgram when it is new.
  std::uint32_t insert(std::uint32_t index, std::uint64_t hash) {
    const WordId* ngram = words_->data() + static_cast<std::size_t>(index) * order_;
    Slot& slot = slots_[probe(ngram, hash)];
    if (slot.index_plus_1) return slot.index_plus_1 - 1;
    slot = {static_cast<std::uint32_t>(hash >> 32), index + 1};
    if (++used_ * 4 > slots_.size() * 3) grow();
    return kNoNgram;
  }

 private:
  struct Slot {
    std::uint32_t tag = 0, index_plus_1 = 0;
  };

  std::size_t probe(const WordId* ngram, std::uint64_t hash) const {
    const std::size_t mask = slots_.size() - 1;
    const auto tag = static_cast<std::uint32_t>(hash >> 32);
    std::size_t at = hash & mask;
    for (; slots_[at].index_plus_1; at = (at + 1) & mask) {
      if (slots_[at].tag != tag) continue;
      const WordId* there =
          words_->data() + static_cast<std::size_t>(slots_[at].index_plus_1 - 1) * order_;
      if (std::equal(there, there + order_, ngram)) break;
    }
    return at;
  }

  void grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    const std::size_t mask = slots_.size() - 1;
    for (const Slot& slot : old) {
      if (!slot.index_plus_1) continue;
      std::size_t at =
          hash(words_->data() + static_cast<std::size_t>(slot.index_plus_1 - 1) * order_) & mask;
      while (slots_[at].index_plus_1) at = (at + 1) & mask;
      slots_[at] = slot;
    }
  }

  const std::vector<WordId>* words_;
  int order_;
  std::vector<Slot> slots_;
  std::size_t used_ = 0;
};

}  // namespace tlg::lm
