// The file of a model ready to be queried: a header, a table of named sections, the sections. It is
// memory-mapped and used where it lies. Opening looks at the header and the table alone, so it
// takes the same time whatever the size; verify() reads everything.
// Not for: what is in the sections (each query structure knows its own), ARPA files.
//
// All numbers are little- or big-endian as the machine that wrote them; a file of the other kind is
// refused. Every section begins at a multiple of kAlignment, with zeros between them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "util/array.h"
#include "util/mmap.h"

namespace tlg::lm {

class LmFile {
 public:
  // Readers refuse a file of a later version; what changes the meaning of a section raises it.
  static constexpr std::uint32_t kVersion = 1;
  static constexpr std::size_t kAlignment = 64;

  // Throws Error(kArpa): no such file of tlg's, written by a later tlg or on a machine of the other
  // byte order, cut off, or damaged in what is looked at.
  static std::shared_ptr<const LmFile> open(const std::string& path);
  // The same of bytes that lie at a multiple of kAlignment; `name` is for errors.
  LmFile(std::shared_ptr<const util::FileBytes> bytes, std::string name);

  // Whether a file that begins so is meant to be one of these.
  static bool begins(std::string_view first_bytes);

  // Reads all of it and throws Error(kArpa), which names the section, if a checksum does not fit.
  void verify() const;

  const std::string& name() const { return name_; }
  std::size_t size() const { return bytes_->size(); }
  // Which query structure the sections make up.
  const std::string& structure() const { return structure_; }

  // Names and sizes of the sections, in the order of the file.
  std::vector<std::pair<std::string, std::uint64_t>> sizes() const;
  bool has(std::string_view section) const { return find(section) != nullptr; }
  // A section as an array, which keeps the file mapped. It is read-only: its memory cannot be
  // written. Throws Error(kArpa) if it is not there or no whole number of T.
  template <typename T>
  util::Array<T> array(std::string_view section) const {
    const View view = view_of(section, sizeof(T));
    return {reinterpret_cast<T*>(const_cast<char*>(view.data)), view.size / sizeof(T), bytes_};
  }
  // The same, and throws if it has not `count` elements.
  template <typename T>
  util::Array<T> array(std::string_view section, std::uint64_t count) const {
    util::Array<T> found = array<T>(section);
    if (found.size() != count) damaged("section '" + std::string(section) + "' has another size");
    return found;
  }
  // For whoever reads the sections and finds something in them that cannot be.
  [[noreturn]] void damaged(const std::string& what) const;

 private:
  struct Section {
    std::string name;
    std::uint64_t offset, size, checksum;
  };
  struct View {
    const char* data;
    std::size_t size;
  };
  const Section* find(std::string_view section) const;
  View view_of(std::string_view section, std::size_t unit) const;

  std::shared_ptr<const util::FileBytes> bytes_;
  std::string name_, structure_;
  std::vector<Section> sections_;
};

// Gives the bytes of such a file piece by piece; the caller writes them.
//   LmFileWriter writer("probing");
//   writer.add("name", data, count); ...
//   for (auto piece = writer.next(); !piece.empty(); piece = writer.next()) write(piece);
class LmFileWriter {
 public:
  // At most 15 bytes.
  explicit LmFileWriter(std::string structure);

  // Adds a section; the name has at most 23 bytes. What is not kept alive by `owner` must live
  // until the last piece is out.
  template <typename T>
  void add(std::string name, const T* data, std::size_t count,
           std::shared_ptr<const void> owner = nullptr) {
    static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= LmFile::kAlignment);
    add_bytes(std::move(name), reinterpret_cast<const char*>(data), count * sizeof(T),
              std::move(owner));
  }
  template <typename T>
  void add(std::string name, const util::Array<T>& values) {
    add(std::move(name), values.data(), values.size());
  }

  // The size of the whole file.
  std::uint64_t size() const;
  // The next piece, empty after the last; good until the next call.
  std::string_view next();

 private:
  struct Section {
    std::string name;
    const char* data;
    std::size_t size;
    std::shared_ptr<const void> owner;
  };
  void add_bytes(std::string name, const char* data, std::size_t size,
                 std::shared_ptr<const void> owner);
  std::string header() const;

  std::string structure_;
  std::vector<Section> sections_;
  std::string header_;       // once next() was called
  std::size_t section_ = 0;  // the one that comes next
  std::size_t done_ = 0;     // bytes of it that are out
  std::size_t padding_ = 0;  // zeros that come before it
};

}  // namespace tlg::lm
