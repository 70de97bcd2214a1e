// A whole file as read-only bytes: memory-mapped where the system can, else read. Not for: files
// that change while they are in use (a mapped file must be replaced by renaming, never written in
// place).
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

namespace tlg::util {

class FileBytes {
 public:
  FileBytes(const char* data, std::size_t size, std::shared_ptr<const void> owner)
      : data_(data), size_(size), owner_(std::move(owner)) {}

  const char* data() const { return data_; }
  std::size_t size() const { return size_; }

 private:
  const char* data_;
  std::size_t size_;
  std::shared_ptr<const void> owner_;  // unmaps or frees
};

// Throws Error(kMissingFile) or Error(kIo).
std::shared_ptr<const FileBytes> map_file(const std::string& path);

}  // namespace tlg::util
