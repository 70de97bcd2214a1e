// The slow side of a search graph: arcs by number, epsilon arcs, final costs, what words can gain.
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <tuple>

#include "decoder/search_graph.h"

namespace tlg::decoder {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

}  // namespace

SearchGraph::PathArc SearchGraph::path_arc(std::uint32_t number, std::uint32_t near) const {
  PathArc arc = arc_content(number);
  // Mostly it leaves `near` or a state that this one backs off to.
  const std::uint32_t hot = hot_arc(number);
  for (arc.source = near; !arcs_of(arc.source).has(hot);
       arc.source = lg_states_[epsilons_[first_epsilon(arc.source)].target])
    if (num_epsilons(arc.source) != 1) break;
  if (arcs_of(arc.source).has(hot)) return arc;
  // The last state whose arcs begin at or before this one and that has any.
  const auto after = std::upper_bound(state_arcs_.begin(), state_arcs_.end(), hot);
  arc.source = static_cast<std::uint32_t>(after - state_arcs_.begin()) - 1;
  return arc;
}

SearchGraph::PathArc SearchGraph::arc_content(std::uint32_t number) const {
  const bool in_group = number >= arcs_.size();
  const float cost = in_group ? group_arcs_[number - arcs_.size()].cost : arcs_[number].cost;
  return {0,
          lg_states_[arc_target(number) & kTargetMask],
          arc_column(number),
          arc_word(number),
          cost,
          is_silent(number)};
}

std::int32_t SearchGraph::arc_column(std::uint32_t number) const {
  if (!arc_units_.empty()) return columns_[arc_units_[hot_arc(number)]];
  return columns_[unit_of_state(arc_target(number) & kTargetMask)];
}

std::uint32_t SearchGraph::hot_arc_unit(std::uint32_t arc) const {
  if (!arc_units_.empty()) return arc_units_[arc];
  std::uint32_t target = arcs_[arc].target;
  if (target & kIsGroup) target = group_arcs_[groups_[target & kTargetMask]].target;
  return unit_of_state(target & kTargetMask);
}

std::uint32_t SearchGraph::epsilon_record(std::uint32_t lg_state) const {
  const auto begin = lg_states_.begin() + num_token_states_;
  const auto at = std::lower_bound(begin, lg_states_.end(), lg_state);
  return static_cast<std::uint32_t>(at - lg_states_.begin());
}

std::pair<std::uint32_t, std::uint32_t> SearchGraph::token_states(std::uint32_t lg_state) const {
  const auto range = std::equal_range(lg_states_.begin(), lg_states_.begin() + start_, lg_state);
  return {static_cast<std::uint32_t>(range.first - lg_states_.begin()),
          static_cast<std::uint32_t>(range.second - lg_states_.begin())};
}

std::uint32_t SearchGraph::unit_of_state(std::uint32_t token_state) const {
  switch (mask_words_) {
    case 1:
      return records<1>()[token_state].unit;
    case 2:
      return records<2>()[token_state].unit;
    default:
      return records<0>()[token_state].unit;
  }
}

float SearchGraph::min_cost(std::uint32_t record) const {
  switch (mask_words_) {
    case 1:
      return records<1>()[record].min_cost;
    case 2:
      return records<2>()[record].min_cost;
    default:
      return records<0>()[record].min_cost;
  }
}

std::vector<SearchGraph::PathArc> SearchGraph::epsilon_arcs(std::uint32_t lg_state) const {
  std::vector<PathArc> arcs;
  visit_epsilons(lg_state, [&](const PathArc& arc) { arcs.push_back(arc); });
  return arcs;
}

bool SearchGraph::only_epsilon_arc(std::uint32_t lg_state, PathArc* arc) const {
  if (num_epsilons(lg_state) != 1) return false;
  *arc = epsilon_path_arc(lg_state, first_epsilon(lg_state));
  return true;
}

// Epsilon arcs lead to lower levels: from the highest down, a pair is left when its cost is known.
double SearchGraph::final_cost(std::uint32_t lg_state, const WordHotwords& hotwords) const {
  using Key = std::tuple<std::int64_t, std::uint32_t, hotwords::StateId>;
  const auto key_of = [&](std::uint32_t state, hotwords::StateId hotword) {
    return Key{-std::int64_t{levels_[state]}, state, hotword};
  };
  std::map<Key, double> best{{key_of(lg_state, hotwords.state), 0.0}};
  double least = kInfinity;
  for (auto at = best.begin(); at != best.end(); ++at) {
    const auto [level, state, hotword] = at->first;
    const double end = double{own_final_cost(state)} - hotwords.automaton->end_score(hotword);
    least = std::min(least, at->second + end);
    for (std::uint32_t e = first_epsilon(state); e < first_epsilon(state + 1); ++e) {
      const EpsilonArc& arc = epsilons_[e];
      hotwords::StateId next = hotword;
      double cost = at->second + arc.cost;
      if (arc.word != 0) cost -= hotwords.automaton->advance(hotword, arc.word, &next);
      const auto known = best.try_emplace(key_of(lg_states_[arc.target], next), cost).first;
      known->second = std::min(known->second, cost);
    }
  }
  return least;
}

