#include "decoder/lattice/step_ways.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "util/error.h"

namespace tlg::decoder {
namespace {

// The search adds in float32: what it holds to be this much beyond the beam may be within it.
constexpr float kRounding = 0.01f;
// What is left of a beam that proves too wide; none is tried that is wider than the one or narrower
// than the other.
constexpr float kNarrower = 0.7f, kWidest = 64, kNarrowest = 0.1f;
constexpr float kDead = -std::numeric_limits<float>::infinity();

class Finder {
 public:
  Finder(const RawLattice& raw, float beam) : raw_(raw), beam_(beam) {
    for (const RawLattice::End& end : raw_.ends) best_ = std::min(best_, end.cost);
  }

  // False: there are more than `most` ways and pairs, and nothing can be used. A node adds at most
  // twice as many as there are, so that 32 bits count them where `most` is below a billion.
  bool find(std::size_t most) {
    found_.beam = beam_;
    find_alive();
    found_.nodes.reserve(alive_.size() + 1);
    ways_.reserve(2 * alive_.size() + 16);
    pairs_.reserve(2 * alive_.size() + 16);
    ways_.push_back({0, 0});
    ways_of_beginning_ = {0, 1};
    ways_of_.resize(raw_.nodes.size());
    found_.nodes.push_back(kNoNode);
    for (auto at = alive_.rbegin(); at != alive_.rend(); ++at) {
      pass(*at);
      if (ways_.size() + pairs_.size() > most) return false;
    }
    find_ends();
    sort_by_source();
    return true;
  }

  StepWays take() { return std::move(found_); }

 private:
  struct Way {
    std::uint32_t step;
    float excess;  // over the best way
  };
  struct Ways {
    std::uint32_t begin, end;  // in ways_; steps rise
  };
  struct Pair {
    std::uint32_t source, target;
  };

  const RawLattice& raw_;
  const float beam_;
  double best_ = std::numeric_limits<double>::infinity();
  StepWays found_;
  std::vector<float> slack_;          // node -> what the best path through it leaves of the beam
  std::vector<std::uint32_t> alive_;  // falling
  std::vector<Way> ways_;
  std::vector<Ways> ways_of_;  // of nodes that are alive: the steps that a path there can end with
  Ways ways_of_beginning_{};
  std::vector<Pair> pairs_;

  float slack_of(const RawLattice::End& end) const {
    return static_cast<float>(double{beam_} + kRounding - (end.cost - best_));
  }

  void reach(std::uint32_t node, float slack) {
    if (node != kNoNode && slack >= 0 && slack > slack_[node]) slack_[node] = slack;
  }

  // Backwards: nodes that no end within the beam leads to are never looked at.
  void find_alive() {
    slack_.assign(raw_.nodes.size(), kDead);
    alive_.reserve(raw_.nodes.size());
    for (const RawLattice::End& end : raw_.ends) reach(end.node, slack_of(end));
    for (auto i = static_cast<std::uint32_t>(slack_.size()); i-- > 0;) {
      if (slack_[i] == kDead) continue;
      alive_.push_back(i);
      const RawLattice::Node& node = raw_.nodes[i];
      reach(node.previous, slack_[i]);
      if (node.arc == RawLattice::kMerge) reach(node.other, slack_[i] - node.excess);
    }
  }

  Ways ways_to(std::uint32_t node) const {
    return node == kNoNode ? ways_of_beginning_ : ways_of_[node];
  }

  void pass(std::uint32_t i) {
    const RawLattice::Node& node = raw_.nodes[i];
    const auto begin = static_cast<std::uint32_t>(ways_.size());
    if (node.arc == RawLattice::kMerge) {
      // A side beyond the beam is not alive: it has no ways.
      merge(ways_to(node.previous), ways_to(node.other), node.excess, slack_[i]);
    } else {
      const std::uint32_t step = found_.num_steps();
      found_.nodes.push_back(i);
      add_pairs(ways_to(node.previous), slack_[i], step);
      ways_.push_back({step, 0});
    }
    ways_of_[i] = {begin, static_cast<std::uint32_t>(ways_.size())};
  }

  void merge(Ways one, Ways other, float excess, float slack) {
    constexpr std::uint32_t kNone = ~std::uint32_t{0};
    while (one.begin < one.end || other.begin < other.end) {
      const std::uint32_t a = one.begin < one.end ? ways_[one.begin].step : kNone;
      const std::uint32_t b = other.begin < other.end ? ways_[other.begin].step : kNone;
      Way way{std::min(a, b), std::numeric_limits<float>::infinity()};
      if (a == way.step) way.excess = ways_[one.begin++].excess;
      if (b == way.step) way.excess = std::min(way.excess, ways_[other.begin++].excess + excess);
      if (way.excess <= slack) ways_.push_back(way);
    }
  }

  void add_pairs(const Ways& ways, float slack, std::uint32_t target) {
    for (std::uint32_t w = ways.begin; w < ways.end; ++w)
      if (ways_[w].excess <= slack) pairs_.push_back({ways_[w].step, target});
  }

  // Paths may end in several places behind one step: they are one way to the end.
  void find_ends() {
    const std::uint32_t end = found_.num_steps();
    const std::size_t before = pairs_.size();
    for (const RawLattice::End& one : raw_.ends)
      if (slack_of(one) >= 0) add_pairs(ways_to(one.node), slack_of(one), end);
    const auto first = pairs_.begin() + static_cast<std::ptrdiff_t>(before);
    std::sort(first, pairs_.end(),
              [](const Pair& a, const Pair& b) { return a.source < b.source; });
    pairs_.erase(std::unique(first, pairs_.end(),
                             [](const Pair& a, const Pair& b) { return a.source == b.source; }),
                 pairs_.end());
  }

  void sort_by_source() {
    std::vector<std::uint32_t>& first = found_.first;
    first.assign(found_.num_steps() + 1, 0);
    for (const Pair& pair : pairs_) ++first[pair.source + 1];
    for (std::size_t k = 1; k < first.size(); ++k) first[k] += first[k - 1];
    found_.targets.resize(pairs_.size());
    std::vector<std::uint32_t> next(first.begin(), first.end() - 1);
    for (const Pair& pair : pairs_) found_.targets[next[pair.source]++] = pair.target;
  }
};

}  // namespace

StepWays find_step_ways(const RawLattice& raw, std::size_t most, std::size_t tied) {
  for (float beam = raw.lattice_beam;;) {
    Finder finder(raw, beam);
    // The best path alone, and what ties with it, is always kept.
    if (finder.find(beam > 0 ? most : std::max(most, tied))) return finder.take();
    if (!(beam > 0))
      throw Error(ErrorKind::kLattice,
                  "the lattice of " + std::to_string(raw.num_frames) +
                      " frames has too many paths that are equally good",
                  "Look whether the posteriors say anything; use a smaller beam or max_active");
    beam = std::min(beam, kWidest) * kNarrower;
    if (beam < kNarrowest) beam = 0;
  }
}

}  // namespace tlg::decoder
