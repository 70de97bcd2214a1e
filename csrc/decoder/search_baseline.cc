// The search kernel for any CPU of the build's target.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "decoder/attached_words.h"
#include "decoder/posteriors.h"
#include "decoder/search_state.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif
#define TLG_LEVEL 0
#define TLG_ISA baseline
#define TLG_LATTICE 0
#include "decoder/kernel_parts.h"
#include "decoder/row_sums.h"
#undef TLG_ISA
#undef TLG_LATTICE
#define TLG_ISA baseline_lattice
#define TLG_LATTICE 1
#include "decoder/kernel_parts.h"
