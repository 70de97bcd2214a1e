// Asks for memory that will be read soon. Not for: correctness (a compiler may ignore it).
#pragma once

namespace tlg::util {

inline void prefetch(const void* address) {
#if defined(__GNUC__) || defined(__clang__)
  __builtin_prefetch(address);
#else
  (void)address;
#endif
}

}  // namespace tlg::util