// Rewards lower what a way on costs. A bound on that has to know what the way costs without: a
// hotword that begins with a word ten times as dear as the cheapest gains nothing where the
// cheapest one is counted.
SearchGraph::HotwordGains SearchGraph::hotword_gains(const hotwords::Automaton& automaton,
                                                     const std::vector<float>* unit_gains) const {
  const std::size_t n = levels_.size();
  float greatest = 0;  // of any word in any state
  for (hotwords::StateId h = 0; h <= automaton.max_state(); ++h)
    greatest = std::max(greatest, automaton.max_gain(h));
  hotwords::StateId next;
  const auto gain = [&](fst::Label word) {
    return word == 0 || unit_gains != nullptr ? 0 : automaton.advance(hotwords::kRoot, word, &next);
  };
  std::vector<float> best(n, 0), chain(n, 0), least(n, kInfinity);
  std::vector<std::uint8_t> has_word(n, 0), gains_any(n, 0);
  for (std::uint32_t s = 0; s < n; ++s) {
    for (std::uint32_t a = state_arcs_[s]; a < state_arcs_[s + 1]; ++a)
      least[s] = std::min(least[s], arcs_[a].cost);
    for (std::uint32_t a = state_arcs_[s]; a < state_arcs_[s + 1]; ++a) {
      const float gained =
          unit_gains != nullptr ? (*unit_gains)[hot_arc_unit(a)] : gain(arc_words_[a]);
      if (gained > 0) {
        best[s] = std::max(best[s], gained - (arcs_[a].cost - least[s]));
        gains_any[s] = 1;
      }
      if (arc_words_[a] != 0 || (arcs_[a].target & kIsGroup) != 0) has_word[s] = 1;
    }
  }
  for (std::size_t g = 0; g < group_arcs_.size(); ++g) {
    const float gained = gain(group_arcs_[g].word);
    if (!(gained > 0)) continue;  // of tokens: the arc that stands for the group is as cheap
    const std::uint32_t s = path_arc(group_arc_number(static_cast<std::uint32_t>(g))).source;
    best[s] = std::max(best[s], gained - (group_arcs_[g].cost - least[s]));
    gains_any[s] = 1;
  }
  // Targets of epsilon arcs have lower levels: rising levels see them finished.
  std::vector<std::vector<std::uint32_t>> by_level(max_level_ + 1);
  for (std::uint32_t s = 0; s < n; ++s)
    if (levels_[s] > 0) by_level[levels_[s]].push_back(s);
  for (const auto& states : by_level)
    for (const std::uint32_t s : states)
      for (std::uint32_t e = first_epsilon(s); e < first_epsilon(s + 1); ++e) {
        const EpsilonArc& arc = epsilons_[e];
        const std::uint32_t target = lg_states_[arc.target];
        has_word[s] |= arc.word != 0 ? 1 : has_word[target];
        chain[s] = std::max(chain[s], chain[target] + (arc.word != 0 ? greatest : 0));
        next = hotwords::kRoot;
        const float gained = gain(arc.word);
        // Out of the root, what follows can complete what this word began.
        const bool goes_on = next != hotwords::kRoot;
        best[s] = std::max(best[s], gained + (goes_on ? greatest + chain[target] : best[target]));
        if (gained > 0 || goes_on || gains_any[target] != 0) gains_any[s] = 1;
      }
  // Differences of costs, in float32: a path at the very edge of the beam shall not depend on them.
  constexpr float slack = 1e-3f;
  HotwordGains gains;
  gains.step = (*std::max_element(best.begin(), best.end()) + slack) / 254;
  const bool has_chains = unit_gains == nullptr && has_epsilon_words_;
  for (const std::uint32_t s : lg_states_) {
    const float steps = gains_any[s] != 0 ? std::ceil((best[s] + slack) / gains.step) : 0;
    gains.steps_at_root.push_back(static_cast<std::uint8_t>(std::min(steps, 255.0f)));
    if (has_chains) gains.epsilons.push_back(chain[s]);
  }
  if (unit_gains != nullptr) return gains;
  gains.words = util::BitSet(lg_states_.size());
  for (std::size_t r = 0; r < lg_states_.size(); ++r)
    if (has_word[lg_states_[r]] != 0) gains.words.set(r);
  gains.begins = util::BitSet(arcs_.size() + group_arcs_.size());
  const auto begins = [&](fst::Label word) {
    return word != 0 &&
           (automaton.advance(hotwords::kRoot, word, &next) != 0 || next != hotwords::kRoot);
  };
  for (std::size_t a = 0; a < arcs_.size(); ++a)
    if (begins(arc_words_[a])) gains.begins.set(a);
  for (std::size_t g = 0; g < group_arcs_.size(); ++g)
    if (begins(group_arcs_[g].word)) {
      gains.begins.set(arcs_.size() + g);
      gains.begins.set(group_hot_arc_[g]);
    }
  return gains;
}

}  // namespace tlg::decoder
