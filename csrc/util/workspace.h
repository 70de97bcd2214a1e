// Where the large arrays of a long piece of work live: in memory, or, when there is a limit and no
// room below it, in temporary files mapped into memory, whose pages are dropped when too many are
// in. Code that uses the arrays is the same either way.
// Not for: many small arrays (each may be a mapping of its own); data that must last.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "util/array.h"

namespace tlg::util {

// Copies share one limit. Every member may be called from any thread.
class Workspace {
 public:
  Workspace() : Workspace(0, "") {}
  // `memory`: bytes that this process may take beyond what it has now; 0 is no limit. `folder`: of
  // the temporary files. The limit is kept as far as the arrays go: half of it for those in memory.
  Workspace(std::uint64_t memory, const std::string& folder);

  bool limited() const;
  std::uint64_t memory() const;  // the limit, 0 if there is none

  // An array of zeros, or not written at all. Throws Error(kIo) where the disk has no room.
  template <typename T>
  Array<T> make(std::size_t size) {
    static_assert(alignof(T) <= alignof(std::max_align_t));
    bool zeroed = false;
    std::shared_ptr<void> memory = allocate(size * sizeof(T), &zeroed);
    return Array<T>(static_cast<T*>(memory.get()), size, memory);
  }
  template <typename T>
  Array<T> make_zeroed(std::size_t size) {
    bool zeroed = false;
    std::shared_ptr<void> memory = allocate(size * sizeof(T), &zeroed);
    auto* data = static_cast<T*>(memory.get());
    if (!zeroed) std::fill_n(data, size, T{});
    return Array<T>(data, size, memory);
  }

  // Says that elements [begin, end) of an array made here are not needed any more; what is read
  // there later is anything.
  template <typename T>
  void discard(T* begin, T* end) {
    discard_bytes(begin, static_cast<std::size_t>(end - begin) * sizeof(T));
  }

  // Under a limit, say it after every few megabytes read or written: drops pages when it is time.
  // A random access counts kRandomAccess, as the system brings in that much around it.
  static constexpr std::size_t kRandomAccess = 1 << 16;
  void touched(std::size_t bytes) {
    if (limited()) count_touched(bytes);
  }
  // Drops all pages of the mapped files.
  void trim();

 private:
  struct Shared;

  std::shared_ptr<void> allocate(std::size_t bytes, bool* zeroed);
  void discard_bytes(void* data, std::size_t bytes);
  void count_touched(std::size_t bytes);

  std::shared_ptr<Shared> shared_;
};

}  // namespace tlg::util
