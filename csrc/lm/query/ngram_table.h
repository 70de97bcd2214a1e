// The n-grams of a model by (context, word), exactly, in 12 bytes each and what stays free: an
// n-gram lies in the cache line of its home bucket, or in one not far behind it.
//
// A key (number of the context, word) of B bits is mixed by a bijection. Of the mixed number, the
// bucket keeps what a product with the number of buckets gives; the rest, which tells it from all
// others of the same bucket, is stored in 26 bits beside 6 bits for how often it was moved
// on. So nothing is lost: keys can be compared, and read back (Cleary, 1984: quotienting).
// Not for: unigrams (by word, in lm/query/backoff_model.h); removing anything.
#pragma once

#include <cstddef>
#include <cstdint>

#include "lm/word_table.h"
#include "util/array.h"
#include "util/prefetch.h"

namespace tlg::lm {

// As it lies in a file. A bit of `passed` is set for each n-gram that found no room here and went
// on; the others need not be looked for further.
struct alignas(64) NgramBucket {
  static constexpr int kSize = 5;
  std::uint32_t passed;
  std::uint32_t tag[kSize];
  float log10_prob[kSize];
  std::uint32_t to[kSize];  // the state after the n-gram
};
static_assert(sizeof(NgramBucket) == 64);

class NgramTable {
 public:
  // Where an n-gram is looked for first.
  struct Place {
    std::uint32_t bucket, tag;
  };
  struct Found {
    float log10_prob;
    std::uint32_t to;
  };
  struct Key {
    std::uint32_t context;
    WordId word;
  };
  static constexpr std::uint32_t kFree = 0xffffffffU;
  static constexpr int kTagBits = 26;
  // An entry goes on, around the end, by steps of 1 to kMaxStep buckets, as its key says: with
  // steps of one, full buckets pile up.
  static constexpr std::uint32_t kMaxMoved = 62, kMaxStep = 8;

  NgramTable() = default;
  // An empty table for `size` n-grams; contexts are below num_contexts, words below num_words.
  NgramTable(std::size_t size, std::size_t num_contexts, std::size_t num_words);
  // The buckets of one that was full.
  NgramTable(util::Array<NgramBucket> buckets, std::size_t num_contexts, std::size_t num_words);

  const util::Array<NgramBucket>& buckets() const { return buckets_; }

  Place place(std::uint32_t context, WordId word) const {
    const std::uint64_t mixed = mix(std::uint64_t{context} << word_bits_ | word);
    const std::uint64_t scaled = (mixed >> low_bits_) * homes_;
    const auto rest = static_cast<std::uint32_t>(scaled) >> scale_;
    return {static_cast<std::uint32_t>(scaled >> 32),
            static_cast<std::uint32_t>(std::uint64_t{rest} << low_bits_ | (mixed & low_mask_))};
  }
  void prefetch(Place place) const { util::prefetch(&buckets_.data()[place.bucket]); }
  // False if the n-gram is not here.
  bool find(Place place, Found* found) const {
    const std::uint32_t bit = std::uint32_t{1} << (place.tag & 31);
    std::size_t at = place.bucket;
    std::uint32_t tag = place.tag;
    for (std::uint32_t moved = 0;; ++moved, tag += std::uint32_t{1} << kTagBits) {
      const NgramBucket& bucket = buckets_.data()[at];
      unsigned entry = NgramBucket::kSize;  // no branch for each: which one cannot be foreseen
      for (unsigned i = 0; i < NgramBucket::kSize; ++i) entry = bucket.tag[i] == tag ? i : entry;
      if (entry < NgramBucket::kSize) {
        *found = {bucket.log10_prob[entry], bucket.to[entry]};
        return true;
      }
      if (!(bucket.passed & bit) || moved == kMaxMoved) return false;
      at = after(at, place.tag);
    }
  }

  // False if there is no room near its home: make a larger table.
  bool insert(Place place, float log10_prob, std::uint32_t to);
  // Takes out all n-grams and enlarges the table by a quarter.
  void grow();

  // Calls visit(Key, Found) for all n-grams, in no meaningful order.
  template <typename Visit>
  void for_each(Visit&& visit) const {
    for (std::size_t b = 0; b < buckets_.size(); ++b)
      for (int i = 0; i < NgramBucket::kSize; ++i)
        if (buckets_[b].tag[i] != kFree)
          visit(key_of(b, buckets_[b].tag[i]), Found{buckets_[b].log10_prob[i], buckets_[b].to[i]});
  }

 private:
  static std::uint32_t step_of(std::uint32_t tag) { return 1 + (tag >> 5 & (kMaxStep - 1)); }
  std::size_t after(std::size_t bucket, std::uint32_t tag) const {
    const std::size_t next = bucket + step_of(tag);
    return next < buckets_.size() ? next : next - buckets_.size();
  }
  void set_bits(std::size_t num_contexts, std::size_t num_words);
  void set_homes(std::uint64_t homes);
  void clear();
  Key key_of(std::size_t bucket, std::uint32_t tag) const;

  static constexpr std::uint64_t kMultiply1 = 0x9e3779b97f4a7c15ULL;
  static constexpr std::uint64_t kMultiply2 = 0xd6e8feb86659fd93ULL;
  std::uint64_t mix(std::uint64_t key) const {
    key = ((key ^ key >> shift_) * kMultiply1) & mask_;
    key = ((key ^ key >> shift_) * kMultiply2) & mask_;
    return key ^ key >> shift_;
  }

  util::Array<NgramBucket> buckets_;
  std::uint64_t homes_ = 0;  // as many
  std::uint64_t mask_ = 0, low_mask_ = 0;
  int word_bits_ = 0, low_bits_ = 0, shift_ = 0, scale_ = 0;
};

}  // namespace tlg::lm
