// Writing ARPA text: blocks of n-grams, each made from scratch, so that threads can share the work.
#include <algorithm>
#include <cstring>

#include "lm/files/arpa.h"
#include "util/number.h"
#include "util/parallel.h"

namespace tlg::lm {
namespace {

constexpr std::size_t kBlock = 16384;  // n-grams
constexpr std::size_t kCopy = 16;      // bytes at a time; what is too much is written over

// Copies a text whose memory may be read, and written, up to kCopy - 1 bytes behind its end.
char* copy_text(char* out, const char* text, std::size_t size) {
  for (std::size_t at = 0; at < size; at += kCopy) std::memcpy(out + at, text + at, kCopy);
  return out + size;
}

}  // namespace

ArpaWriter::ArpaWriter(const NgramTrie& trie, std::size_t threads)
    : trie_(trie), texts_(std::max<std::size_t>(threads, 1)) {
  words_.reserve(trie.vocabulary.size());
  for (std::size_t id = 0; id < trie.vocabulary.size(); ++id) {
    const std::string& word = trie.vocabulary[id];
    longest_word_ = std::max(longest_word_, word.size());
    ShortWord short_word;
    if (word.size() < sizeof short_word.text) {
      std::memcpy(short_word.text, word.data(), word.size());
      short_word.size = static_cast<unsigned char>(word.size());
    }
    words_.push_back(short_word);
  }
}

std::string_view ArpaWriter::next() {
  if (next_text_ == num_texts_) {
    std::vector<Block> blocks;
    while (blocks.size() < texts_.size() && order_ <= trie_.order()) {
      const std::size_t size = trie_.level(order_).size();
      const std::size_t end = std::min(begin_ + kBlock, size);
      blocks.push_back({order_, begin_, end});
      begin_ = end;
      if (end == size) {
        ++order_;
        begin_ = 0;
      }
    }
    parallel_for(blocks.size(), texts_.size(), [&](std::size_t i, std::size_t) {
      texts_[i].num_ngrams = blocks[i].end - blocks[i].begin;
      format(blocks[i], &texts_[i]);
    });
    num_texts_ = blocks.size();
    next_text_ = 0;
    if (blocks.empty()) return {};
  }
  const Text& text = texts_[next_text_++];
  num_written_ += text.num_ngrams;
  return {text.bytes.data(), text.size};
}

// The text of one block, with what stands before the first and behind the last n-gram.
void ArpaWriter::format(const Block& block, Text* text) const {
  const int k = block.order;
  const NgramLevel& level = trie_.level(k);
  std::string head;
  if (k == 1 && block.begin == 0) {
    head = "\\data\\\n";
    for (int j = 1; j <= trie_.order(); ++j)
      head += "ngram " + std::to_string(j) + "=" + std::to_string(trie_.level(j).size()) + "\n";
  }
  if (block.begin == 0) head += "\n\\" + std::to_string(k) + "-grams:\n";
  // Two numbers, the words with a separator each, and what copy_text may write behind the last one.
  const std::size_t longest_line =
      2 * kFloatRoom + static_cast<std::size_t>(k) * (longest_word_ + 1) + 4 + kCopy;
  text->size = head.size();
  const auto make_room = [&](std::size_t room) {
    if (text->bytes.size() < text->size + room)
      text->bytes.resize(std::max(text->size + room, text->bytes.size() + (kBlock << 5)));
  };
  make_room(longest_line);
  std::memcpy(text->bytes.data(), head.data(), head.size());
  std::vector<char> rest(longest_line);  // the words but for the oldest, which children share
  std::size_t rest_size = 0;
  bool first = true;
  NodeId parent = 0;
  for (LevelWalk at(trie_, k, block.begin); at.node() != block.end; at.next()) {
    if (k > 1 && (first || at.parent() != parent)) {
      parent = at.parent();
      char* p = rest.data();
      for (int j = 1; j < k; ++j) {
        *p++ = ' ';
        p = copy_word(p, at.words()[j]);
      }
      rest_size = static_cast<std::size_t>(p - rest.data());
    }
    first = false;
    make_room(longest_line);
    char* const line = text->bytes.data() + text->size;
    char* p = format_float(line, level.log10_prob[at.node()]);
    *p++ = '\t';
    p = copy_word(p, at.words()[0]);
    p = copy_text(p, rest.data(), rest_size);
    if (!level.log10_backoff.empty()) {
      *p++ = '\t';
      p = format_float(p, level.log10_backoff[at.node()]);
    }
    *p++ = '\n';
    text->size += static_cast<std::size_t>(p - line);
  }
  if (k < trie_.order() || block.end < level.size()) return;
  const char end[] = "\n\\end\\\n";
  make_room(sizeof end);
  std::memcpy(text->bytes.data() + text->size, end, sizeof end - 1);
  text->size += sizeof end - 1;
}

char* ArpaWriter::copy_word(char* out, WordId id) const {
  const ShortWord& word = words_[id];
  if (word.size != kLong) {
    std::memcpy(out, word.text, sizeof word.text);
    return out + word.size;
  }
  const std::string& whole = trie_.vocabulary[id];
  std::memcpy(out, whole.data(), whole.size());
  return out + whole.size();
}

std::string write_arpa(const NgramTrie& trie, std::size_t threads) {
  std::string text;
  ArpaWriter writer(trie, threads);
  for (std::string_view piece = writer.next(); !piece.empty(); piece = writer.next()) text += piece;
  return text;
}

}  // namespace tlg::lm
