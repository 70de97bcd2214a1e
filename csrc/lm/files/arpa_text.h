// The lines of an ARPA file: where the reader stands, what it mended so far, and how it refuses.
// Not for: what a line means (lm/files/arpa_read.cc).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lm/files/text_source.h"

namespace tlg::lm {

inline bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

std::string_view trimmed(std::string_view text);
std::string lowered(std::string_view text);
// For messages: in quotes, cut to 60 bytes, control characters as '?'.
std::string quoted(std::string_view text);

// Habits of toolkits that are mended line by line: counted over the file, told once.
enum class Oddity {
  kCarriageReturn,
  kSpacing,
  kAboveZero,
  kTopBackoff,
  kBlankLine,
  kInfinity,
  kRepeatedWord,
};

class ArpaText {
 public:
  // `name` is what messages call the file.
  ArpaText(TextSource* source, const std::string& name) : source_(source), name_(name) {}

  // Moves to the next line; false at the end. Throws for a NUL byte and for a line without end.
  bool next_line();
  // Without its end and without a CR before it; good until the next call.
  std::string_view line() const { return line_; }
  bool has_end() const { return has_end_; }        // false: the file stops in it
  std::int64_t number() const { return number_; }  // of the line, from 1

  // What comes behind the line; the first `bytes` of it, whole lines, have been read.
  std::string_view rest() const { return source_->rest(); }
  void skip(std::size_t bytes, std::size_t lines) {
    source_->skip(bytes);
    number_ += static_cast<std::int64_t>(lines);
  }
  // Changes whenever the rest lies elsewhere than before.
  std::size_t moves() const { return source_->moves(); }
  // The start of the file, before anything is read; takes a byte order mark away.
  std::string_view start();
  void skip_byte_order_mark();

  [[noreturn]] void refuse(const std::string& what, const std::string& remedy) const {
    refuse(what, remedy, number_);
  }
  [[noreturn]] void refuse(const std::string& what, const std::string& remedy,
                           std::int64_t line) const;
  void report(const std::string& what, std::int64_t line);
  void note(Oddity oddity) { note(oddity, number_); }
  void note(Oddity oddity, std::int64_t line);
  std::size_t count(Oddity oddity) const { return at(oddity).count; }
  // All that was mended, the habits last.
  std::vector<std::string> take_repairs();

 private:
  struct Seen {
    std::size_t count = 0;
    std::int64_t first_line = 0;
  };
  static constexpr std::size_t kOddities = 7;
  const Seen& at(Oddity oddity) const { return seen_[static_cast<std::size_t>(oddity)]; }

  TextSource* source_;
  const std::string& name_;
  std::string_view line_;
  std::int64_t number_ = 0;
  bool has_end_ = true;
  std::vector<std::string> repairs_;
  std::array<Seen, kOddities> seen_;
};

}  // namespace tlg::lm
