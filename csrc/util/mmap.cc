#include "util/mmap.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <new>

#include "util/error.h"

#if defined(__unix__) || defined(__APPLE__)
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#define TLG_HAVE_MMAP 1
#endif

namespace tlg::util {
namespace {

[[noreturn]] void cannot_open(const std::string& path, int reason) {
  if (reason == ENOENT || reason == ENOTDIR)
    throw Error(ErrorKind::kMissingFile, "no such file", "Check the path", path);
  throw Error(ErrorKind::kIo, std::string("cannot be read (") + std::strerror(reason) + ")",
              "Check the path and its permissions", path);
}

#ifndef TLG_HAVE_MMAP
std::shared_ptr<const FileBytes> read_file(const std::string& path) {
  errno = 0;
  std::ifstream stream(std::filesystem::u8path(path), std::ios::binary | std::ios::ate);
  if (!stream) cannot_open(path, errno != 0 ? errno : ENOENT);
  const auto size = static_cast<std::size_t>(stream.tellg());
  constexpr std::align_val_t kLine{64};  // what is in the file may count on it, as in a map
  const std::shared_ptr<char> bytes(static_cast<char*>(::operator new(size + 1, kLine)),
                                    [kLine](char* p) { ::operator delete(p, kLine); });
  stream.seekg(0);
  stream.read(bytes.get(), static_cast<std::streamsize>(size));
  if (!stream) throw Error(ErrorKind::kIo, "cannot be read", "Check the disk", path);
  return std::make_shared<FileBytes>(bytes.get(), size, bytes);
}
#endif

}  // namespace

void FileBytes::drop_pages() const {
#ifdef TLG_HAVE_MMAP
  if (mapped_) ::madvise(const_cast<char*>(data_), size_, MADV_DONTNEED);
#endif
}

std::shared_ptr<const FileBytes> map_file(const std::string& path) {
#ifdef TLG_HAVE_MMAP
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) cannot_open(path, errno);
  struct stat info;
  if (::fstat(file, &info) != 0 || !S_ISREG(info.st_mode)) {
    ::close(file);
    throw Error(ErrorKind::kIo, "is no regular file", "Check the path", path);
  }
  const std::size_t size = static_cast<std::size_t>(info.st_size);
  if (size == 0) {  // mmap refuses zero bytes
    ::close(file);
    return std::make_shared<FileBytes>(nullptr, 0, nullptr);
  }
  void* address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
  const int reason = errno;
  ::close(file);
  if (address == MAP_FAILED) cannot_open(path, reason);
  std::shared_ptr<const void> owner(address, [size](void* p) { ::munmap(p, size); });
  return std::make_shared<FileBytes>(static_cast<const char*>(address), size, std::move(owner),
                                     true);
#else
  return read_file(path);
#endif
}

}  // namespace tlg::util
