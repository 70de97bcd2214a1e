// Writing ARPA text.
#include <algorithm>
#include <cstring>

#include "lm/files/arpa.h"
#include "util/number.h"

namespace tlg::lm {
namespace {

constexpr std::size_t kPiece = std::size_t{4} << 20;
// Words up to this long are copied as this many bytes, which needs no call; what is too much is
// written over.
constexpr std::size_t kCopy = 16;

}  // namespace

ArpaWriter::ArpaWriter(const NgramTrie& trie) : trie_(trie), at_(trie, 1) {
  for (const std::string& word : trie.vocabulary) {
    longest_word_ = std::max(longest_word_, word.size());
    word_at_.push_back(words_.size());
    words_ += word;
  }
  word_at_.push_back(words_.size());
  words_.append(kCopy, ' ');
}

std::string ArpaWriter::next() {
  std::string piece;
  if (order_ > trie_.order()) return piece;
  bool fresh = false;  // is this section's head still to be written?
  if (order_ == 0) {
    piece = "\\data\\\n";
    for (int k = 1; k <= trie_.order(); ++k)
      piece += "ngram " + std::to_string(k) + "=" + std::to_string(trie_.level(k).size()) + "\n";
    order_ = 1;
    fresh = true;
  }
  const std::size_t longest_line =
      40 + static_cast<std::size_t>(trie_.order()) * (longest_word_ + 1);
  while (order_ <= trie_.order()) {
    const NgramLevel& level = trie_.level(order_);
    if (fresh) piece += "\n\\" + std::to_string(order_) + "-grams:\n";
    std::size_t used = piece.size();
    // In blocks small enough that the room for their longest possible lines stays modest.
    const std::size_t block = std::clamp<std::size_t>(kPiece / longest_line, 1, 4096);
    while (!at_.done() && used < kPiece) {
      if (piece.size() < used + block * longest_line) piece.resize(used + block * longest_line);
      char* p = piece.data() + used;
      for (std::size_t i = 0; i < block && !at_.done(); ++i, at_.next()) {
        p = format_float(p, level.log10_prob[at_.node()]);
        for (int j = 0; j < order_; ++j) {
          *p++ = j ? ' ' : '\t';
          const WordId word = at_.words()[j];
          const std::size_t begin = word_at_[word], size = word_at_[word + 1] - begin;
          std::memcpy(p, words_.data() + begin, kCopy);
          if (size > kCopy) std::memcpy(p + kCopy, words_.data() + begin + kCopy, size - kCopy);
          p += size;
        }
        if (!level.log10_backoff.empty()) {
          *p++ = '\t';
          p = format_float(p, level.log10_backoff[at_.node()]);
        }
        *p++ = '\n';
      }
      used = static_cast<std::size_t>(p - piece.data());
    }
    piece.resize(used);
    if (!at_.done()) return piece;
    fresh = true;
    if (++order_ <= trie_.order()) at_ = LevelWalk(trie_, order_);
  }
  return piece + "\n\\end\\\n";
}

std::string write_arpa(const NgramTrie& trie) {
  std::string text;
  ArpaWriter writer(trie);
  for (std::string piece = writer.next(); !piece.empty(); piece = writer.next()) text += piece;
  return text;
}

}  // namespace tlg::lm
