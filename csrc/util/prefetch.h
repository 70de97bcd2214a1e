// Asks for memory before it is needed. Never faults, whatever the address.
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
