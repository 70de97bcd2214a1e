#include "lm/count/count_trie.h"

#include <limits>
#include <memory>
#include <string>
#include <type_traits>

#include "lm/count/packed_key.h"
#include "util/error.h"

namespace tlg::lm {
namespace {

int bits_for(std::uint64_t values) {
  int bits = 1;
  while (bits < 33 && (std::uint64_t{1} << bits) < values) ++bits;
  return bits;
}

// Tokens are sorted in parts that fit in the cache: ranges of the last word.
struct Part {
  WordId base = 0;        // the first word of the range
  std::size_t begin = 0;  // of its keys
};

struct Parts {
  std::vector<Part> parts;  // and one past the end
  std::vector<std::uint16_t> of_word;
  WordId widest = 1;
};

Parts make_parts(const std::vector<std::uint32_t>& histogram, std::size_t tokens) {
  const std::size_t wanted = std::max<std::size_t>(tokens / 512, 32768);
  Parts made;
  made.of_word.resize(histogram.size());
  std::size_t begin = 0, end = 0;
  WordId base = 0;
  for (WordId word = 0; word < histogram.size(); ++word) {
    made.of_word[word] = static_cast<std::uint16_t>(made.parts.size());
    end += histogram[word];
    if (end - begin < wanted && word + 1 < histogram.size()) continue;
    made.parts.push_back({base, begin});
    made.widest = std::max(made.widest, word + 1 - base);
    base = word + 1;
    begin = end;
  }
  made.parts.push_back({base, begin});
  return made;
}

template <int kLimbs>
class Counter {
 public:
  using Key = PackedKey<kLimbs>;

  Counter(int order, int word_bits, int part_bits, std::size_t vocabulary)
      : order_(order),
        bits_(word_bits),
        key_bits_((order - 1) * word_bits + part_bits),
        vocabulary_(vocabulary) {
    equal_words_.resize(kLimbs * 64);
    for (int bit = 0; bit < kLimbs * 64; ++bit)
      equal_words_[bit] = static_cast<std::uint8_t>(std::max(0, order - 1 - bit / word_bits));
  }

  CountTrie count(Corpus* corpus, const Parts& parts) {
    fill(*corpus, parts);
    corpus->drop_ids();
    std::size_t largest = 0;
    for (std::size_t i = 0; i + 1 < parts.parts.size(); ++i)
      largest = std::max(largest, parts.parts[i + 1].begin - parts.parts[i].begin);
    std::unique_ptr<Key[]> scratch(new Key[largest]);
    std::vector<std::size_t> sizes(static_cast<std::size_t>(order_), 0);
    for (std::size_t i = 0; i + 1 < parts.parts.size(); ++i) {
      const std::size_t begin = parts.parts[i].begin, end = parts.parts[i + 1].begin;
      sort_keys(keys_.get() + begin, end - begin, key_bits_, scratch.get());
      measure(begin, end, &sizes);
    }
    scratch.reset();
    start(sizes);
    for (std::size_t i = 0; i + 1 < parts.parts.size(); ++i)
      emit(parts.parts[i].base, parts.parts[i].begin, parts.parts[i + 1].begin);
    finish();
    return std::move(trie_);
  }

 private:
  void fill(const Corpus& corpus, const Parts& parts) {
    size_ = parts.parts.back().begin;
    keys_.reset(new Key[size_]);
    std::vector<std::size_t> next;
    for (const Part& part : parts.parts) next.push_back(part.begin);
    Key start{};  // a history of <s> alone
    for (int i = 0; i + 1 < order_; ++i) start.put(i * bits_, kBosId);
    const int newest = (order_ - 2) * bits_, last = (order_ - 1) * bits_;
    for (const std::vector<WordId>& block : corpus.blocks()) {
      Key history = start;
      for (const WordId word : block) {
        const std::uint16_t part = parts.of_word[word];
        Key key = history;
        key.put(last, word - parts.parts[part].base);
        keys_[next[part]++] = key;
        if (word == kEosId) {
          history = start;
        } else if (order_ > 1) {
          history.shift_right(bits_);
          history.put(newest, word);
        }
      }
    }
  }

  // The longest suffix of the window that has at most one <s>.
  int top_order(const Key& key) const {
    int leading = 0;
    while (leading + 1 < order_ && key.get(leading * bits_, bits_) == kBosId) ++leading;
    return leading < 2 ? order_ : order_ - leading + 1;
  }

  // How many words from the right two windows have in common.
  int common(const Key& a, const Key& b) const {
    const int bit = Key::highest_difference(a, b);
    return bit < 0 ? order_ : equal_words_[bit];
  }

  void measure(std::size_t begin, std::size_t end, std::vector<std::size_t>* sizes) const {
    for (std::size_t i = begin; i < end; ++i) {
      const int same = i == begin ? 0 : common(keys_[i], keys_[i - 1]);
      if (same == order_) continue;
      const int top = top_order(keys_[i]);
      for (int k = same; k < top; ++k) ++(*sizes)[k];
    }
  }

