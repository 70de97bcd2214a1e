#include "decoder/lattice/collect.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <vector>

#include "decoder/search.h"

namespace tlg::decoder {
namespace {

// Costs are summed in float32 on the way; a path at the very edge of the beam shall not depend on
// that.
constexpr double kSlack = 1e-3;

std::vector<RawLattice::End> find_ends(const SearchGraph& graph, const Utterance& s,
                                       const Ending& best, double beam) {
  std::vector<RawLattice::End> ends;
  const double limit =
      std::min(best.cost() - s.offset + beam + kSlack, std::numeric_limits<double>::max());
  for (std::size_t i = 0; i < s.num_tokens; ++i) {
    const float costs[] = {s.nb[i], s.b[i]};
    const std::uint32_t traces[] = {s.nb_trace[i], s.b_trace[i]};
    if (!(std::min(costs[0], costs[1]) < std::numeric_limits<float>::infinity())) continue;
    const EndCosts end = end_costs(graph, s, i);
    const double extra = best.is_final() ? end.final : end.any;
    const bool same = traces[0] == traces[1];
    for (int side = 0; side < 2; ++side) {
      if (same && side != (costs[0] < costs[1] ? 0 : 1)) continue;
      if (costs[side] + extra <= limit)
        ends.push_back({traces[side], costs[side] + extra + s.offset});
    }
  }
  std::sort(ends.begin(), ends.end(), [](const RawLattice::End& a, const RawLattice::End& b) {
    return a.node != b.node ? a.node < b.node : a.cost < b.cost;
  });
  // The order of kNoNode, the largest number, is last.
  ends.erase(std::unique(ends.begin(), ends.end(),
                         [](const auto& a, const auto& b) { return a.node == b.node; }),
             ends.end());
  return ends;
}

float limit_of(float lattice_beam) {
  return std::min(lattice_beam + static_cast<float>(kSlack), std::numeric_limits<float>::max());
}

// How much more than the best path the best path through each trace costs, given that of the traces
// that paths end with (infinity: none does); from the last back. Returns the traces within the
// limit, the last one first.
std::vector<std::uint32_t> pass_back(const Utterance& s, float limit, std::vector<float>* excess) {
  std::vector<std::uint32_t> kept;
  kept.reserve(256);
  float* const costs = excess->data();
  const auto lower = [costs](std::uint32_t trace, float value) {
    if (trace != kNoTrace) costs[trace] = std::min(costs[trace], value);
  };
  for (std::size_t i = excess->size(); i-- > 0;) {
    const float one = costs[i];
    if (!(one <= limit)) continue;
    kept.push_back(static_cast<std::uint32_t>(i));
    lower(s.traces[i].previous, one);
    if (s.traces[i].arc == kMergeArc) lower(s.traces[i].frame, one + s.marks[i].excess);
  }
  return kept;
}

}  // namespace

// A token may become the best one: what is too far behind its own best path alone is lost.
void drop_lost_traces(Utterance* utterance, float lattice_beam) {
  Utterance& s = *utterance;
  const float limit = limit_of(lattice_beam);
  std::vector<float> excess(s.traces.size(), std::numeric_limits<float>::infinity());
  const auto leads_on = [&](float cost, std::uint32_t* trace) {
    if (!(cost < std::numeric_limits<float>::infinity()))
      *trace = kNoTrace;  // of no path: what it names may be gone
    else if (*trace != kNoTrace)
      excess[*trace] = 0;
  };
  for (std::size_t i = 0; i < s.num_tokens; ++i) {
    leads_on(s.nb[i], &s.nb_trace[i]);
    leads_on(s.b[i], &s.b_trace[i]);
  }
  const std::vector<std::uint32_t> in_reach = pass_back(s, limit, &excess);
  std::vector<std::uint32_t> number(excess.size(), kNoTrace);
  const auto renumber = [&](std::uint32_t trace) {
    return trace == kNoTrace ? kNoTrace : number[trace];
  };
  std::size_t kept = 0;
  for (std::size_t at = in_reach.size(); at-- > 0;) {
    const std::uint32_t i = in_reach[at];
    Trace trace = s.traces[i];
    trace.previous = renumber(trace.previous);
    if (trace.arc == kMergeArc) {
      if (!(excess[i] + s.marks[i].excess <= limit)) {  // one side is left: no merge
        number[i] = trace.previous;
        continue;
      }
      trace.frame = renumber(trace.frame);
    }
    number[i] = static_cast<std::uint32_t>(kept);
    s.traces[kept] = trace;
    s.marks[kept++] = s.marks[i];
  }
  s.traces.cut(kept);
  s.marks.cut(kept);
  for (std::size_t i = 0; i < s.num_tokens; ++i) {
    s.nb_trace[i] = renumber(s.nb_trace[i]);
    s.b_trace[i] = renumber(s.b_trace[i]);
  }
}

RawLattice collect_lattice(const SearchGraph& graph, const Utterance& s, float lattice_beam) {
  static_assert(kNoTrace == kNoNode && kMergeArc == RawLattice::kMerge);
  const Ending best = find_ending(graph, s);
  RawLattice lattice;
  lattice.is_final = best.is_final();
  lattice.lattice_beam = lattice_beam;
  lattice.num_frames = s.num_frames();
  lattice.ends = find_ends(graph, s, best, lattice_beam);
  const float limit = limit_of(lattice_beam);
  std::vector<float> excess(s.traces.size(), std::numeric_limits<float>::infinity());
  for (const RawLattice::End& end : lattice.ends)
    if (end.node != kNoTrace)
      // In reach, whatever rounding says.
      excess[end.node] =
          std::min({excess[end.node], static_cast<float>(end.cost - best.cost()), limit});
  const std::vector<std::uint32_t> in_reach = pass_back(s, limit, &excess);
  // Of those in reach alone.
  const std::unique_ptr<std::uint32_t[]> number(new std::uint32_t[excess.size()]);
  const auto renumber = [&](std::uint32_t trace) {
    return trace == kNoTrace ? kNoNode : number[trace];
  };
  lattice.nodes.reserve(in_reach.size());
  for (std::size_t at = in_reach.size(); at-- > 0;) {
    const std::uint32_t i = in_reach[at];
    const Trace& trace = s.traces[i];
    const TraceMark& mark = s.marks[i];
    if (trace.arc != kMergeArc) {
      number[i] = static_cast<std::uint32_t>(lattice.nodes.size());
      lattice.nodes.push_back(
          {renumber(trace.previous), trace.arc, trace.frame, 0, 0, mark.hotword});
      continue;
    }
    if (!(excess[i] + mark.excess <= limit)) {  // one side is left: no merge
      number[i] = renumber(trace.previous);
      continue;
    }
    number[i] = static_cast<std::uint32_t>(lattice.nodes.size());
    lattice.nodes.push_back(
        {renumber(trace.previous), kMergeArc, 0, renumber(trace.frame), mark.excess, 0});
  }
  for (RawLattice::End& end : lattice.ends) end.node = renumber(end.node);
  return lattice;
}

}  // namespace tlg::decoder
