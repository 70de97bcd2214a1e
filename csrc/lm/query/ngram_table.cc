#include "lm/query/ngram_table.h"

#include <algorithm>

#include "util/error.h"

namespace tlg::lm {
namespace {

// Fuller tables are smaller; at 0.8 one bucket in four has no room for one that it is the home of.
constexpr double kLoad = 0.8;

// What a table has at least: the rest of 32 bits must fit into a tag.
constexpr std::size_t kLeast = std::size_t{1} << (32 - NgramTable::kTagBits);

int bits_for(std::uint64_t largest) {
  int bits = 0;
  for (; largest > 0; largest >>= 1) ++bits;
  return bits;
}

// x with x * odd == 1 modulo 2^64 (Newton's iteration doubles the number of right bits).
std::uint64_t inverse(std::uint64_t odd) {
  std::uint64_t x = odd;
  for (int i = 0; i < 5; ++i) x *= 2 - odd * x;
  return x;
}

}  // namespace

void NgramTable::set_bits(std::size_t num_contexts, std::size_t num_words) {
  word_bits_ = bits_for(std::max<std::size_t>(num_words, 1) - 1);
  const int bits = std::max(32, word_bits_ + bits_for(num_contexts - 1));
  mask_ = bits == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1;
  low_bits_ = bits - 32;
  low_mask_ = (std::uint64_t{1} << low_bits_) - 1;
  shift_ = (bits + 1) / 2;
}

void NgramTable::set_homes(std::uint64_t homes) {
  homes_ = homes;
  scale_ = bits_for(homes) - 1;  // neighbours differ by `homes`, at least 2^scale
}

NgramTable::NgramTable(std::size_t size, std::size_t num_contexts, std::size_t num_words) {
  set_bits(num_contexts, num_words);
  // What is stored of a key must fit: 32 - scale + low bits.
  const int least = 32 + low_bits_ - kTagBits;
  set_homes(std::max(
      std::uint64_t{1} << least,
      static_cast<std::uint64_t>(static_cast<double>(size) / (NgramBucket::kSize * kLoad)) + 1));
  clear();
}

NgramTable::NgramTable(util::Array<NgramBucket> buckets, std::size_t num_contexts,
                       std::size_t num_words)
    : buckets_(std::move(buckets)) {
  set_bits(num_contexts, num_words);
  const bool fits = buckets_.size() >= kLeast && buckets_.size() < kFree;
  if (fits) set_homes(buckets_.size());
  if (!fits || 32 - scale_ + low_bits_ > kTagBits)
    throw Error(ErrorKind::kArpa, "the model is damaged: its table of n-grams has another size",
                "Copy the file again, or make it again from the ARPA file (tlg lm convert)");
}

void NgramTable::clear() {
  if (homes_ >= kFree)
    throw Error(ErrorKind::kArpa, "more than 17 billion n-grams", "Prune the model");
  buckets_ = util::Array<NgramBucket>(static_cast<std::size_t>(homes_));
  NgramBucket empty{};
  std::fill(std::begin(empty.tag), std::end(empty.tag), kFree);
  std::fill(buckets_.begin(), buckets_.end(), empty);
}

void NgramTable::grow() {
  set_homes(homes_ + homes_ / 4 + 1);
  clear();
}

bool NgramTable::insert(Place place, float log10_prob, std::uint32_t to) {
  std::size_t at = place.bucket;
  for (std::uint32_t moved = 0; moved <= kMaxMoved; ++moved, at = after(at, place.tag)) {
    NgramBucket& bucket = buckets_.data()[at];
    int used = 0;  // entries are taken from the first on
    for (const std::uint32_t tag : bucket.tag) used += tag != kFree;
    if (used < NgramBucket::kSize) {
      bucket.tag[used] = place.tag + (moved << kTagBits);
      bucket.log10_prob[used] = log10_prob;
      bucket.to[used] = to;
      return true;
    }
    bucket.passed |= std::uint32_t{1} << (place.tag & 31);
  }
  return false;
}

NgramTable::Key NgramTable::key_of(std::size_t bucket, std::uint32_t tag) const {
  const std::uint64_t back = (tag >> kTagBits) * step_of(tag) % homes_;
  const std::uint64_t home = bucket >= back ? bucket - back : bucket + homes_ - back;
  const std::uint64_t rest = tag & ((std::uint32_t{1} << kTagBits) - 1);
  // The one number whose product with homes_ begins with `home` and goes on with the rest.
  const std::uint64_t least = (home << 32) + (rest >> low_bits_ << scale_);
  const std::uint64_t high = (least + homes_ - 1) / homes_;
  std::uint64_t key = (high << low_bits_ | (rest & low_mask_)) & mask_;
  // shift_ is at least half the bits, so that a xor-shift is its own opposite.
  key = (key ^ key >> shift_) * inverse(kMultiply2) & mask_;
  key = (key ^ key >> shift_) * inverse(kMultiply1) & mask_;
  key ^= key >> shift_;
  return {static_cast<std::uint32_t>(key >> word_bits_),
          static_cast<WordId>(key & ((std::uint64_t{1} << word_bits_) - 1))};
}

}  // namespace tlg::lm
