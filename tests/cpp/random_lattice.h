// Random small lattices, for tests that list all of their paths.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "decoder/lattice/lattice.h"
#include "search_problem.h"

namespace tlg::test {

// `tree`: no state is reached in two ways.
inline decoder::Lattice random_lattice(std::uint32_t seed, bool tree) {
  Dice dice(seed);
  decoder::Lattice out;
  const int n = dice.within(1, 8);
  std::vector<std::vector<std::pair<std::int32_t, int>>> arcs(static_cast<std::size_t>(n));
  for (int target = 1; target < n; ++target)
    for (int way = tree ? 1 : dice.within(1, 3); way > 0; --way) {
      auto& of_source = arcs[static_cast<std::size_t>(dice.below(target))];
      const std::int32_t word = dice.within(1, 4);
      const auto is_taken = [&](const auto& one) { return one.first == word; };
      if (std::none_of(of_source.begin(), of_source.end(), is_taken))
        of_source.push_back({word, target});
    }
  // States that lead nowhere are final; those that nothing leads to cannot be part of a lattice.
  std::vector<bool> reached(static_cast<std::size_t>(n), false);
  std::vector<std::uint32_t> number(static_cast<std::size_t>(n), 0);
  reached[0] = true;
  std::uint32_t count = 0;
  for (std::size_t s = 0; s < reached.size(); ++s) {
    if (!reached[s]) continue;
    number[s] = count++;
    for (const auto& arc : arcs[s]) reached[static_cast<std::size_t>(arc.second)] = true;
  }
  const auto score = [&] { return -static_cast<double>(dice.below(3000)) / 1000; };
  out.num_frames = 20;
  std::int64_t frame = 0;
  for (std::size_t s = 0; s < reached.size(); ++s) {
    if (!reached[s]) continue;
    std::sort(arcs[s].begin(), arcs[s].end());
    const bool is_final = arcs[s].empty() || dice.chance(20);
    out.states.push_back({static_cast<std::uint32_t>(out.arcs.size()),
                          frame,
                          is_final,
                          {score(), score(), score()}});
    frame = std::min<std::int64_t>(out.num_frames, frame + dice.below(4));
    for (const auto& [word, target] : arcs[s])
      out.arcs.push_back(
          {number[s], number[static_cast<std::size_t>(target)], word, {score(), score(), score()}});
  }
  out.states.push_back({static_cast<std::uint32_t>(out.arcs.size()), 0, false, {}});
  return out;
}

}  // namespace tlg::test
