#include "decoder/prefix/decoder.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

#include "util/parallel.h"

namespace tlg::decoder::prefix {
namespace {

constexpr std::int32_t kPulseAfter = 32;  // frames

}  // namespace

std::unique_ptr<Search> Decoder::borrow(const std::shared_ptr<const HotwordUse>& hotwords) const {
  std::unique_ptr<Search> search;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!idle_.empty()) {
      search = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  if (search == nullptr) search = std::make_unique<Search>(*model_, options_);
  search->start(hotwords);
  return search;
}

void Decoder::give_back(std::unique_ptr<Search> search) const {
  search->forget();
  static const std::size_t most = std::max(1u, std::thread::hardware_concurrency());
  const std::lock_guard<std::mutex> lock(mutex_);
  if (idle_.size() < most) idle_.push_back(std::move(search));
}

std::vector<std::vector<Hypothesis>> Decoder::decode_batch(
    const std::vector<Frames>& batch, const std::shared_ptr<const HotwordUse>& hotwords,
    std::size_t nbest, std::size_t threads, const std::function<void()>& pulse) const {
  std::vector<std::vector<Hypothesis>> results(batch.size());
  std::atomic<bool> stopped{false};
  const std::function<void()> listen = [&] {
    if (stopped) return;
    try {
      pulse();
    } catch (...) {
      stopped = true;
      throw;
    }
  };
  const auto job = [&](std::size_t i, std::size_t worker) {
    std::unique_ptr<Search> search = borrow(hotwords);
    const Frames& frames = batch[i];
    for (std::int32_t t = 0; t < frames.num_frames && !search->is_dead() && !stopped;
         t += kPulseAfter) {
      search->advance(frames.part(t, std::min(kPulseAfter, frames.num_frames - t)));
      if (worker == 0 && pulse) listen();
    }
    if (!stopped) results[i] = read_best(search.get(), nbest);
    give_back(std::move(search));
  };
  parallel_for(batch.size(), threads, job, pulse ? listen : pulse);
  return results;
}

}  // namespace tlg::decoder::prefix
