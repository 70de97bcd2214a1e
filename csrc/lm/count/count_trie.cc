#include "lm/count/count_trie.h"

#include <algorithm>
#include <array>
#include <limits>
#include <type_traits>
#include <utility>

#include "lm/count/packed_key.h"
#include "lm/count/parts.h"
#include "util/error.h"
#include "util/parallel.h"

namespace tlg::lm {
namespace {

constexpr std::size_t kMaxOrder = 9;
// Keys sorted at once: more are parted first, so that nothing runs long without a break.
constexpr std::size_t kMostKeys = 4 << 20;
constexpr std::size_t kStep = 1 << 15;  // windows between two looks at memory and Ctrl-C

using Sizes = std::array<std::size_t, kMaxOrder>;  // by order - 1

template <int kLimbs>
class Counter {
 public:
  using Key = PackedKey<kLimbs>;

  // `closed`: words outside a closed vocabulary are in the text.
  Counter(Corpus* corpus, int order, bool closed, const Parts& parts)
      : job_(corpus->job()),
        parts_(parts),
        order_(order),
        bits_(parts.word_bits),
        last_bit_((order - 1) * bits_),
        vocabulary_(corpus->words().size()),
        closed_(closed) {
    if (order > 2) {
      two_mask_ = ~std::uint64_t{0} >> (64 - 2 * bits_);
      two_bos_ = std::uint64_t{kBosId} << bits_ | kBosId;
    }
    equal_words_.resize(kLimbs * 64);
    for (int bit = 0; bit < kLimbs * 64; ++bit)
      equal_words_[bit] = static_cast<std::uint8_t>(std::max(0, order - 1 - bit / bits_));
  }

  CountTrie count(std::vector<IdBlock> blocks) {
    job_.progress.begin("sort", 2 * parts_.windows());
    keys_ = job_.workspace.make<Key>(parts_.windows());
    fill(std::move(blocks));
    std::vector<Sizes> sizes(parts_.size());
    sort(&sizes);
    const std::vector<Sizes> starts = start(sizes);
    job_.progress.begin("count", parts_.windows());
    parallel_for(parts_.size(), job_.threads, [&](std::size_t part, std::size_t) {
      emit(part, starts[part]);
      job_.workspace.discard(keys_.data() + parts_.parts[part].begin,
                             keys_.data() + parts_.parts[part + 1].begin);
    });
    return std::move(trie_);
  }

 private:
  // Writes the window of each token to its part. Blocks go as soon as they are read.
  void fill(std::vector<IdBlock> blocks) {
    std::vector<std::size_t> next;
    for (std::size_t part = 0; part < parts_.size(); ++part)
      next.push_back(parts_.parts[part].begin);
    if (job_.threads == 1) {
      for (IdBlock& block : blocks) fill(&block, next.data());
      return;
    }
    // Where the windows of each block go: behind those of the blocks before, in every part.
    std::vector<std::vector<std::size_t>> begin(blocks.size());
    parallel_for(blocks.size(), job_.threads, [&](std::size_t i, std::size_t) {
      begin[i].resize(parts_.size());
      for (const WordId word : blocks[i])
        if (!closed_ || word != kUnkId) ++begin[i][parts_.of_word[word]];
      job_.workspace.touched(blocks[i].size() * sizeof(WordId));
      job_.progress.add(0);
    });
    for (std::vector<std::size_t>& one : begin)
      for (std::size_t part = 0; part < parts_.size(); ++part)
        one[part] = std::exchange(next[part], next[part] + one[part]);
    parallel_for(blocks.size(), job_.threads,
                 [&](std::size_t i, std::size_t) { fill(&blocks[i], begin[i].data()); });
  }

  void fill(IdBlock* block, std::size_t* next) {
    Key start{};  // a history of <s> alone
    for (int i = 0; i + 1 < order_; ++i) start.put(i * bits_, kBosId);
    const int newest = last_bit_ - bits_;
    Key history = start;
    Key* const keys = keys_.data();
    std::size_t left = kStep;
    for (const WordId word : *block) {
      if (!closed_ || word != kUnkId) {
        const std::uint16_t part = parts_.of_word[word];
        Key key = history;
        key.put(last_bit_, word - parts_.parts[part].base);
        keys[next[part]++] = key;
      }
      if (word == kEosId) {
        history = start;
      } else if (order_ > 1) {
        history.shift_right(bits_);
        history.put(newest, word);
      }
      if (--left == 0) {
        left = kStep;
        passed(kStep * (sizeof(Key) + sizeof(WordId)), kStep);
      }
    }
    *block = IdBlock({});
  }

