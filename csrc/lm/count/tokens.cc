#include "lm/count/tokens.h"

#include <algorithm>
#include <array>

#include "util/bits.h"
#include "util/utf8.h"

namespace tlg::lm {
namespace {

enum Kind : unsigned char { kPart, kSpace, kNewline };

// Of the bytes up to ' ': all others are parts of words.
constexpr std::array<unsigned char, 33> kKinds = [] {
  std::array<unsigned char, 33> kinds{};
  for (const char space : {'\0', '\t', '\r', ' '})
    kinds[static_cast<unsigned char>(space)] = kSpace;
  kinds['\n'] = kNewline;
  return kinds;
}();

// Which of 64 bytes are not above ' ': bit i for byte i.
std::uint64_t low_bytes(const char* data) {
  std::uint64_t mask = 0;
  for (int i = 0; i < 8; ++i) {
    constexpr std::uint64_t kOnes = 0x0101010101010101ULL;
    const std::uint64_t eight = util::load_little_endian(data + i * 8);
    // The highest bit of each byte: is it above ' '?
    const std::uint64_t above = ((eight & kOnes * 0x7f) + kOnes * (0x7f - ' ')) | eight;
    mask |= ((~above & kOnes * 0x80) >> 7) * 0x0102040810204080ULL >> 56 << i * 8;
  }
  return mask;
}

class Tokeniser {
 public:
  Tokeniser(std::string_view text, const WordTable& words, bool fixed, Symbols symbols,
            Tokens* tokens)
      : text_(text), words_(words), fixed_(fixed), symbols_(symbols), tokens_(tokens) {}

  void run(std::size_t begin, std::size_t end) {
    const char* const data = text_.data();
    const char* at = data + begin;
    const char* const stop = data + end;
    start_ = at;
    // A byte may be an end of a line, and no byte is more than one token.
    if (tokens_->capacity < end - begin + 1) {
      tokens_->capacity = end - begin + 1;
      tokens_->ids.reset(new WordId[tokens_->capacity]);
    }
    out_ = tokens_->ids.get();
    for (; stop - at >= 64; at += 64) {
      for (std::uint64_t mask = low_bytes(at); mask; mask &= mask - 1)
        separator(at + util::count_trailing_zeros(mask));
    }
    for (; at != stop; ++at)
      if (static_cast<unsigned char>(*at) <= ' ') separator(at);
    word_until(stop);
    if (end > begin && data[end - 1] != '\n') end_sentence();
    look_up();
    tokens_->size = static_cast<std::size_t>(out_ - tokens_->ids.get());
  }

 private:
  void separator(const char* at) {
    const unsigned char kind = kKinds[static_cast<unsigned char>(*at)];
    if (kind == kPart) return;
    word_until(at);
    start_ = at + 1;
    if (kind == kNewline) end_sentence();
  }

  // Words are looked up in batches, so that their cache misses overlap; the empty word stands for
  // the end of a sentence.
  void end_sentence() { add(HashedWord()); }

  void word_until(const char* at) {
    const auto size = static_cast<std::size_t>(at - start_);
    if (size == 0) return;
    const bool readable = text_.data() + text_.size() - start_ >= 16;
    add(readable ? HashedWord::readable(start_, size) : HashedWord(std::string_view(start_, size)));
  }

  void add(const HashedWord& word) {
    words_.fetch_slot(word);
    batch_[batched_++] = word;
    if (batched_ == batch_.size()) look_up();
  }

  void look_up() {
    for (std::size_t i = 0; i < batched_; ++i) words_.fetch_word(batch_[i]);
    for (std::size_t i = 0; i < batched_; ++i) {
      const HashedWord& word = batch_[i];
      if (word.text.empty()) {
        *out_++ = kEosId;
        ++tokens_->sentences;
        continue;
      }
      const WordId id = words_.find(word);
      if (id <= kEosId || id == kNoWord)
        unusual(word, id);
      else
        *out_++ = id;
    }
    batched_ = 0;
  }

  void unusual(const HashedWord& word, WordId id) {
    if (id == kNoWord) {
      const std::size_t known = tokens_->fresh.size();
      const WordId fresh = tokens_->fresh.insert(word);
      if (fresh == known && find_invalid_utf8(word.text) != std::string_view::npos)
        fault("not UTF-8", "Convert the text to UTF-8", word);
      tokens_->outside += fixed_;
      *out_++ = fixed_ ? kUnkId : fresh | Tokens::kFresh;
    } else if (symbols_ == Symbols::kSkip) {
      ++tokens_->skipped;
    } else if (symbols_ == Symbols::kUnk && id == kUnkId) {
      *out_++ = kUnkId;
    } else {
      fault("'" + std::string(word.text) + "' is reserved and may not be in the text",
            std::string(id == kUnkId
                            ? "Pass symbols='unk' (--symbols unk) to count it as the unknown "
                              "word, or"
                            : "Pass") +
                " symbols='skip' (--symbols skip) to leave out such words",
            word);
    }
  }

  [[noreturn]] void fault(std::string what, std::string remedy, const HashedWord& word) const {
    throw TextFault{std::move(what), std::move(remedy),
                    static_cast<std::size_t>(word.text.data() - text_.data())};
  }

  const std::string_view text_;
  const WordTable& words_;
  const bool fixed_;
  const Symbols symbols_;
  Tokens* const tokens_;
  const char* start_ = nullptr;  // of the word that is being read
  WordId* out_ = nullptr;
  std::array<HashedWord, 32> batch_;
  std::size_t batched_ = 0;
};

}  // namespace

void Tokens::clear() {
  size = 0;
  if (fresh.size()) fresh = WordTable();
  sentences = skipped = outside = 0;
}

void tokenise(std::string_view text, std::size_t begin, std::size_t end, const WordTable& words,
              bool fixed, Symbols symbols, Tokens* tokens) {
  Tokeniser(text, words, fixed, symbols, tokens).run(begin, end);
}

}  // namespace tlg::lm
