#include "decoder/lattice/trace_limit.h"

#include <algorithm>
#include <string>

#include "decoder/lattice/collect.h"
#include "util/error.h"

namespace tlg::decoder {
namespace {

// Traces are numbered with 31 bits (kInWaiting): so many leave room for those of kSettleAfter
// frames more.
constexpr std::size_t kMostTraces = std::size_t{3} << 29;

}  // namespace

void TraceLimit::drop(Utterance* utterance) {
  if (utterance->traces.size() <= drop_at_) return;
  drop_lost_traces(utterance, lattice_beam_);
  drop_at_ = std::min(std::max(kUsualTraces, 2 * utterance->traces.size()), kMostTraces);
}

void TraceLimit::check(const Utterance& utterance) {
  if (utterance.traces.size() <= kMostTraces) return;
  throw Error(ErrorKind::kOption,
              "the lattice of " + std::to_string(utterance.num_frames()) +
                  " frames has more paths than can be counted",
              "Use a smaller lattice_beam or max_active, or shorter utterances");
}

}  // namespace tlg::decoder
