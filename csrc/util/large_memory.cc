#include "util/large_memory.h"

#include <new>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace tlg::util {

std::shared_ptr<void> large_memory(std::size_t size) {
  constexpr std::align_val_t kPage{std::size_t{2} << 20};
  void* const memory = ::operator new(size, kPage);
#ifdef __linux__
  ::madvise(memory, size, MADV_HUGEPAGE);  // a wish: nothing depends on it
#endif
  return {memory, [kPage](void* p) { ::operator delete(p, kPage); }};
}

}  // namespace tlg::util
