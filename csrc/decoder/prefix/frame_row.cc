#include "decoder/prefix/frame_row.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "decoder/prefix/scaled.h"

namespace tlg::decoder::prefix {
namespace {

constexpr double kSlack = 1e-4;  // of limits, which are rounded

}  // namespace

FrameRow::FrameRow(const Options& options, const std::vector<std::uint8_t>& usable)
    : options_(options),
      usable_(usable),
      listed_(usable.size()),
      factors_(usable.size()),
      listed_stamp_(usable.size(), 0),
      factor_stamp_(usable.size(), 0),
      live_stamp_(usable.size(), 0) {}

void FrameRow::load(const Frames& frames, std::int32_t t) {
  if (++stamp_ == 0) {  // the counter has gone round: old stamps would look new
    for (auto* stamps : {&listed_stamp_, &factor_stamp_, &live_stamp_})
      std::fill(stamps->begin(), stamps->end(), 0u);
    stamp_ = 1;
  }
  if (frames.dense != nullptr) {
    row_ = frames.dense + static_cast<std::int64_t>(t) * frames.num_tokens;
    return;
  }
  row_ = nullptr;
  unlisted_ = frames.unlisted(t);
  const std::int64_t first = static_cast<std::int64_t>(t) * frames.width;
  listed_ids_.assign(frames.ids + first, frames.ids + first + frames.width);
  for (std::int32_t i = 0; i < frames.width; ++i) {
    const auto token = static_cast<std::size_t>(frames.ids[first + i]);
    listed_[token] = frames.log_probs[first + i];
    listed_stamp_[token] = stamp_;
  }
  std::sort(listed_ids_.begin(), listed_ids_.end());
}

double FrameRow::new_factor(std::int32_t token) {
  const auto i = static_cast<std::size_t>(token);
  const double score = log_prob(token);
  factor_stamp_[i] = stamp_;
  factors_[i] = score < kLeastLog ? 0.0 : std::exp(score);
  return factors_[i];
}

void FrameRow::list(double least) {
  tokens_.clear();
  const auto num_tokens = static_cast<std::int32_t>(usable_.size());
  const auto least_raw = static_cast<float>((least - kSlack) / options_.acoustic_scale - kSlack);
  const auto take = [&](std::int32_t token) {
    if (usable_[static_cast<std::size_t>(token)] != 0) tokens_.push_back(token);
  };
  if (row_ != nullptr) {
    constexpr std::int32_t kBlock = 16;
    std::int32_t token = 0;
    for (; token + kBlock <= num_tokens; token += kBlock) {
      int any = 0;
      for (std::int32_t i = 0; i < kBlock; ++i) any |= row_[token + i] >= least_raw;
      if (any == 0) continue;
      for (std::int32_t i = 0; i < kBlock; ++i)
        if (row_[token + i] >= least_raw) take(token + i);
    }
    for (; token < num_tokens; ++token)
      if (row_[token] >= least_raw) take(token);
  } else if (unlisted_ >= least_raw) {
    for (std::int32_t token = 0; token < num_tokens; ++token)
      if (listed_stamp_[static_cast<std::size_t>(token)] != stamp_ ||
          listed_[static_cast<std::size_t>(token)] >= least_raw)
        take(token);
  } else {
    for (const std::int32_t token : listed_ids_)
      if (listed_[static_cast<std::size_t>(token)] >= least_raw) take(token);
  }
  scores_.resize(tokens_.size());
  for (std::size_t i = 0; i < tokens_.size(); ++i) scores_[i] = log_prob(tokens_[i]);
}

void FrameRow::find_limit(double* least, std::size_t* ties) {
  // Whatever is best is listed, or no listed token is near it.
  double best = log_prob(options_.blank) + options_.blank_penalty;
  for (const double score : scores_) best = std::max(best, score);
  *least = best - options_.token_beam;
  *ties = tokens_.size();
  const auto most = static_cast<std::size_t>(options_.max_tokens);
  if (most == 0 || most >= tokens_.size()) return;
  scratch_ = scores_;
  const auto place = scratch_.begin() + static_cast<std::ptrdiff_t>(most - 1);
  std::nth_element(scratch_.begin(), place, scratch_.end(), std::greater<>());
  if (*place <= *least) return;
  *least = *place;
  *ties = most - static_cast<std::size_t>(std::count_if(scores_.begin(), scores_.end(),
                                                        [&](double s) { return s > *least; }));
}

}  // namespace tlg::decoder::prefix
