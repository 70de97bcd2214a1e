#include "decoder/decoder.h"

#include <algorithm>
#include <cmath>
#include <thread>
#include <utility>

#include "decoder/lattice/pending_lattice.h"
#include "decoder/lattice/trace_limit.h"
#include "decoder/traceback.h"
#include "util/error.h"

namespace tlg::decoder {
namespace {

constexpr std::int32_t kShort = 2048;  // frames of an utterance whose traces are all kept

void require(bool fits, const std::string& what, const std::string& remedy) {
  if (!fits) throw Error(ErrorKind::kOption, what, remedy);
}

void check(const SearchOptions& options) {
  require(options.beam > 0, "beam must be above 0, not " + std::to_string(options.beam),
          "8 to 16 nats are usual; infinity searches everything");
  require(options.max_active > 0,
          "max_active must be above 0, not " + std::to_string(options.max_active),
          "7000 is the default");
  require(options.min_active >= 0 && options.min_active <= options.max_active,
          "min_active must be between 0 and max_active, not " + std::to_string(options.min_active),
          "0 is the default");
  require(
      options.acoustic_scale > 0 && std::isfinite(options.acoustic_scale),
      "acoustic_scale must be above 0 and finite, not " + std::to_string(options.acoustic_scale),
      "1 to 3 are usual");
  require(std::isfinite(options.blank_penalty),
          "blank_penalty must be finite, not " + std::to_string(options.blank_penalty),
          "0 is the default, 2 to 3 nats help where words are lost");
  require(options.blank_skip > 0 && options.blank_skip <= 1,
          "blank_skip must be above 0 and at most 1, not " + std::to_string(options.blank_skip),
          "1 skips nothing, 0.98 is usual");
  require(options.token_beam >= 0,
          "token_beam must be 0 or more, not " + std::to_string(options.token_beam),
          "infinity, the default, leaves out none");
  require(options.max_tokens >= 0,
          "max_tokens must be 0 or more, not " + std::to_string(options.max_tokens),
          "0, the default, leaves out none");
}

}  // namespace

Decoder::Decoder(std::shared_ptr<const SearchGraph> graph, const SearchOptions& options,
                 const SpanOptions& spans, const std::string& kernel, const LatticeRequest& request)
    : graph_(std::move(graph)),
      options_(options),
      spans_(spans),
      request_(request),
      kernel_(choose_kernel(kernel, request.any())) {
  check(options_);
  require(!request.any() || options.lattice_beam > 0,
          "lattice_beam must be above 0, not " + std::to_string(options.lattice_beam),
          "8 nats are the default");
  const bool can_skip = graph_->options().blank >= 0;
  require(can_skip || options.blank_skip == 1, "blank_skip for a graph without blank",
          "Leave blank_skip out");
}

std::unique_ptr<Search> Decoder::borrow() const {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!idle_.empty()) {
      std::unique_ptr<Search> search = std::move(idle_.back());
      idle_.pop_back();
      return search;
    }
  }
  return std::make_unique<Search>(*graph_, options_, kernel_);
}

void Decoder::give_back(std::unique_ptr<Search> search) const {
  if (search->utterance().traces.size() > kUsualTraces) return;
  search->forget_hotwords();  // an old list is freed with its last utterance
  const std::lock_guard<std::mutex> lock(mutex_);
  // A search holds a word for each token state of the graph: no more of them than can run at once.
  static const std::size_t most =
      std::max(1u, std::thread::hardware_concurrency());  // reads a file
  if (idle_.size() < most) idle_.push_back(std::move(search));
}

Hypothesis Decoder::decode_with(Search& search, const Frames& frames,
                                const std::shared_ptr<const HotwordUse>& hotwords,
                                const std::function<void()>& pulse) const {
  search.start(hotwords);
  if (request_.any()) return decode_more(search, frames, hotwords, pulse);
  if (frames.num_frames <= kShort) {
    search.advance(frames);
    return make_hypothesis(*graph_, options_, spans_, search.finish(), frames, hotwords);
  }
  // Its traces would grow without end.
  Traceback traceback(*graph_, options_, spans_, hotwords);
  for (std::int32_t t = 0; t < frames.num_frames && !search.utterance().dead; t += kSettleAfter) {
    const Frames some = frames.part(t, std::min(kSettleAfter, frames.num_frames - t));
    search.advance(some);
    traceback.settle(some, &search.utterance());
    if (pulse) pulse();
  }
  return traceback.finish(search.utterance(), frames.part(frames.num_frames, 0));
}

Hypothesis Decoder::decode_more(Search& search, const Frames& frames,
                                const std::shared_ptr<const HotwordUse>& hotwords,
                                const std::function<void()>& pulse) const {
  TraceLimit limit(options_.lattice_beam);
  for (std::int32_t t = 0; t < frames.num_frames && !search.utterance().dead; t += kSettleAfter) {
    search.advance(frames.part(t, std::min(kSettleAfter, frames.num_frames - t)));
    limit.drop(&search.utterance());
    TraceLimit::check(search.utterance());
    if (pulse) pulse();
  }
  Hypothesis best = make_hypothesis(*graph_, options_, spans_, search.finish(), frames, hotwords);
  RawLattice raw = search.lattice();
  KeptFrames kept = frames_of_lattice(raw, {*graph_, hotwords.get()},
                                      frames.part(0, static_cast<std::int32_t>(raw.num_frames)));
  best.more = examine(std::move(raw), std::move(kept), hotwords, best.words);
  return best;
}

std::shared_ptr<const PendingLattice> Decoder::examine(
    const Utterance& utterance, KeptFrames frames,
    const std::vector<std::int32_t>& best_words) const {
  return examine(collect_lattice(*graph_, utterance, options_.lattice_beam), std::move(frames),
                 utterance.hotword_use, best_words);
}

std::shared_ptr<const PendingLattice> Decoder::examine(
    RawLattice raw, KeptFrames frames, const std::shared_ptr<const HotwordUse>& hotwords,
    const std::vector<std::int32_t>& best_words) const {
  return std::make_shared<PendingLattice>(std::move(raw), graph_, options_, spans_,
                                          std::move(frames), hotwords, best_words, request_);
}

Hypothesis Decoder::decode(const Frames& frames, const std::shared_ptr<const HotwordUse>& hotwords,
                           const std::function<void()>& pulse) const {
  std::unique_ptr<Search> search = borrow();
  Hypothesis result = decode_with(*search, frames, hotwords, pulse);
  give_back(std::move(search));
  return result;
}

}  // namespace tlg::decoder
