#include "decoder/lattice/determinize.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "decoder/lattice/lattice_frames.h"
#include "util/bits.h"

namespace tlg::decoder {
namespace {

constexpr double kNever = -std::numeric_limits<double>::infinity();
// Sums of the same terms in another order differ by less; what differs by less counts as equal.
constexpr double kRounding = 1e-9;
// What is left of a beam that proves too wide; none is tried that is wider than the one or narrower
// than the other.
constexpr float kNarrower = 0.7f, kWidest = 64, kNarrowest = 0.01f;

LatticeScore operator+(const LatticeScore& a, const LatticeScore& b) {
  return {a.am + b.am, a.graph + b.graph, a.hotword + b.hotword};
}
LatticeScore operator-(const LatticeScore& a, const LatticeScore& b) {
  return {a.am - b.am, a.graph - b.graph, a.hotword - b.hotword};
}
bool near(const LatticeScore& a, const LatticeScore& b) {
  const auto close = [](double x, double y) {
    return std::fabs(x - y) <= kRounding * (1 + std::fabs(x));
  };
  return close(a.am, b.am) && close(a.graph, b.graph) && close(a.hotword, b.hotword);
}

// A state stands for the places that its word sequences can have led to, each with its score
// relative to the best of them. Its places come from the places of the states before it, which lie
// lower: in the order of their lowest nodes, a state is left when all ways to it are known.
class Determinizer {
 public:
  Determinizer(const WordDag& dag, const WordFrames& frames, std::size_t most)
      : dag_(dag), frames_(frames), most_(most) {}

  // False: more would have to be looked at than allowed.
  bool make(float beam) {
    clear();
    threshold_ = dag_.ahead[0] - beam - kRounding;
    run();
    return !too_many_;
  }

  // The best path alone.
  void make_single() {
    clear();
    is_single_ = true;
    run();
  }

  Lattice lattice() {
    Lattice out;
    out.num_frames = dag_.num_frames;
    out.partial = !dag_.is_final;
    std::vector<std::uint32_t> number(states_.size());
    for (std::uint32_t i = 0; i < left_.size(); ++i) number[left_[i]] = i;
    for (const std::uint32_t s : left_) {
      const State& state = states_[s];
      out.states.push_back({static_cast<std::uint32_t>(out.arcs.size()), state.frame,
                            state.is_final, state.final_score});
      for (std::size_t a = state.first_arc; a < state.end_arc; ++a) {
        out.arcs.push_back(arcs_[a]);
        out.arcs.back().source = number[s];
        out.arcs.back().target = number[out.arcs.back().target];
      }
    }
    out.states.push_back({static_cast<std::uint32_t>(out.arcs.size()), dag_.num_frames, false, {}});
    align_frames(&out);
    return out;
  }

 private:
  struct Place {
    std::uint32_t node;
    LatticeScore score;  // relative to the first place of the state
  };
  struct State {
    std::size_t begin, end;  // places; nodes rise
    double behind;           // of the best way to it
    double best_ahead;       // of its best place, on to the end, relative
    std::uint32_t next;      // another one with the same lowest node
    std::uint32_t hash;      // of the nodes
    std::int64_t frame;
    std::size_t first_arc, end_arc;
    bool is_final;
    LatticeScore final_score;
  };
  struct Candidate {
    std::int32_t word;
    std::uint32_t arc;
    double score;
  };

  const WordDag& dag_;
  const WordFrames& frames_;
  const std::size_t most_;
  double threshold_ = 0;
  std::vector<Place> places_;
  std::vector<State> states_;
  std::vector<Lattice::Arc> arcs_;
  std::vector<std::uint32_t> left_;        // states in the order in which they were left
  std::vector<std::uint32_t> waiting_at_;  // node -> a state whose lowest node it is
  std::vector<std::uint32_t> table_;       // states by a hash of their nodes; a power of two, open
  std::size_t num_looked_at_ = 0;
  bool too_many_ = false, is_single_ = false;

  // While a state is left: nodes reached without another word, the score there, the arc to it.
  std::vector<double> best_;
  std::vector<std::uint32_t> arc_to_;
  std::vector<std::uint64_t> is_waiting_;
  std::vector<std::uint32_t> visited_;
  std::vector<Candidate> candidates_;

  void clear() {
    places_.clear();
    states_.clear();
    arcs_.clear();
    left_.clear();
    table_.assign(256, kNoNode);
    candidates_.clear();
    num_looked_at_ = 0;
    too_many_ = is_single_ = false;
    places_.reserve(dag_.arcs.size());
    states_.reserve(64);
    arcs_.reserve(128);
    waiting_at_.assign(dag_.num_nodes(), kNoNode);
    best_.assign(dag_.num_nodes(), kNever);
    arc_to_.assign(dag_.num_nodes(), kNoNode);
    is_waiting_.assign((dag_.num_nodes() + 63) / 64, 0);
  }

