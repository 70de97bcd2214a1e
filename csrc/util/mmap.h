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
  FileBytes(const char* data, std::size_t size, std::shared_ptr<const void> owner,
            bool mapped = false)
      : data_(data), size_(size), owner_(std::move(owner)), mapped_(mapped) {}

  const char* data() const { return data_; }
  std::size_t size() const { return size_; }
  // Takes what is mapped out of this process's memory; it comes back from the file when read again.
  void drop_pages() const;

 private:
  const char* data_;
  std::size_t size_;
  std::shared_ptr<const void> owner_;  // unmaps or frees
  bool mapped_;
};

// Throws Error(kMissingFile) or Error(kIo).
std::shared_ptr<const FileBytes> map_file(const std::string& path);

}  // namespace tlg::util
