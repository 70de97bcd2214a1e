#include "lm/files/plain_lines.h"

#include <algorithm>
#include <limits>

#include "util/number.h"
#include "util/separators.h"
#include "util/utf8.h"

namespace tlg::lm {
namespace {

constexpr std::size_t kChunk = std::size_t{32} << 10;
constexpr std::size_t kPadding = 32;  // bytes behind a line that may be read, never used
// In place of an id: the same word as in the line above.
constexpr WordId kAsAbove = kNoWord;

bool parse_number(const char* begin, const char* end, float* value) {
  if (!parse_padded_float(begin, static_cast<std::size_t>(end - begin), value)) return false;
  *value += 0.0f;  // no -0
  return *value >= std::numeric_limits<float>::lowest() &&
         *value <= std::numeric_limits<float>::max();
}

}  // namespace

// Makes `line` the first byte that the separators are known of; false if its text is too near.
bool PlainLines::index_from(const char* line, std::string_view text) {
  const char* const end = text.data() + text.size();
  const auto left = static_cast<std::size_t>(end - line);
  if (left <= kPadding) return false;
  chunk_ = line;
  chunk_size_ = std::min(kChunk, left - kPadding);
  separators_.resize(kChunk + 64);
  num_separators_ = util::find_separators(chunk_, chunk_size_, separators_.data());
  next_ = 0;
  return true;
}

std::size_t PlainLines::parse(std::string_view text, int k, bool top, std::size_t most,
                              NgramList* out) {
  if (!util::kFirstByteIsLowest) return 0;
  const auto order = static_cast<std::size_t>(k);
  if (above_.size() != order) {
    above_.assign(order, Above());
    above_id_.assign(order, kNoWord);
  }
  const std::size_t first = out->size();
  out->words.resize((first + most) * order);
  out->log10_prob.resize(first + most);
  if (!top) out->log10_backoff.resize(first + most);
  WordId* const ids = out->words.data();
  line_begin_.clear();

  const char* line = text.data();
  if (line < chunk_ || line >= chunk_ + chunk_size_) {
    if (!index_from(line, text)) chunk_size_ = num_separators_ = next_ = 0;
  } else {
    while (next_ < num_separators_ && chunk_ + separators_[next_] < line) ++next_;
  }
  std::size_t count = first;
  bool known = true;
  while (count < first + most && chunk_size_) {
    if (num_separators_ - next_ < order + 2) {
      if (line == chunk_ || !index_from(line, text)) break;
      continue;
    }
    const std::uint32_t* ends = separators_.data() + next_;
    float prob, backoff = std::numeric_limits<float>::quiet_NaN();
    if (chunk_[ends[0]] != '\t' || !parse_number(line, chunk_ + ends[0], &prob) || prob > 0) break;
    bool plain = true;
    for (std::size_t j = 1; j <= order; ++j)
      plain = plain && ends[j] > ends[j - 1] + 1 && (j == order || chunk_[ends[j]] == ' ');
    if (!plain) break;
    std::size_t used = order + 1;
    if (chunk_[ends[order]] == '\t') {
      const char* const end = chunk_ + ends[used++];
      if (*end != '\n' || !parse_number(chunk_ + ends[order] + 1, end, &backoff)) break;
      if (top && backoff != 0) break;
    } else if (chunk_[ends[order]] != '\n') {
      break;
    }
    if (k == 1) {
      if (!add_word(chunk_ + ends[0] + 1, ends[1] - ends[0] - 1)) break;
      ids[count] = static_cast<WordId>(words_->size() - 1);
    } else if (!find_words(chunk_, ends, order, count * order, ids)) {
      known = false;
      break;
    }
    line_begin_.push_back(static_cast<std::size_t>(line - text.data()));
    out->log10_prob[count] = prob;
    if (!top) out->log10_backoff[count] = backoff;
    ++count;
    next_ += used;
    line = chunk_ + ends[used - 1] + 1;
  }
  if (known) known = resolve(ids);
  num_pending_ = 0;
  if (!known) {  // that line, and what was read behind it, is the other reader's
    count = unknown_ / order;
    if (count - first < line_begin_.size()) line = text.data() + line_begin_[count - first];
    above_.assign(order, Above());
    forget();
  }
  if (k > 1) {
    for (std::size_t i = first; i < count; ++i)
      for (std::size_t j = 0; j < order; ++j) {
        WordId& id = ids[i * order + j];
        id = id == kAsAbove ? above_id_[j] : id;
        above_id_[j] = id;
      }
  }
  out->words.resize(count * order);
  out->log10_prob.resize(count);
  if (!top) out->log10_backoff.resize(count);
  return static_cast<std::size_t>(line - text.data());
}

bool PlainLines::add_word(const char* begin, std::size_t size) {
  const TextWord word = TextWord::padded(begin, size);
  const bool ascii = word.is_short() && !((word.low | word.high) & 0x8080808080808080ULL);
  if (!ascii && find_invalid_utf8(word.view()) != std::string_view::npos) return false;
  return words_->insert(word);
}

// Asks for the ids of the words of one line; false if a word of a line so far is unknown.
bool PlainLines::find_words(const char* base, const std::uint32_t* ends, std::size_t k,
                            std::size_t at, WordId* ids) {
  std::size_t pending = num_pending_;
  for (std::size_t j = 0; j < k; ++j) {
    const TextWord word = TextWord::padded(base + ends[j] + 1, ends[j + 1] - ends[j] - 1);
    Above& above = above_[j];
    if (word.low == above.low && word.high == above.high && word.is_short()) {
      ids[at + j] = kAsAbove;
      continue;
    }
    above.low = word.low;
    above.high = word.high;
    Pending& one = pending_[pending++];
    one.word = word;
    one.hash = word.hash();
    one.at = at + j;
    words_->prefetch(one.hash);
  }
  num_pending_ = pending;
  return pending < kPending || resolve(ids);
}

// Finds the words that were asked for; false at one that is unknown.
bool PlainLines::resolve(WordId* ids) {
  WordId guess[kPending + kMostWords];
  for (std::size_t i = 0; i < num_pending_; ++i) guess[i] = words_->guess(pending_[i].hash);
  for (std::size_t i = 0; i < num_pending_; ++i) {
    const Pending& one = pending_[i];
    WordId id = guess[i];
    if (id == kNoWord || !words_->is(id, one.word)) id = words_->find(one.word, one.hash);
    if (id == kNoWord) {
      unknown_ = one.at;
      return false;
    }
    ids[one.at] = id;
  }
  num_pending_ = 0;
  return true;
}

}  // namespace tlg::lm
