// Writing ARPA text.
#include <algorithm>
#include <cstring>

#include "lm/arpa.h"
#include "util/number.h"

namespace tlg::lm {
namespace {

constexpr std::size_t kPiece = std::size_t{4} << 20;
// Words up to this long are copied as this many bytes, which needs no call; what is too much is
// written over.
constexpr std::size_t kCopy = 16;

}  // namespace

ArpaWriter::ArpaWriter(const ArpaModel& model) : model_(model) {
  for (const std::string& word : model.vocabulary) {
    longest_word_ = std::max(longest_word_, word.size());
    word_at_.push_back(words_.size());
    words_ += word;
  }
  word_at_.push_back(words_.size());
  words_.append(kCopy, ' ');
}

std::string ArpaWriter::next() {
  std::string piece;
  if (order_ > model_.order()) return piece;
  if (order_ == 0) {
    piece = "\\data\\\n";
    for (int k = 1; k <= model_.order(); ++k)
      piece +=
          "ngram " + std::to_string(k) + "=" + std::to_string(model_.orders[k - 1].size()) + "\n";
    order_ = 1;
  }
  const std::size_t longest_line =
      40 + static_cast<std::size_t>(model_.order()) * (longest_word_ + 1);
  for (; order_ <= model_.order(); ++order_, next_ = 0) {
    if (next_ == 0 && piece.size() >= kPiece) return piece;
    const NgramOrder& ngrams = model_.orders[order_ - 1];
    if (next_ == 0) piece += "\n\\" + std::to_string(order_) + "-grams:\n";
    std::size_t used = piece.size();
    // In blocks small enough that the room for their longest possible lines stays modest.
    const std::size_t block = std::clamp<std::size_t>(kPiece / longest_line, 1, 4096);
    while (next_ < ngrams.size() && used < kPiece) {
      const std::size_t end = std::min(next_ + block, ngrams.size());
      if (piece.size() < used + (end - next_) * longest_line)
        piece.resize(used + (end - next_) * longest_line);
      char* p = piece.data() + used;
      for (; next_ < end; ++next_) {
        p = format_float(p, ngrams.log10_prob[next_]);
        const WordId* words = ngrams.words.data() + next_ * order_;
        for (int j = 0; j < order_; ++j) {
          *p++ = j ? ' ' : '\t';
          const std::size_t begin = word_at_[words[j]], size = word_at_[words[j] + 1] - begin;
          std::memcpy(p, words_.data() + begin, kCopy);
          if (size > kCopy) std::memcpy(p + kCopy, words_.data() + begin + kCopy, size - kCopy);
          p += size;
        }
        if (!ngrams.log10_backoff.empty()) {
          *p++ = '\t';
          p = format_float(p, ngrams.log10_backoff[next_]);
        }
        *p++ = '\n';
      }
      used = static_cast<std::size_t>(p - piece.data());
    }
    piece.resize(used);
    if (next_ < ngrams.size()) return piece;
  }
  return piece + "\n\\end\\\n";
}

std::string write_arpa(const ArpaModel& model) {
  std::string text;
  ArpaWriter writer(model);
  for (std::string piece = writer.next(); !piece.empty(); piece = writer.next()) text += piece;
  return text;
}

}  // namespace tlg::lm
