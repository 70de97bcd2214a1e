// The bytes of a text that come piece by piece, as a window that moves over them: so a file need
// not be in memory as a whole, be it plain or unpacked on the way.
// Not for: random access, opening files (the caller gives a function that reads).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

namespace tlg::lm {

class TextSource {
 public:
  // Writes up to `size` bytes to `out` and returns how many; 0 at the end of the text.
  using Read = std::function<std::size_t(char* out, std::size_t size)>;

  explicit TextSource(Read read, std::size_t piece = std::size_t{1} << 20)
      : read_(std::move(read)), piece_(piece) {}

  // What is there from the current place on; good until grow().
  std::string_view rest() const { return {buffer_.data() + begin_, end_ - begin_}; }
  void skip(std::size_t bytes) { begin_ += bytes; }

  // How many times grow() was called.
  std::size_t moves() const { return moves_; }

  // Makes the rest longer; false at the end of the text.
  bool grow() {
    if (begin_ > 0) std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    ++moves_;
    if (buffer_.size() < end_ + piece_) buffer_.resize(std::max(end_ + piece_, 2 * end_));
    const std::size_t more = read_(buffer_.data() + end_, buffer_.size() - end_);
    end_ += more;
    return more > 0;
  }

 private:
  Read read_;
  std::size_t piece_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0, end_ = 0, moves_ = 0;
};

}  // namespace tlg::lm
