#include "decoder/lattice/lattice_posteriors.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tlg::decoder {

namespace {

constexpr double kNever = -std::numeric_limits<double>::infinity();

// log of a sum of exp(x), one x after the other.
struct LogSum {
  double most = kNever, sum = 0;  // sum of exp(x - most)

  void add(double x) {
    if (x <= most) {
      sum += std::exp(x - most);
    } else {
      sum = sum * std::exp(most - x) + 1;
      most = x;
    }
  }
  double value() const { return most + std::log(sum); }
};

}  // namespace

// Forwards, the log-sum of all that leads to a state; backwards, the probability of a state is
// shared out among the arcs that lead to it.
LatticePosteriors lattice_posteriors(const Lattice& lattice, const PosteriorOptions& options) {
  const std::uint32_t n = lattice.num_states();
  LatticePosteriors out;
  out.log_total = kNever;
  if (n == 0) return out;
  const auto scaled = [&](const LatticeScore& score) {
    return options.scale * (score.am + score.graph + (options.with_hotwords ? score.hotword : 0));
  };
  std::vector<LogSum> before(n);
  std::vector<double> log_sum(n, 0);
  LogSum total;
  out.arrival.resize(lattice.arcs.size());
  out.finals.assign(n, kNever);
  for (std::uint32_t s = 0; s < n; ++s) {
    const Lattice::State& state = lattice.states[s];
    if (s > 0) log_sum[s] = before[s].value();
    if (state.is_final) {
      out.finals[s] = log_sum[s] + scaled(state.final_score);
      total.add(out.finals[s]);
    }
    for (std::uint32_t a = state.first_arc; a < lattice.states[s + 1].first_arc; ++a) {
      const Lattice::Arc& arc = lattice.arcs[a];
      out.arrival[a] = log_sum[s] + scaled(arc.score);
      before[arc.target].add(out.arrival[a]);
    }
  }
  out.log_total = total.value();
  std::vector<double> probability(n, 0);  // of the states
  for (std::uint32_t s = 0; s < n; ++s) {
    out.finals[s] = std::exp(out.finals[s] - out.log_total);
    probability[s] = out.finals[s];
  }
  out.arcs.resize(lattice.arcs.size());
  for (std::size_t a = lattice.arcs.size(); a-- > 0;) {
    const Lattice::Arc& arc = lattice.arcs[a];
    out.arrival[a] = std::exp(out.arrival[a] - log_sum[arc.target]);
    out.arcs[a] = probability[arc.target] * out.arrival[a];
    probability[arc.source] += out.arcs[a];
  }
  return out;
}

}  // namespace tlg::decoder