  void run() {
    places_.push_back({0, {}});
    find_or_add_state(0, dag_.ahead[0], 0);
    for (std::uint32_t node = 0; node < dag_.num_nodes() && !too_many_; ++node)
      for (std::uint32_t s = waiting_at_[node]; s != kNoNode && !too_many_; s = states_[s].next)
        leave(s);
  }

  // All words on from a state.
  void leave(std::uint32_t s) {
    left_.push_back(s);
    const State state = states_[s];
    const double behind = state.behind;
    // Rounding must not cut off what this state was made for.
    const double threshold = std::min(threshold_, behind + state.best_ahead - kRounding);
    for (std::size_t p = state.begin; p < state.end; ++p) {
      const Place& place = places_[p];
      const double score = behind + place.score.total();
      if (!(score + dag_.ahead[place.node] >= threshold)) continue;
      best_[place.node] = score;
      arc_to_[place.node] = kNoNode;
      is_waiting_[place.node / 64] |= std::uint64_t{1} << (place.node % 64);
    }
    candidates_.clear();
    visited_.clear();
    for (std::size_t w = places_[state.begin].node / 64; w < is_waiting_.size(); ++w)
      while (is_waiting_[w] != 0) {
        const int lowest = util::count_trailing_zeros(is_waiting_[w]);
        is_waiting_[w] &= is_waiting_[w] - 1;
        follow(static_cast<std::uint32_t>(64 * w) + static_cast<std::uint32_t>(lowest), threshold);
      }
    num_looked_at_ += visited_.size() + candidates_.size();
    too_many_ = !is_single_ && num_looked_at_ > most_;
    states_[s].first_arc = arcs_.size();
    if (best_[dag_.end()] > kNever) {
      states_[s].is_final = true;
      states_[s].final_score = score_of(dag_.end(), state);
      if (s != 0 && !candidates_.empty()) states_[s].frame = frame_before_more();
    }
    add_arcs(s);
    states_[s].end_arc = arcs_.size();
    for (const std::uint32_t n : visited_) best_[n] = kNever;
  }

  void follow(std::uint32_t n, double threshold) {
    visited_.push_back(n);
    std::uint32_t a = dag_.nodes[n].first_arc, end = dag_.nodes[n + 1].first_arc;
    if (is_single_ && a < end) {
      a = dag_.nodes[n].best_arc;
      end = a + 1;
    }
    for (; a < end; ++a) {
      const WordDag::Arc& arc = dag_.arcs[a];
      const double score = best_[n] + arc.score.total();
      if (!(score + dag_.ahead[arc.target] >= threshold)) continue;
      if (!(dag_.ahead[arc.target] > kNever)) continue;
      if (arc.word != 0) {
        candidates_.push_back({arc.word, a, score});
      } else if (score > best_[arc.target]) {
        best_[arc.target] = score;
        arc_to_[arc.target] = a;
        is_waiting_[arc.target / 64] |= std::uint64_t{1} << (arc.target % 64);
      }
    }
  }

  // What the path to a node has added since the state.
  LatticeScore score_of(std::uint32_t n, const State& state) const {
    LatticeScore score;
    for (; arc_to_[n] != kNoNode; n = dag_.arcs[arc_to_[n]].source)
      score = score + dag_.arcs[arc_to_[n]].score;
    const auto place =
        std::lower_bound(places_.begin() + static_cast<std::ptrdiff_t>(state.begin),
                         places_.begin() + static_cast<std::ptrdiff_t>(state.end), n,
                         [](const Place& one, std::uint32_t node) { return one.node < node; });
    return score + place->score;
  }

  // Where the words before a state end, although the best path through it ends too: on the best one
  // that goes on.
  std::int64_t frame_before_more() const {
    const auto whole = [this](const Candidate& one) {
      return one.score + dag_.ahead[dag_.arcs[one.arc].target];
    };
    const Candidate& best = *std::max_element(
        candidates_.begin(), candidates_.end(), [&](const Candidate& a, const Candidate& b) {
          return whole(a) != whole(b) ? whole(a) < whole(b) : a.arc > b.arc;
        });
    std::vector<std::uint32_t> arcs{best.arc};
    for (std::uint32_t n = dag_.arcs[best.arc].source; arc_to_[n] != kNoNode;
         n = dag_.arcs[arc_to_[n]].source)
      arcs.push_back(arc_to_[n]);
    std::reverse(arcs.begin(), arcs.end());
    return word_end(dag_, frames_, arcs);
  }

