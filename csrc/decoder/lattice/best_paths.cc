#include "decoder/lattice/best_paths.h"

#include <algorithm>
#include <cassert>
#include <limits>

namespace tlg::decoder {
namespace {

template <typename T>
void copy_first(const std::vector<T>& from, std::size_t count, std::vector<T>* to) {
  to->assign(from.begin(), from.begin() + static_cast<std::ptrdiff_t>(count));
}

bool is_path(float cost) { return cost < std::numeric_limits<float>::infinity(); }

}  // namespace

std::uint32_t BestPaths::best_of(std::uint32_t trace) const {
  if (trace == kNoTrace) return kNoTrace;
  if (trace >= num_followed_) return best_of_new_[trace - num_followed_];
  const auto found = std::lower_bound(ends_.begin(), ends_.end(),
                                      std::pair<std::uint32_t, std::uint32_t>{trace, 0});
  assert(found != ends_.end() && found->first == trace);
  return found->second;
}

Utterance* BestPaths::follow(const Utterance& u) {
  best_of_new_.clear();
  for (std::size_t i = num_followed_; i < u.traces.size(); ++i) {
    const Trace& trace = u.traces[i];
    const std::uint32_t before = best_of(trace.previous);
    if (trace.arc == kMergeArc) {
      best_of_new_.push_back(before);
      continue;
    }
    best_of_new_.push_back(static_cast<std::uint32_t>(best_.traces.size()));
    best_.traces.push({before, trace.arc, static_cast<std::uint32_t>(trace.frame - best_.base)});
  }
  best_.hotword_use = u.hotword_use;
  best_.hotwords = u.hotwords;
  best_.hotword_labels = u.hotword_labels;
  best_.num_tokens = u.num_tokens;
  copy_first(u.nb, u.num_tokens, &best_.nb);
  copy_first(u.b, u.num_tokens, &best_.b);
  copy_first(u.state, u.num_tokens, &best_.state);
  copy_first(u.hotword, u.num_tokens, &best_.hotword);
  best_.frame = static_cast<std::uint32_t>(u.num_frames() - best_.base);
  best_.offset = u.offset;
  best_.dead = u.dead;
  best_.nb_trace.resize(u.num_tokens);
  best_.b_trace.resize(u.num_tokens);
  for (std::size_t i = 0; i < u.num_tokens; ++i) {
    best_.nb_trace[i] = is_path(u.nb[i]) ? best_of(u.nb_trace[i]) : kNoTrace;
    best_.b_trace[i] = is_path(u.b[i]) ? best_of(u.b_trace[i]) : kNoTrace;
  }
  renumbered(u);
  return &best_;
}

void BestPaths::renumbered(const Utterance& u) {
  ends_.clear();
  for (std::size_t i = 0; i < u.num_tokens; ++i) {
    if (is_path(u.nb[i])) ends_.emplace_back(u.nb_trace[i], best_.nb_trace[i]);
    if (is_path(u.b[i])) ends_.emplace_back(u.b_trace[i], best_.b_trace[i]);
  }
  std::sort(ends_.begin(), ends_.end());
  ends_.erase(std::unique(ends_.begin(), ends_.end()), ends_.end());
  num_followed_ = u.traces.size();
}

}  // namespace tlg::decoder