  // A step is done: that many bytes were read or written for so many windows.
  void passed(std::size_t bytes, std::size_t windows) {
    job_.workspace.touched(bytes);
    job_.progress.add(windows);
  }

  void sort(std::vector<Sizes>* sizes) {
    std::size_t largest = 0;
    for (std::size_t part = 0; part < parts_.size(); ++part)
      largest = std::max(largest, parts_.parts[part + 1].begin - parts_.parts[part].begin);
    std::size_t room = kMostKeys;
    if (job_.workspace.limited())
      room = std::min<std::size_t>(room,
                                   job_.workspace.memory() / 16 / job_.threads / sizeof(Key) + 1);
    room = std::min(room, largest);
    std::vector<util::Array<Key>> scratch(job_.threads);
    const auto moved = [&](std::size_t keys) { passed(keys * sizeof(Key), 0); };
    parallel_for(parts_.size(), job_.threads, [&](std::size_t part, std::size_t worker) {
      if (scratch[worker].empty()) scratch[worker] = util::Array<Key>(room);
      const std::size_t begin = parts_.parts[part].begin, end = parts_.parts[part + 1].begin;
      sort_keys(keys_.data() + begin, end - begin, parts_.bits(order_), scratch[worker].data(),
                room, moved);
      measure(begin, end, &(*sizes)[part]);
      passed((end - begin) * sizeof(Key), end - begin);
    });
  }

  // How long the suffix of a window is that is an n-gram: it has one <s> at most and, in a closed
  // vocabulary, no outside word.
  int top_order(const Key& key) const {
    if (closed_) {
      int bos = 0;
      for (int k = 2; k <= order_; ++k) {
        const WordId word = key.get((order_ - k) * bits_, bits_);
        if (word == kUnkId || (word == kBosId && ++bos == 2)) return k - 1;
      }
      return order_;
    }
    if ((key.limb[0] & two_mask_) != two_bos_) return order_;
    int leading = 2;
    while (leading + 1 < order_ && key.get(leading * bits_, bits_) == kBosId) ++leading;
    return order_ - leading + 1;
  }

  // How many words from the right two windows have in common.
  int common(const Key& a, const Key& b) const {
    const int bit = Key::highest_difference(a, b);
    return bit < 0 ? order_ : equal_words_[bit];
  }

  // How many nodes of each order sorted windows give.
  void measure(std::size_t begin, std::size_t end, Sizes* sizes) const {
    sizes->fill(0);
    for (std::size_t i = begin; i < end; ++i) {
      const int same = i == begin ? 0 : common(keys_[i], keys_[i - 1]);
      if (same == order_) continue;
      const int top = top_order(keys_[i]);
      for (int k = same; k < top; ++k) ++(*sizes)[k];
    }
  }

  // Makes the levels and says where the nodes of each part begin.
  std::vector<Sizes> start(const std::vector<Sizes>& sizes) {
    std::vector<Sizes> starts;
    Sizes sum{};
    for (const Sizes& one : sizes) {
      starts.push_back(sum);
      for (int k = 1; k < order_; ++k) sum[k] += one[k];
    }
    util::Workspace& workspace = job_.workspace;
    trie_.last_raw_count.assign(static_cast<std::size_t>(order_), 0);
    trie_.levels.resize(static_cast<std::size_t>(order_));
    for (int k = 1; k <= order_; ++k) {
      CountLevel& level = trie_.levels[k - 1];
      const std::size_t size = k == 1 ? vocabulary_ : sum[k - 1];
      if (k > 1) level.word = workspace.make<WordId>(size);
      if (k < order_) {
        level.first_child = workspace.make<std::uint32_t>(size + 1);
        level.first_child[size] = static_cast<std::uint32_t>(sum[k]);
      }
      level.count = workspace.make_zeroed<std::uint32_t>(size);
      if (closed_) level.raw = workspace.make_zeroed<std::uint32_t>(size);
    }
    return starts;
  }