  void start(const std::vector<std::size_t>& sizes) {
    trie_.levels.resize(static_cast<std::size_t>(order_));
    for (int k = 1; k <= order_; ++k) {
      CountLevel& level = trie_.levels[k - 1];
      const std::size_t size = k == 1 ? vocabulary_ : sizes[k - 1];
      if (k > 1) level.word = util::Array<WordId>(size);
      if (k < order_) level.first_child = util::Array<std::uint32_t>(size + 1);
      level.count = util::Array<std::uint32_t>(size, 0);
    }
    next_.assign(static_cast<std::size_t>(order_) + 2, 0);
    current_.assign(static_cast<std::size_t>(order_) + 1, 0);
    born_.assign(static_cast<std::size_t>(order_) + 1, 0);
  }

  void emit(WordId base, std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      const Key& key = keys_[i];
      const int same = i == begin ? 0 : common(key, keys_[i - 1]);
      const int top = top_order(key);
      for (int k = same + 1; k <= top; ++k) {
        if (k == 1) {
          const WordId word =
              base + key.get((order_ - 1) * bits_, key_bits_ - (order_ - 1) * bits_);
          begin_unigrams_up_to(word);
          current_[1] = word;
        } else {
          const std::uint32_t node = next_[k]++;
          CountLevel& level = trie_.levels[k - 1];
          level.word[node] = key.get((order_ - k) * bits_, bits_);
          if (k < order_) level.first_child[node] = next_[k + 1];
          ++trie_.levels[k - 2].count[current_[k - 1]];
          current_[k] = node;
        }
        born_[k] = i;
      }
      ++trie_.levels[top - 1].count[current_[top]];
    }
  }

  void begin_unigrams_up_to(WordId word) {
    if (order_ == 1) return;
    util::Array<std::uint32_t>& first_child = trie_.levels[0].first_child;
    while (unigrams_begun_ <= word) first_child[unigrams_begun_++] = next_[2];
  }

  void finish() {
    begin_unigrams_up_to(static_cast<WordId>(vocabulary_));
    for (int k = 2; k < order_; ++k)
      trie_.levels[k - 1].first_child[trie_.levels[k - 1].count.size()] = next_[k + 1];
    trie_.last_raw_count.assign(static_cast<std::size_t>(order_), 0);
    const int top = top_order(keys_[size_ - 1]);
    for (int k = 1; k <= top && k < order_; ++k)
      trie_.last_raw_count[k - 1] = static_cast<std::uint32_t>(size_ - born_[k]);
  }

  int order_, bits_, key_bits_;
  std::size_t vocabulary_;
  std::vector<std::uint8_t> equal_words_;  // by the highest differing bit
  // Not a vector: it would be written twice, for nothing.
  std::unique_ptr<Key[]> keys_;
  std::size_t size_ = 0;
  CountTrie trie_;
  std::vector<std::uint32_t> next_, current_;  // by order
  std::vector<std::size_t> born_;              // the window in which the current node appeared
  std::size_t unigrams_begun_ = 0;
};

}  // namespace

CountTrie count_ngrams(Corpus* corpus, int order) {
  std::vector<std::uint32_t> histogram(corpus->words().size(), 0);
  std::size_t tokens = corpus->num_words() + corpus->num_sentences();
  if (tokens >= std::numeric_limits<std::uint32_t>::max())
    throw Error(ErrorKind::kText, "more than 4.29 billion tokens", "Train on a part of the text");
  for (const std::vector<WordId>& block : corpus->blocks())
    for (const WordId word : block) ++histogram[word];
  const Parts parts = make_parts(histogram, tokens);
  const int word_bits = bits_for(histogram.size()), part_bits = bits_for(parts.widest);
  const int bits = (order - 1) * word_bits + part_bits;
  const auto run = [&](auto limbs) {
    return Counter<limbs.value>(order, word_bits, part_bits, histogram.size()).count(corpus, parts);
  };
  if (bits <= 64) return run(std::integral_constant<int, 1>());
  if (bits <= 128) return run(std::integral_constant<int, 2>());
  if (bits <= 192) return run(std::integral_constant<int, 3>());
  return run(std::integral_constant<int, 5>());
}

std::vector<util::Array<std::uint32_t>> raw_counts(const CountTrie& trie) {
  std::vector<util::Array<std::uint32_t>> raw(trie.levels.size());
  raw.back() = trie.levels.back().count.copy();
  for (int k = trie.order() - 1; k >= 1; --k) {
    const CountLevel& level = trie.levels[k - 1];
    raw[k - 1] =
        level.count.copy();  // right for n-grams that begin with <s>: they have no children
    for (std::size_t node = 0; node < level.count.size(); ++node) {
      const std::uint32_t begin = level.first_child[node], end = level.first_child[node + 1];
      if (begin == end) continue;
      std::uint32_t sum = 0;
      for (std::uint32_t child = begin; child < end; ++child) sum += raw[k][child];
      raw[k - 1][node] = sum;
    }
  }
  return raw;
}

}  // namespace tlg::lm
