// The best paths alone of an utterance that is searched for a lattice: its tokens, with traces of
// their own, as a search without a lattice would have them. What a Traceback may settle while the
// lattice's traces stay as they are. Not for: the other paths (collect.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "decoder/search_state.h"

namespace tlg::decoder {

class BestPaths {
 public:
  // What `searched` is now, best paths alone. The caller may settle it; it is valid until the next
  // call.
  Utterance* follow(const Utterance& searched);
  // After follow(): the traces of either have new numbers, the tokens are the same.
  void renumbered(const Utterance& searched);

 private:
  std::uint32_t best_of(std::uint32_t trace) const;

  Utterance best_;
  // Traces of `searched` below num_followed_ go on only where a token leads to them; of those, the
  // traces of best_, rising.
  std::vector<std::pair<std::uint32_t, std::uint32_t>> ends_;
  std::size_t num_followed_ = 0;
  std::vector<std::uint32_t> best_of_new_;  // of those from num_followed_ on
};

}  // namespace tlg::decoder