  void emit(std::size_t part, const Sizes& starts) {
    const WordId base = parts_.parts[part].base;
    const std::size_t begin = parts_.parts[part].begin, end = parts_.parts[part + 1].begin;
    std::array<std::uint32_t, kMaxOrder + 2> next{}, current{};  // by order
    std::array<std::size_t, kMaxOrder + 2> born{};  // the window in which `current` appeared
    for (int k = 2; k <= order_; ++k) next[k] = static_cast<std::uint32_t>(starts[k - 1]);
    std::array<CountLevel*, kMaxOrder + 2> level{};
    for (int k = 1; k <= order_; ++k) level[k] = &trie_.levels[k - 1];
    WordId begun = base;  // the first word whose first_child is not set
    const auto begin_words = [&](WordId stop) {
      if (order_ > 1)
        for (; begun < stop; ++begun) level[1]->first_child[begun] = next[2];
    };
    int top = 0;
    for (std::size_t i = begin; i < end; ++i) {
      const Key& key = keys_[i];
      const int same = i == begin ? 0 : common(key, keys_[i - 1]);
      if (same < order_) top = top_order(key);
      for (int k = same + 1; k <= top; ++k) {
        if (k == 1) {
          current[1] = base + key.get(last_bit_, parts_.last_bits);
          begin_words(current[1] + 1);
        } else {
          const std::uint32_t node = next[k]++;
          level[k]->word[node] = key.get((order_ - k) * bits_, bits_);
          if (k < order_) level[k]->first_child[node] = next[k + 1];
          ++level[k - 1]->count[current[k - 1]];
          current[k] = node;
        }
        born[k] = i;
      }
      if (closed_)
        count_closed(key, same, top, current);
      else
        ++level[top]->count[current[top]];
      if ((i - begin) % kStep == kStep - 1) passed(kStep * (sizeof(Key) + 16), kStep);
    }
    begin_words(parts_.parts[part + 1].base);
    if (end == parts_.windows() && begin != end && !closed_)
      for (int k = 1; k <= top && k < order_; ++k)
        trie_.last_raw_count[k - 1] = static_cast<std::uint32_t>(end - born[k]);
  }

  void count_closed(const Key& key, int same, int top,
                    const std::array<std::uint32_t, kMaxOrder + 2>& current) {
    for (int k = 1; k <= top; ++k) ++trie_.levels[k - 1].raw[current[k]];
    // Outside words to the left are one word, however many and however often.
    const bool outside = top < order_ && key.get((order_ - top - 1) * bits_, bits_) == kUnkId;
    if (!outside || same <= top) ++trie_.levels[top - 1].count[current[top]];
  }

  util::Job& job_;
  const Parts& parts_;
  const int order_, bits_, last_bit_;  // where the last word begins in a key
  const std::size_t vocabulary_;
  const bool closed_;
  // What the two oldest words of a window are if they are <s>; never, for bigrams.
  std::uint64_t two_mask_ = 0, two_bos_ = 1;
  std::vector<std::uint8_t> equal_words_;  // by the highest differing bit
  util::Array<Key> keys_;
  CountTrie trie_;
};

}  // namespace

CountTrie count_ngrams(Corpus* corpus, int order) {
  if (corpus->num_words() + corpus->num_sentences() >= std::numeric_limits<std::uint32_t>::max())
    throw Error(ErrorKind::kText, "more than 4.29 billion tokens", "Train on a part of the text");
  std::vector<std::uint64_t> histogram = corpus->histogram();
  const bool closed = corpus->options().closed && histogram[kUnkId] > 0;
  if (closed) histogram[kUnkId] = 0;
  const Parts parts = make_parts(histogram, order);
  const auto run = [&](auto limbs) {
    return Counter<limbs.value>(corpus, order, closed, parts).count(corpus->take_blocks());
  };
  if (parts.limbs == 1) return run(std::integral_constant<int, 1>());
  if (parts.limbs == 2) return run(std::integral_constant<int, 2>());
  if (parts.limbs == 3) return run(std::integral_constant<int, 3>());
  return run(std::integral_constant<int, 5>());
}

std::vector<util::Array<std::uint32_t>> raw_counts(const CountTrie& trie,
                                                   util::Workspace workspace) {
  std::vector<util::Array<std::uint32_t>> raw(trie.levels.size());
  for (int k = trie.order(); k >= 1; --k) {
    const CountLevel& level = trie.levels[k - 1];
    const util::Array<std::uint32_t>& known = level.raw.empty() ? level.count : level.raw;
    raw[k - 1] = workspace.make<std::uint32_t>(known.size());
    for (std::size_t node = 0; node < known.size(); ++node) {
      // The windows of an n-gram are those of its children; what begins with <s> has none and is
      // counted as it is.
      std::uint32_t sum = 0, child = 0, end = 0;
      if (level.raw.empty() && k < trie.order()) {
        child = level.first_child[node];
        end = level.first_child[node + 1];
      }
      if (child == end) sum = known[node];
      for (; child < end; ++child) sum += raw[k][child];
      raw[k - 1][node] = sum;
      if (node % kStep == kStep - 1) workspace.touched(kStep * 16);
    }
  }
  return raw;
}

}  // namespace tlg::lm
