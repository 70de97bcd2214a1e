#include "util/large_memory.h"

#include <new>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace tlg::util {

namespace {

constexpr std::size_t kPage = std::size_t{2} << 20;

// Whole pages, so that the last one can be large too, where that takes little more.
std::size_t whole_pages(std::size_t size) {
  const std::size_t rest = kPage - 1 - (size - 1) % kPage;
  return rest <= size / 4 ? size + rest : size;
}

std::align_val_t alignment_of(std::size_t size, std::size_t alignment) {
  return std::align_val_t{size >= kLargeMemory ? kPage : alignment};
}

}  // namespace

std::shared_ptr<void> large_memory(std::size_t size) {
  void* const memory = ::operator new(size, std::align_val_t{kPage});
#ifdef __linux__
  ::madvise(memory, size, MADV_HUGEPAGE);  // a wish: nothing depends on it
#endif
  return {memory, [](void* p) { ::operator delete(p, std::align_val_t{kPage}); }};
}

void* allocate_large(std::size_t size, std::size_t alignment) {
  if (size >= kLargeMemory) size = whole_pages(size);
  void* const memory = ::operator new(size, alignment_of(size, alignment));
#ifdef __linux__
  if (size >= kLargeMemory) ::madvise(memory, size, MADV_HUGEPAGE);
#endif
  return memory;
}

void free_large(void* memory, std::size_t size, std::size_t alignment) noexcept {
  ::operator delete(memory, alignment_of(size, alignment));
}

}  // namespace tlg::util
