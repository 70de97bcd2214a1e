// Where the context of each n-gram is in the count trie, and sums over the n-grams that share one.
// Not for: what is done with the sums (lm/smooth/estimate.cc).
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "lm/count/count_trie.h"
#include "util/array.h"
#include "util/job.h"
#include "util/parallel.h"
#include "util/prefetch.h"

#if defined(_MSC_VER) && !defined(__clang__)
#include <intrin.h>
#endif

namespace tlg::lm {

// Calls work(begin, end) for ranges of [0, count) on the job's threads; it returns how many n-grams
// it has passed over.
template <typename Function>
void in_ranges(util::Job* job, std::size_t count, std::size_t size, const Function& work) {
  constexpr std::size_t kTouched = 4096;  // bytes an n-gram: some of its data lie anywhere
  parallel_for((count + size - 1) / size, job->threads, [&](std::size_t i, std::size_t) {
    const std::size_t passed = work(i * size, std::min(count, (i + 1) * size));
    job->workspace.touched(passed * kTouched);
    job->progress.add(passed);
  });
}

// The context of "w1 .. wk" is "w1 .. w(k-1)", a node of order k - 1: the child w1 of its parent's
// context. `parent_context` are the contexts of order k - 1, not needed for k = 2.
util::Array<std::uint32_t> find_contexts(const CountTrie& trie, int k,
                                         const util::Array<std::uint32_t>& parent_context,
                                         util::Job* job);

// Adds to a number that other threads add to as well.
inline void add_shared(std::uint64_t* number, std::uint64_t addend) {
#if defined(_MSC_VER) && !defined(__clang__)
  _InterlockedExchangeAdd64(reinterpret_cast<volatile long long*>(number),
                            static_cast<long long>(addend));
#else
  __atomic_fetch_add(number, addend, __ATOMIC_RELAXED);
#endif
}

// For each context, sums over its n-grams, and then, in the same place, its two weights. The sums
// are whole numbers, so that the order of adding does not matter.
class ContextTable {
 public:
  // Parts of counts are held in units of 2^-32.
  static constexpr double kUnit = 1.0 / 4294967296.0;

  struct Sums {
    double total;    // of the counts
    double removed;  // what discounts and pruning take from them
    double types;    // n-grams with a count above 0
  };
  struct Weights {
    double scale;  // own(hw) = scale * (c - removed(c))
    double gamma;  // of the distribution after the shorter context
  };

  ContextTable(std::size_t size, util::Workspace* workspace)
      : cells_(workspace->make_zeroed<Cell>(size)) {}

  std::size_t size() const { return cells_.size(); }
  void prefetch(std::size_t context) const { util::prefetch(cells_.data() + context); }

  template <bool kShared>
  void add(std::size_t context, std::uint32_t count, std::uint64_t removed) {
    Cell& cell = cells_[context];
    const std::uint64_t types_total = (count ? std::uint64_t{1} << 32 : 0) | count;
    if constexpr (kShared) {
      add_shared(&cell.removed, removed);
      add_shared(&cell.types_total, types_total);
    } else {
      cell.removed += removed;
      cell.types_total += types_total;
    }
  }
  Sums sums(std::size_t context) const {
    const Cell& cell = cells_[context];
    return {static_cast<double>(cell.types_total & 0xffffffffU),
            static_cast<double>(cell.removed) * kUnit, static_cast<double>(cell.types_total >> 32)};
  }
  void set(std::size_t context, const Weights& weights) {
    static_assert(sizeof(Weights) == sizeof(Cell));
    std::memcpy(&cells_[context], &weights, sizeof weights);
  }
  Weights weights(std::size_t context) const {
    Weights weights;
    std::memcpy(&weights, cells_.data() + context, sizeof weights);
    return weights;
  }

 private:
  struct Cell {
    std::uint64_t removed, types_total;
  };
  util::Array<Cell> cells_;
};

}  // namespace tlg::lm
