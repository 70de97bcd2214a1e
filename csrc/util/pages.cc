#include "util/pages.h"

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <vector>

#include "util/error.h"

#if defined(__unix__) || defined(__APPLE__)
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#elif defined(_WIN32)
#define NOMINMAX
#include <windows.h>
// After windows.h.
#include <psapi.h>
#endif
#ifdef __APPLE__
#include <mach/mach.h>
#endif

namespace tlg::util {
namespace {

std::string in_megabytes(std::size_t size) {
  return std::to_string((size + (std::size_t{1} << 20) - 1) >> 20) + " MB";
}

[[noreturn]] void no_room(const std::string& folder, std::size_t size, const std::string& reason) {
  throw Error(ErrorKind::kIo,
              "no room for a temporary file of " + in_megabytes(size) + " (" + reason + ")",
              "Free space there, name another folder (temp_dir, --temp-dir), or allow more memory "
              "(memory, --memory)",
              folder);
}

}  // namespace

#if defined(__unix__) || defined(__APPLE__)

namespace {

// Whole pages inside [data, data + size).
bool whole_pages(void** data, std::size_t* size) {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<std::uintptr_t>(*data);
  const std::uintptr_t first = (begin + page - 1) / page * page,
                       end = (begin + *size) / page * page;
  if (first >= end) return false;
  *data = reinterpret_cast<void*>(first);
  *size = end - first;
  return true;
}

// Sets the room aside at once: a write to a mapped page without room behind it would kill us.
int set_room_aside(int file, std::size_t size) {
#ifdef __APPLE__
  fstore_t store = {F_ALLOCATEALL, F_PEOFPOSMODE, 0, static_cast<off_t>(size), 0};
  if (::fcntl(file, F_PREALLOCATE, &store) < 0) return errno;
  return ::ftruncate(file, static_cast<off_t>(size)) < 0 ? errno : 0;
#else
  int failed;
  do failed = ::posix_fallocate(file, 0, static_cast<off_t>(size));
  while (failed == EINTR);
  return failed;
#endif
}

}  // namespace

void* map_memory(std::size_t size) {
  void* data = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED) return nullptr;
#ifdef MADV_HUGEPAGE
  ::madvise(data, size, MADV_HUGEPAGE);
#endif
  return data;
}

void* map_temporary_file(std::size_t size, const std::string& folder) {
  std::string pattern = (std::filesystem::path(folder) / "tlg-XXXXXX").string();
  const int file = ::mkstemp(pattern.data());
  if (file < 0)
    throw Error(ErrorKind::kIo,
                std::string("temporary files cannot be made here (") + std::strerror(errno) + ")",
                "Name another folder (temp_dir, --temp-dir)", folder);
  ::unlink(pattern.c_str());
  if (const int reason = set_room_aside(file, size)) {
    ::close(file);
    no_room(folder, size, std::strerror(reason));
  }
  void* data = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  const int reason = errno;
  ::close(file);
  if (data == MAP_FAILED) no_room(folder, size, std::strerror(reason));
  return data;
}

void unmap(void* data, std::size_t size) { ::munmap(data, size); }

void drop_resident(void* data, std::size_t size) {
  if (whole_pages(&data, &size)) ::madvise(data, size, MADV_DONTNEED);
}

void drop_content(void* data, std::size_t size) {
  if (!whole_pages(&data, &size)) return;
#ifdef MADV_REMOVE
  ::madvise(data, size, MADV_REMOVE);  // frees the disk too; fails, harmlessly, for plain memory
#endif
#if defined(__APPLE__)
  ::madvise(data, size, MADV_FREE);
#else
  ::madvise(data, size, MADV_DONTNEED);
#endif
}

#elif defined(_WIN32)

void* map_memory(std::size_t size) {
  return ::VirtualAlloc(nullptr, size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
}

void* map_temporary_file(std::size_t size, const std::string& folder) {
  const auto reason = [] { return "system error " + std::to_string(::GetLastError()); };
  wchar_t name[MAX_PATH + 1];
  if (!::GetTempFileNameW(std::filesystem::u8path(folder).c_str(), L"tlg", 0, name))
    throw Error(ErrorKind::kIo, "temporary files cannot be made here (" + reason() + ")",
                "Name another folder (temp_dir, --temp-dir)", folder);
  const HANDLE file = ::CreateFileW(name, GENERIC_READ | GENERIC_WRITE, 0, nullptr, CREATE_ALWAYS,
                                    FILE_ATTRIBUTE_TEMPORARY | FILE_FLAG_DELETE_ON_CLOSE, nullptr);
  if (file == INVALID_HANDLE_VALUE) no_room(folder, size, reason());
  const auto wide = static_cast<std::uint64_t>(size);
  const HANDLE mapping =
      ::CreateFileMappingW(file, nullptr, PAGE_READWRITE, static_cast<DWORD>(wide >> 32),
                           static_cast<DWORD>(wide), nullptr);
  void* data = mapping ? ::MapViewOfFile(mapping, FILE_MAP_ALL_ACCESS, 0, 0, size) : nullptr;
  const std::string why = reason();
  // The view keeps both alive; the file goes with the last of them.
  if (mapping) ::CloseHandle(mapping);
  ::CloseHandle(file);
  if (!data) no_room(folder, size, why);
  return data;
}

void unmap(void* data, std::size_t) {
  if (!::UnmapViewOfFile(data)) ::VirtualFree(data, 0, MEM_RELEASE);
}

void drop_resident(void* data, std::size_t size) {
  ::VirtualUnlock(data, size);  // of what is not locked: out of the working set
}

void drop_content(void* data, std::size_t size) { drop_resident(data, size); }

#else

void* map_memory(std::size_t size) { return std::calloc(size, 1); }
void* map_temporary_file(std::size_t size, const std::string& folder) {
  no_room(folder, size, "this system maps no files");
}
void unmap(void* data, std::size_t) { std::free(data); }
void drop_resident(void*, std::size_t) {}
void drop_content(void*, std::size_t) {}

#endif

std::size_t resident_bytes() {
#if defined(__linux__)
  std::FILE* file = std::fopen("/proc/self/statm", "re");
  if (!file) return 0;
  unsigned long long all = 0, resident = 0;
  const int read = std::fscanf(file, "%llu %llu", &all, &resident);
  std::fclose(file);
  return read == 2 ? static_cast<std::size_t>(resident) *
                         static_cast<std::size_t>(::sysconf(_SC_PAGESIZE))
                   : 0;
#elif defined(__APPLE__)
  mach_task_basic_info info;
  mach_msg_type_number_t count = MACH_TASK_BASIC_INFO_COUNT;
  const auto result = ::task_info(::mach_task_self(), MACH_TASK_BASIC_INFO,
                                  reinterpret_cast<task_info_t>(&info), &count);
  return result == KERN_SUCCESS ? info.resident_size : 0;
#elif defined(_WIN32)
  PROCESS_MEMORY_COUNTERS counters;
  return ::K32GetProcessMemoryInfo(::GetCurrentProcess(), &counters, sizeof counters)
             ? counters.WorkingSetSize
             : 0;
#else
  return 0;
#endif
}

}  // namespace tlg::util
