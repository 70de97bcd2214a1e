// Memory for large arrays, in large pages where the system has them: fewer faults when it is
// written first, and fewer misses in the page tables when it is read at random.
// Not for: small things (the memory begins at a multiple of 2 MB).
#pragma once

#include <cstddef>
#include <memory>

namespace tlg::util {

// From this size on it is worth it.
inline constexpr std::size_t kLargeMemory = std::size_t{1} << 20;

// Not initialised. Throws std::bad_alloc.
std::shared_ptr<void> large_memory(std::size_t size);

// The same for what frees it by hand; below kLargeMemory, ordinary memory of that alignment.
void* allocate_large(std::size_t size, std::size_t alignment);
void free_large(void* memory, std::size_t size, std::size_t alignment) noexcept;

}  // namespace tlg::util
