#include "lm/smooth/contexts.h"

#include <array>

namespace tlg::lm {
namespace {

// Many binary searches in step: the cache misses of one round overlap.
class Searches {
 public:
  Searches(const WordId* words, std::uint32_t* found) : words_(words), found_(found) {}
  ~Searches() { finish(); }

  // found[at] becomes the index of `wanted` in words[low, low + size), where it is.
  void add(std::uint32_t at, std::uint32_t low, std::uint32_t size, WordId wanted) {
    all_[used_++] = {at, low, size, wanted};
    if (used_ == all_.size()) finish();
  }

 private:
  struct Search {
    std::uint32_t at, low, size;
    WordId wanted;
  };

  void finish() {
    std::uint32_t largest = 0;
    for (std::size_t i = 0; i < used_; ++i) largest = std::max(largest, all_[i].size);
    for (; largest > 1; largest -= largest / 2) {
      for (std::size_t i = 0; i < used_; ++i) {
        Search& one = all_[i];
        const std::uint32_t half = one.size / 2;
        one.low += words_[one.low + half] <= one.wanted ? half : 0;
        one.size -= half;
      }
    }
    for (std::size_t i = 0; i < used_; ++i) found_[all_[i].at] = all_[i].low;
    used_ = 0;
  }

  const WordId* words_;
  std::uint32_t* found_;
  std::size_t used_ = 0;
  std::array<Search, 128> all_;
};

// A list up to this many times as long as the one looked for in it is walked.
constexpr std::uint32_t kWalk = 3;
// How many parents are looked at together.
constexpr std::size_t kBlock = 64;

}  // namespace

util::Array<std::uint32_t> find_contexts(const CountTrie& trie, int k,
                                         const util::Array<std::uint32_t>& parent_context,
                                         util::Job* job) {
  const CountLevel& level = trie.levels[k - 1];
  auto context = job->workspace.make<std::uint32_t>(level.word.size());
  if (k == 2) {
    std::copy(level.word.begin(), level.word.end(), context.begin());
    return context;
  }
  const WordId* const wanted = level.word.data();
  const std::uint32_t* const children = trie.levels[k - 2].first_child.data();
  const WordId* const words = trie.levels[k - 2].word.data();
  // The children of a parent's context: a sorted list that holds all of the parent's.
  const std::uint32_t* const cousins = trie.levels[k - 3].first_child.data();
  const std::uint32_t* const parents = parent_context.data();
  in_ranges(job, parent_context.size(), 16384, [&](std::size_t begin, std::size_t end) {
    Searches searches(words, context.data());
    for (std::size_t block = begin; block < end; block += kBlock) {
      const std::size_t stop = std::min(block + kBlock, end);
      for (std::size_t parent = block; parent < stop; ++parent)
        util::prefetch(cousins + parents[std::min(parent + kBlock, end - 1)]);
      for (std::size_t parent = block; parent < stop; ++parent)
        util::prefetch(words + cousins[parents[parent]]);
      for (std::size_t parent = block; parent < stop; ++parent) {
        const std::uint32_t first = children[parent], size = children[parent + 1] - first;
        if (!size) continue;
        std::uint32_t low = cousins[parents[parent]];
        const std::uint32_t high = cousins[parents[parent] + 1];
        if (high - low == size) {
          for (std::uint32_t i = 0; i < size; ++i) context[first + i] = low + i;
        } else if (high - low <= size * kWalk) {
          for (std::uint32_t node = first; node < first + size; ++node, ++low) {
            while (words[low] != wanted[node]) ++low;
            context[node] = low;
          }
        } else {
          for (std::uint32_t node = first; node < first + size; ++node)
            searches.add(node, low, high - low, wanted[node]);
        }
      }
    }
    return children[end] - children[begin];
  });
  return context;
}

}  // namespace tlg::lm
