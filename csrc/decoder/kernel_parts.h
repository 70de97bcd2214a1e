// The parts of the search kernel, each built on the one before, for one instruction set (TLG_ISA,
// TLG_LEVEL: see simd.h), without or with lattices (TLG_LATTICE). Included by search_*.cc once for
// each; so: no include guard.

#include "decoder/simd.h"
// Where paths come from.
#include "decoder/trace_keeper.h"
// The tokens.
#include "decoder/token_set.h"
// Paths behind epsilon arcs.
#include "decoder/waiting_paths.h"
// A frame's costs.
#include "decoder/frame_costs.h"
// The arcs to look at.
#include "decoder/arc_finder.h"
// What goes on with hotwords in progress.
#include "decoder/hotword_ways.h"
// The frame itself.
#include "decoder/search_kernel.h"
// Its entrance.
#include "decoder/kernel_choice.h"
