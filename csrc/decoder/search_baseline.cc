// The search kernel for any CPU of the build's target.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "decoder/posteriors.h"
#include "decoder/search_state.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif
#define TLG_ISA baseline
#define TLG_LEVEL 0
#include "decoder/row_sums.h"
// The inner loops of the search.
#include "decoder/simd.h"
// In this order: each builds on the one before.
#include "decoder/token_set.h"
// The frame itself.
#include "decoder/search_kernel.h"
