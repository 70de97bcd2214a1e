// Fields of OpenFst's binary files, read one after another and never past the end. Not for: what
// the fields mean (openfst_io.cc, and lattices in decoder/lattice/lattice_binary.cc).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "util/error.h"

namespace tlg::fst {

constexpr std::int32_t kFstMagic = 2125659606;
constexpr std::int32_t kSymbolTableMagic = 2125658996;

class OpenFstReader {
 public:
  struct Refusal {
    ErrorKind kind;
    const char* remedy;
    bool tells_byte;  // where in the file, for files that hold many FSTs
  };

  // The bytes and the name must outlive it.
  OpenFstReader(const char* data, std::size_t size, std::size_t begin, const std::string& name,
                const Refusal& refusal)
      : data_(data), size_(size), at_(begin), name_(name), refusal_(refusal) {}

  template <typename T>
  T read(const char* what) {
    T value;
    std::memcpy(&value, take(sizeof(T), what), sizeof(T));
    return value;
  }

  std::string read_string(const char* what, std::size_t most) {
    const auto length = read<std::int32_t>(what);
    if (length < 0 || static_cast<std::size_t>(length) > most)
      fail(std::string("the length of ") + what + " is " + std::to_string(length));
    const auto count = static_cast<std::size_t>(length);
    return std::string(take(count, what), count);
  }

  const char* take(std::size_t count, const char* what) {
    if (count > left()) fail(std::string("the file ends inside ") + what);
    at_ += count;
    return data_ + at_ - count;
  }

  void skip_symbol_table() {
    if (read<std::int32_t>("a symbol table") != kSymbolTableMagic)
      fail("the symbol table inside does not start as one");
    read_string("a symbol table's name", left());
    read<std::int64_t>("a symbol table");
    const auto count = read<std::int64_t>("a symbol table");
    // A symbol takes 12 bytes at least: a count from a corrupt file cannot keep the loop busy.
    if (count < 0 || static_cast<std::uint64_t>(count) > left() / 12)
      fail("a symbol table of " + std::to_string(count) + " symbols does not fit into the file");
    for (std::int64_t i = 0; i < count; ++i) {
      read_string("a symbol", left());
      read<std::int64_t>("a symbol's key");
    }
  }

  std::size_t left() const { return size_ - at_; }
  std::size_t at() const { return at_; }

  [[noreturn]] void fail(const std::string& what, const char* remedy = nullptr) const {
    throw Error(refusal_.kind,
                refusal_.tells_byte ? what + " (at byte " + std::to_string(at_) + ")" : what,
                remedy == nullptr ? refusal_.remedy : remedy, name_);
  }

 private:
  const char* data_;
  std::size_t size_, at_;
  const std::string& name_;
  const Refusal refusal_;
};

// A name from a file, fit to be shown: the file may be anything.
inline std::string printable(std::string text) {
  for (char& c : text)
    if (c < ' ' || c > '~') c = '?';
  return text;
}

}  // namespace tlg::fst
