#include "decoder/prefix/decoder.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "util/parallel.h"

namespace tlg::decoder::prefix {

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
    std::size_t nbest, std::size_t threads) const {
  std::vector<std::vector<Hypothesis>> results(batch.size());
  parallel_for(batch.size(), threads, [&](std::size_t i, std::size_t) {
    std::unique_ptr<Search> search = borrow(hotwords);
    search->advance(batch[i]);
    results[i] = read_best(search.get(), nbest);
    give_back(std::move(search));
  });
  return results;
}

}  // namespace tlg::decoder::prefix
