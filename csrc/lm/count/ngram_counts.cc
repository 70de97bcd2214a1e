#include "lm/count/ngram_counts.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "util/error.h"
#include "util/utf8.h"

namespace tlg::lm {
namespace {

constexpr std::size_t kPiece = 4 << 20;
constexpr std::uint64_t kMaxCount = std::numeric_limits<std::uint32_t>::max();

[[noreturn]] void wrong(const std::string& what, const std::string& name, std::int64_t line) {
  throw Error(ErrorKind::kText, what, "Write an n-gram, a tab and a whole number", name, line);
}

std::uint64_t added(std::uint64_t a, std::uint64_t b) {
  return a > std::numeric_limits<std::uint64_t>::max() - b
             ? std::numeric_limits<std::uint64_t>::max()
             : a + b;
}

}  // namespace

NgramCounts::NgramCounts(int order) : order_(order) {
  for (const char* word : {"<unk>", "<s>", "</s>"}) words_.insert(word);
}

NgramCounts::NgramCounts(const CountTrie& trie, const WordTable& words) : order_(trie.order()) {
  for (WordId id = 0; id < words.size(); ++id) words_.insert(words.word(id));
  // The nodes that are windows: those of the highest order, and those that begin with <s>.
  std::vector<WordId> above;  // of the nodes one order down: order_ words, right-aligned
  for (int k = 1; k <= order_; ++k) {
    const CountLevel& level = trie.levels[static_cast<std::size_t>(k) - 1];
    const auto width = static_cast<std::size_t>(order_);
    std::vector<WordId> here(level.count.size() * width, kNoWord);
    const auto take = [&](std::size_t node, WordId oldest) {
      here[node * width + width - static_cast<std::size_t>(k)] = oldest;
      if ((k == order_ || oldest == kBosId) && level.count[node] > 0)
        add_window(&here[node * width + width - static_cast<std::size_t>(k)], k, level.count[node]);
    };
    if (k == 1) {
      for (WordId word = 0; word < level.count.size(); ++word) take(word, word);
    } else {
      const util::Array<std::uint32_t>& first_child =
          trie.levels[static_cast<std::size_t>(k) - 2].first_child;
      for (std::size_t parent = 0; parent + 1 < first_child.size(); ++parent)
        for (std::uint32_t i = first_child[parent]; i < first_child[parent + 1]; ++i) {
          std::copy_n(&above[parent * width], width, &here[i * width]);
          take(i, level.word[i]);
        }
    }
    above.swap(here);
  }
}

void NgramCounts::add_window(const WordId* words, int length, std::uint64_t count) {
  const int kept = std::min(length, order_);
  windows_.insert(windows_.end(), static_cast<std::size_t>(order_ - kept), kNoWord);
  windows_.insert(windows_.end(), words + (length - kept), words + length);
  counts_.push_back(count);
}

void NgramCounts::add_lines(std::string_view text, const std::string& name,
                            std::int64_t first_line) {
  const char* p = text.data();
  const char* const end = p + text.size();
  std::vector<std::string_view> fields;
  std::vector<WordId> ids;
  for (std::int64_t line = first_line; p != end; ++line) {
    fields.clear();
    p = split_line(p, end, [&](std::string_view field) { fields.push_back(field); });
    if (p != end) ++p;
    if (fields.empty()) continue;
    if (fields.size() < 2) wrong("no count", name, line);
    std::uint64_t count = 0;
    for (const char digit : fields.back()) {
      if (digit < '0' || digit > '9' || count > kMaxCount)
        wrong("the count '" + std::string(fields.back()) + "' is no whole number below 2^32", name,
              line);
      count = count * 10 + static_cast<std::uint64_t>(digit - '0');
    }
    fields.pop_back();
    ids.clear();
    for (const std::string_view word : fields) {
      WordId id = words_.find(word);
      if (id == kNoWord) {
        if (find_invalid_utf8(word) != std::string_view::npos)
          throw Error(ErrorKind::kText, "not UTF-8", "Convert the file to UTF-8", name, line);
        id = words_.insert(word);
      }
      if ((id == kBosId && !ids.empty()) || (!ids.empty() && ids.back() == kEosId))
        wrong("<s> or </s> in the middle of an n-gram", name, line);
      ids.push_back(id);
    }
    const int length = static_cast<int>(ids.size());
    // A lone <s> is no token; what is shorter than the order and does not begin a sentence is
    // counted in the longer ones.
    if (ids.back() == kBosId || count == 0) continue;
    if (length == order_ || (length < order_ && ids[0] == kBosId))
      add_window(ids.data(), length, count);
    else if (length > order_)
      throw Error(ErrorKind::kText,
                  std::to_string(length) + " words, where n-grams of order " +
                      std::to_string(order_) + " are read",
                  "Read the file with its own order", name, line);
  }
}

void NgramCounts::add(const NgramCounts& other, std::uint64_t times) {
  std::vector<WordId> ids(other.words_.size());
  for (WordId id = 0; id < ids.size(); ++id) ids[id] = words_.insert(other.words_.word(id));
  std::vector<WordId> window;
  for (std::size_t i = 0; i < other.counts_.size(); ++i) {
    window.clear();
    for (int j = 0; j < other.order_; ++j) {
      const WordId id =
          other.windows_[i * static_cast<std::size_t>(other.order_) + static_cast<std::size_t>(j)];
      if (id != kNoWord) window.push_back(ids[id]);
    }
    const std::uint64_t count = other.counts_[i];
    add_window(window.data(), static_cast<int>(window.size()),
               times && count > kMaxCount / times ? kMaxCount + 1 : count * times);
  }
}

std::uint64_t NgramCounts::num_tokens() const {
  std::uint64_t sum = 0;
  for (const std::uint64_t count : counts_) sum = added(sum, count);
  return sum;
}

std::uint64_t NgramCounts::num_sentences() const {
  std::uint64_t sum = 0;
  const auto width = static_cast<std::size_t>(order_);
  for (std::size_t i = 0; i < counts_.size(); ++i)
    if (windows_[i * width + width - 1] == kEosId) sum = added(sum, counts_[i]);
  return sum;
}

CountTrie NgramCounts::trie() const {
  if (counts_.empty())
    throw Error(ErrorKind::kText, "there are no n-grams of order " + std::to_string(order_),
                "Give counts of this order, with those that begin with <s>");
  if (counts_.size() > kMaxCount)
    throw Error(ErrorKind::kText, "more than 4 billion n-grams", "Count less text");
  const auto width = static_cast<std::size_t>(order_);
  CountTrie made;
  made.levels.resize(width);
  std::vector<std::uint32_t> node(counts_.size());  // of each window, as far as it is known
  std::vector<std::uint64_t> sums(words_.size(), 0);
  const auto word_at = [&](std::size_t window, std::size_t k) {
    return windows_[window * width + width - k];
  };
  for (std::size_t i = 0; i < node.size(); ++i) node[i] = word_at(i, 1);
  for (std::size_t k = 1; k <= width; ++k) {
    CountLevel& level = made.levels[k - 1];
    if (k > 1) {
      std::vector<std::uint64_t> keys;
      for (std::size_t i = 0; i < node.size(); ++i)
        if (word_at(i, k) != kNoWord) keys.push_back(std::uint64_t{node[i]} << 32 | word_at(i, k));
      std::sort(keys.begin(), keys.end());
      keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
      CountLevel& below = made.levels[k - 2];
      below.first_child = util::Array<std::uint32_t>(sums.size() + 1, 0);
      for (const std::uint64_t key : keys) {
        ++below.first_child[(key >> 32) + 1];
        ++sums[key >> 32];  // one more word to the left
      }
      for (std::size_t i = 0; i < sums.size(); ++i)
        below.first_child[i + 1] += below.first_child[i];
      below.count = util::Array<std::uint32_t>(sums.size());
      for (std::size_t i = 0; i < sums.size(); ++i) {
        if (sums[i] > kMaxCount)
          throw Error(ErrorKind::kText, "an n-gram is counted 2^32 times or more",
                      "Give the counts smaller weights");
        below.count[i] = static_cast<std::uint32_t>(sums[i]);
      }
      level.word = util::Array<WordId>(keys.size());
      for (std::size_t i = 0; i < keys.size(); ++i) level.word[i] = static_cast<WordId>(keys[i]);
      sums.assign(keys.size(), 0);
      for (std::size_t i = 0; i < node.size(); ++i) {
        if (word_at(i, k) == kNoWord) continue;
        const std::uint64_t key = std::uint64_t{node[i]} << 32 | word_at(i, k);
        node[i] = static_cast<std::uint32_t>(std::lower_bound(keys.begin(), keys.end(), key) -
                                             keys.begin());
      }
    }
    for (std::size_t i = 0; i < node.size(); ++i)
      if (word_at(i, k) != kNoWord && (k == width || word_at(i, k + 1) == kNoWord))
        sums[node[i]] = added(sums[node[i]], counts_[i]);
  }
  CountLevel& top = made.levels[width - 1];
  top.count = util::Array<std::uint32_t>(sums.size());
  for (std::size_t i = 0; i < sums.size(); ++i) {
    if (sums[i] > kMaxCount)
      throw Error(ErrorKind::kText, "an n-gram is counted 2^32 times or more",
                  "Give the counts smaller weights");
    top.count[i] = static_cast<std::uint32_t>(sums[i]);
  }
  // The last window in suffix order is what the last nodes lead to.
  made.last_raw_count.assign(width, 0);
  const std::vector<util::Array<std::uint32_t>> raw = raw_counts(made);
  std::size_t last = words_.size();
  while (last > 0 && raw[0][last - 1] == 0) --last;
  for (std::size_t k = 1; last > 0 && k < width; ++k) {
    made.last_raw_count[k - 1] = raw[k - 1][last - 1];
    const util::Array<std::uint32_t>& first_child = made.levels[k - 1].first_child;
    last = first_child[last] > first_child[last - 1] ? first_child[last] : 0;
  }
  return made;
}

Corpus NgramCounts::corpus(std::shared_ptr<util::Job> job) const {
  CorpusOptions options;
  options.fixed_vocab = true;
  for (WordId id = kEosId + 1; id < words_.size(); ++id)
    options.vocab.emplace_back(words_.word(id));
  return Corpus(std::move(options), std::move(job));
}

CountWriter::CountWriter(const NgramCounts& counts) : counts_(counts), trie_(counts.trie()) {
  raw_ = raw_counts(trie_);
  raw_[0][kBosId] = static_cast<std::uint32_t>(std::min(counts.num_sentences(), kMaxCount));
  for (int k = 2; k <= trie_.order(); ++k) {
    const util::Array<std::uint32_t>& first_child =
        trie_.levels[static_cast<std::size_t>(k) - 2].first_child;
    std::vector<std::uint32_t> parent(trie_.levels[static_cast<std::size_t>(k) - 1].word.size());
    for (std::uint32_t node = 0; node + 1 < first_child.size(); ++node)
      std::fill(parent.begin() + first_child[node], parent.begin() + first_child[node + 1], node);
    parents_.push_back(std::move(parent));
  }
}

std::string CountWriter::next() {
  std::string piece;
  while (order_ <= trie_.order() && piece.size() < kPiece) {
    const auto at = static_cast<std::size_t>(order_) - 1;
    if (node_ == raw_[at].size()) {
      ++order_;
      node_ = 0;
      continue;
    }
    const std::size_t own = node_++;
    if (raw_[at][own] == 0) continue;
    std::size_t node = own;
    for (std::size_t k = at; k > 0; --k) {  // the oldest word is the node's own
      piece += counts_.words().word(trie_.levels[k].word[node]);
      piece += ' ';
      node = parents_[k - 1][node];
    }
    piece += counts_.words().word(static_cast<WordId>(node));
    piece += '\t';
    piece += std::to_string(raw_[at][own]);
    piece += '\n';
  }
  return piece;
}

}  // namespace tlg::lm
