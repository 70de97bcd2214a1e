#include "decoder/lattice/lattice_posteriors.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tlg::decoder {

// Forwards, what leads to a state is summed relative to the best of it, so that nothing overflows
// and an arc costs one exponential; backwards, the probability of a state is shared out among the
// arcs that lead to it.
LatticePosteriors lattice_posteriors(const Lattice& lattice, const PosteriorOptions& options) {
  constexpr double kNever = -std::numeric_limits<double>::infinity();
  const std::uint32_t n = lattice.num_states();
  LatticePosteriors out;
  out.log_total = kNever;
  if (n == 0) return out;
  const auto scaled = [&](const LatticeScore& score) {
    return options.scale * (score.am + score.graph + (options.with_hotwords ? score.hotword : 0));
  };
  std::vector<double> best(n, kNever);
  best[0] = 0;
  double best_final = kNever;
  for (std::uint32_t s = 0; s < n; ++s) {
    const Lattice::State& state = lattice.states[s];
    if (state.is_final) best_final = std::max(best_final, best[s] + scaled(state.final_score));
    for (std::uint32_t a = state.first_arc; a < lattice.states[s + 1].first_arc; ++a) {
      const Lattice::Arc& arc = lattice.arcs[a];
      best[arc.target] = std::max(best[arc.target], best[s] + scaled(arc.score));
    }
  }
  std::vector<double> sum(n, 0);  // of all ways to a state, relative to the best
  sum[0] = 1;
  double total = 0;
  out.arrival.resize(lattice.arcs.size());
  out.finals.assign(n, 0);
  for (std::uint32_t s = 0; s < n; ++s) {
    const Lattice::State& state = lattice.states[s];
    if (state.is_final) {
      out.finals[s] = sum[s] * std::exp(best[s] + scaled(state.final_score) - best_final);
      total += out.finals[s];
    }
    for (std::uint32_t a = state.first_arc; a < lattice.states[s + 1].first_arc; ++a) {
      const Lattice::Arc& arc = lattice.arcs[a];
      out.arrival[a] = sum[s] * std::exp(best[s] + scaled(arc.score) - best[arc.target]);
      sum[arc.target] += out.arrival[a];
    }
  }
  out.log_total = best_final + std::log(total);
  std::vector<double> probability(n, 0);  // of the states
  for (std::uint32_t s = 0; s < n; ++s) probability[s] = out.finals[s] /= total;
  out.arcs.resize(lattice.arcs.size());
  for (std::size_t a = lattice.arcs.size(); a-- > 0;) {
    const Lattice::Arc& arc = lattice.arcs[a];
    out.arrival[a] /= sum[arc.target];
    out.arcs[a] = probability[arc.target] * out.arrival[a];
    probability[arc.source] += out.arcs[a];
  }
  return out;
}

}  // namespace tlg::decoder
