#include "hotwords/automaton.h"

#include <algorithm>
#include <string>

#include "util/error.h"

namespace tlg::hotwords {

// By the definition, not by the states: longest phrase from the left, then on behind it.
std::vector<Match> Automaton::find_in(const std::vector<Unit>& units, Part part) const {
  std::vector<Unit> stream;
  std::vector<std::int32_t> origin;
  stream.reserve(units.size() + 1);
  for (std::size_t i = 0; i < units.size(); ++i) {
    if (comes_after_boundary(units[i])) {
      stream.push_back(boundary_);
      origin.push_back(static_cast<std::int32_t>(i));
    }
    stream.push_back(units[i]);
    origin.push_back(static_cast<std::int32_t>(i));
  }
  if (has_boundary() && !part.goes_on) {
    stream.push_back(boundary_);
    origin.push_back(static_cast<std::int32_t>(units.size()));
  }
  std::vector<Match> matches;
  for (std::size_t i = 0; i < stream.size();) {
    std::size_t end = i;
    std::int32_t found = -1;
    float reward = 0;
    if (!has_boundary() || (i == 0 ? !part.starts_inside : stream[i - 1] == boundary_)) {
      for_each_match(stream.data() + i, stream.data() + stream.size(),
                     [&](std::int32_t phrase, const Unit* behind, float worth) {
                       found = phrase;
                       reward = worth;
                       end = static_cast<std::size_t>(behind - stream.data());
                     });
    }
    if (found < 0) {
      ++i;
      continue;
    }
    const std::size_t last = has_boundary() ? end - 2 : end - 1;
    matches.push_back({found, origin[i], origin[last] + 1, reward});
    i = end;
  }
  return matches;
}

std::vector<Unit> Automaton::undecided(StateId s) const {
  std::vector<Unit> units;
  if (s == inside_) return units;
  while (s != kRoot) {
    units.push_back(labels_[s]);
    s = parent(s);
    if (s != kRoot && comes_after_boundary(units.back())) s = parent(s);
  }
  std::reverse(units.begin(), units.end());
  return units;
}

// The last node whose children begin at or before `s`: one without children has the beginning of
// those of the next.
StateId Automaton::parent(StateId s) const {
  const auto behind =
      std::upper_bound(nodes_.begin(), nodes_.end() - 1, s,
                       [](StateId one, const Node& node) { return one < node.first_child; });
  return static_cast<StateId>(behind - nodes_.begin() - 1);
}

double Automaton::total(const std::vector<Unit>& units) const {
  double running = 0;
  StateId state = kRoot;
  for (const Unit unit : units) running += advance(state, unit, &state);
  return running + end_score(state);
}

Trace Automaton::trace(const std::vector<Unit>& units) const {
  Trace trace;
  double running = 0;
  StateId state = kRoot;
  for (const Unit unit : units) {
    running += advance(state, unit, &state);
    trace.running.push_back(running);
    trace.ended.push_back(running + end_score(state));
  }
  return trace;
}

std::size_t Automaton::num_bytes() const {
  return sizeof(*this) + nodes_.capacity() * sizeof(Node) + labels_.capacity() * sizeof(Unit) +
         root_child_.capacity() * sizeof(StateId) + starts_word_.capacity() +
         (end_score_.capacity() + max_gain_.capacity()) * sizeof(float) +
         phrase_.capacity() * sizeof(std::int32_t);
}

void Automaton::check() const {
  const auto demand = [](bool holds, const char* what) {
    if (!holds) throw Error(ErrorKind::kHotword, std::string("broken automaton: ") + what);
  };
  const std::size_t last = nodes_.size() - 1;
  demand(nodes_[kRoot].phi == 0 && nodes_[kRoot].emit == 0, "the root lends or pays");
  demand(max_gain_.size() == last && end_score_.size() == last, "tables of different lengths");
  std::vector<std::size_t> depth(last, 0);
  for (std::size_t s = 0; s < last; ++s) {
    const StateId low = nodes_[s].first_child, high = nodes_[s + 1].first_child;
    demand(low <= high && high <= last, "children out of order");
    for (StateId c = low; c < high; ++c) {
      depth[c] = depth[s] + 1;
      demand(c > s, "a child before its parent");
      demand(c == low || labels_[c - 1] < labels_[c], "children not sorted");
    }
    if (s == kRoot || s == inside_ || low == high) continue;
    demand(nodes_[s].fail == inside_ || depth[nodes_[s].fail] < depth[s], "fail not shallower");
    demand(nodes_[s].phi >= nodes_[s].emit + nodes_[nodes_[s].fail].phi, "a fallback gains");
  }
}

}  // namespace tlg::hotwords
