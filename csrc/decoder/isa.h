// Which instruction sets the inner loops are compiled for (search_*.cc), and which of them this CPU
// has. Not for: what those loops do.
#pragma once

#if defined(__x86_64__) && defined(__GNUC__)
#define TLG_HAVE_X86_KERNELS 1
#endif

namespace tlg::decoder {

enum class Isa { kBaseline, kAvx2, kAvx512 };

// The best one that this CPU has and the build knows.
inline Isa best_isa() {
#if defined(TLG_HAVE_X86_KERNELS)
  __builtin_cpu_init();
  const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2");
  if (has_avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
    return Isa::kAvx512;
  if (has_avx2) return Isa::kAvx2;
#endif
  return Isa::kBaseline;
}

}  // namespace tlg::decoder