  void add_arcs(std::uint32_t s) {
    std::sort(candidates_.begin(), candidates_.end(),
              [this](const Candidate& a, const Candidate& b) {
                if (a.word != b.word) return a.word < b.word;
                const std::uint32_t x = dag_.arcs[a.arc].target, y = dag_.arcs[b.arc].target;
                if (x != y) return x < y;
                return a.score != b.score ? a.score > b.score : a.arc < b.arc;
              });
    const State state = states_[s];
    for (std::size_t i = 0; i < candidates_.size();) {
      const std::int32_t word = candidates_[i].word;
      const std::size_t begin = places_.size();
      double whole = kNever;  // of the best path with this word
      std::size_t best = begin;
      for (; i < candidates_.size() && candidates_[i].word == word; ++i) {
        const WordDag::Arc& arc = dag_.arcs[candidates_[i].arc];
        if (places_.size() > begin && places_.back().node == arc.target) continue;
        const double ahead = candidates_[i].score + dag_.ahead[arc.target];
        if (ahead > whole) {
          whole = ahead;
          best = places_.size();
        }
        places_.push_back({arc.target, score_of(arc.source, state) + arc.score});
      }
      const LatticeScore common = places_[best].score;
      for (std::size_t p = begin; p < places_.size(); ++p)
        places_[p].score = places_[p].score - common;
      places_[best].score = {};
      const std::uint32_t target = find_or_add_state(begin, dag_.ahead[places_[best].node], best);
      State& to = states_[target];
      to.behind = std::max(to.behind, state.behind + common.total());
      arcs_.push_back({s, target, word, common});
    }
  }

  // The state with the places from `begin` on, which are dropped when there is one already.
  std::uint32_t find_or_add_state(std::size_t begin, double best_ahead, std::size_t best) {
    const std::uint32_t hash = hash_of(begin, places_.size());
    std::size_t slot = hash & (table_.size() - 1);
    for (; table_[slot] != kNoNode; slot = (slot + 1) & (table_.size() - 1)) {
      const std::uint32_t known = table_[slot];
      if (states_[known].hash != hash || !has_places(states_[known], begin)) continue;
      places_.resize(begin);
      return known;
    }
    const auto s = static_cast<std::uint32_t>(states_.size());
    const std::uint32_t node = places_[begin].node;
    const std::int64_t frame = s == 0 ? 0 : frames_.end[places_[best].node];
    states_.push_back({begin,
                       places_.size(),
                       s == 0 ? 0 : kNever,
                       best_ahead,
                       waiting_at_[node],
                       hash,
                       frame,
                       0,
                       0,
                       false,
                       {}});
    waiting_at_[node] = s;
    table_[slot] = s;
    if (2 * states_.size() > table_.size()) widen_table();
    return s;
  }

  std::uint32_t hash_of(std::size_t begin, std::size_t end) const {
    std::uint64_t hash = 0;
    for (std::size_t p = begin; p < end; ++p) hash = (hash ^ places_[p].node) * 0x9e3779b97f4a7c15u;
    return static_cast<std::uint32_t>(hash >> 32);
  }

  void widen_table() {
    table_.assign(2 * table_.size(), kNoNode);
    for (std::uint32_t s = 0; s < states_.size(); ++s) {
      std::size_t slot = states_[s].hash & (table_.size() - 1);
      while (table_[slot] != kNoNode) slot = (slot + 1) & (table_.size() - 1);
      table_[slot] = s;
    }
  }

  bool has_places(const State& state, std::size_t begin) const {
    if (state.end - state.begin != places_.size() - begin) return false;
    for (std::size_t p = state.begin; p < state.end; ++p, ++begin)
      if (places_[p].node != places_[begin].node || !near(places_[p].score, places_[begin].score))
        return false;
    return true;
  }
};

}  // namespace

Determinized determinize(const WordDag& dag, const WordFrames& frames, std::size_t most) {
  Determinized out;
  out.beam = dag.beam;
  out.lattice.num_frames = dag.num_frames;
  out.lattice.partial = !dag.is_final;
  if (dag.num_nodes() == 0 || !(dag.ahead[0] > kNever)) return out;
  Determinizer maker(dag, frames, most);
  while (out.beam > kNarrowest && !maker.make(out.beam))
    out.beam = std::min(out.beam, kWidest) * kNarrower;
  if (!(out.beam > kNarrowest)) {
    out.beam = 0;
    maker.make_single();
  }
  out.lattice = maker.lattice();
  return out;
}

}  // namespace tlg::decoder
