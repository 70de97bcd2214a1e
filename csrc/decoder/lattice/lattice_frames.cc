#include "decoder/lattice/lattice_frames.h"

#include <algorithm>
#include <limits>
#include <vector>

namespace tlg::decoder {

void align_frames(Lattice* lattice) {
  const std::uint32_t n = lattice->num_states();
  if (n == 0) return;
  std::vector<Lattice::State>& states = lattice->states;
  for (std::uint32_t s = 0; s < n; ++s)
    if (states[s].first_arc == states[s + 1].first_arc) states[s].frame = lattice->num_frames;
  states[0].frame = 0;

  // The best path.
  constexpr double kNever = -std::numeric_limits<double>::infinity();
  std::vector<double> ahead(n, kNever);
  std::vector<std::uint32_t> next(n, n);
  for (std::uint32_t s = n; s-- > 0;) {
    if (states[s].is_final) ahead[s] = states[s].final_score.total();
    for (std::uint32_t a = states[s].first_arc; a < states[s + 1].first_arc; ++a) {
      const Lattice::Arc& arc = lattice->arcs[a];
      const double score = arc.score.total() + ahead[arc.target];
      if (!(score > ahead[s])) continue;
      ahead[s] = score;
      next[s] = arc.target;
    }
  }
  // What its states demand of those before and behind them.
  std::vector<std::int64_t> least(n, 0), most(n, lattice->num_frames);
  std::int64_t reached = 0;
  for (std::uint32_t s = 0; s < n; s = next[s])
    reached = least[s] = most[s] = states[s].frame = std::max(reached, states[s].frame);
  for (const Lattice::Arc& arc : lattice->arcs)
    least[arc.target] = std::max(least[arc.target], least[arc.source]);
  for (std::size_t a = lattice->arcs.size(); a-- > 0;) {
    const Lattice::Arc& arc = lattice->arcs[a];
    most[arc.source] = std::min(most[arc.source], most[arc.target]);
  }
  for (std::uint32_t s = 0; s < n; ++s)
    states[s].frame = std::min(std::max(states[s].frame, least[s]), most[s]);
  for (const Lattice::Arc& arc : lattice->arcs)
    states[arc.target].frame = std::max(states[arc.target].frame, states[arc.source].frame);
}

}  // namespace tlg::decoder
