// The search kernel for x86-64 with AVX-512.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "decoder/attached_words.h"
#include "decoder/posteriors.h"
#include "decoder/search_state.h"

#if defined(TLG_HAVE_X86_KERNELS)
#include <immintrin.h>
#define TLG_LEVEL 3
#if defined(__clang__)
#pragma clang attribute push(                                                                 \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,bmi,bmi2,popcnt,lzcnt"))), \
    apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx2,bmi,bmi2,popcnt,lzcnt")
#pragma GCC target("prefer-vector-width=512")
// GCC 12 takes the undefined operands inside its own intrinsics for ours (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#define TLG_ISA avx512
#define TLG_LATTICE 0
#include "decoder/kernel_parts.h"
#include "decoder/row_sums.h"
#undef TLG_ISA
#undef TLG_LATTICE
#define TLG_ISA avx512_lattice
#define TLG_LATTICE 1
#include "decoder/kernel_parts.h"
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif
