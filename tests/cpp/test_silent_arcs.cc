// Which arcs of a TLG begin no token, topology by topology: label 1 is the blank, 2 and 3 are
// tokens.
#include <tuple>
#include <vector>

#include "check.h"
#include "decoder/silent_arcs.h"
#include "fst/fst.h"

using tlg::decoder::SilentArcs;
using tlg::fst::Arc;
using tlg::fst::Fst;
using tlg::fst::FstBuilder;

namespace {

Fst make(const std::vector<std::vector<Arc>>& states) {
  FstBuilder builder;
  for (const auto& arcs : states) {
    builder.add_state(0);
    for (const Arc& arc : arcs) builder.add_arc(arc);
  }
  return std::move(builder).build(0);
}

// For each arc in order: whether it is silent.
std::vector<bool> silent(const Fst& fst) {
  const SilentArcs found(fst, 1);
  std::vector<bool> out;
  for (int s = 0; s < static_cast<int>(fst.num_states()); ++s)
    for (const Arc* arc = fst.begin(s); arc != fst.end(s); ++arc)
      out.push_back(found.holds(s, *arc));
  return out;
}

using Flags = std::vector<bool>;

}  // namespace

TEST(silent_arcs_exact) {
  // Blanks, and the loops of tokens; another token never, whatever it says.
  const Fst fst = make({{{1, 0, 0, 0}, {2, 0, 0, 1}, {3, 5, 0, 2}},
                        {{1, 0, 0, 0}, {2, 0, 0, 1}, {3, 0, 0, 2}},
                        {{1, 0, 0, 0}, {2, 0, 0, 1}, {3, 0, 0, 2}}});
  CHECK((silent(fst) == Flags{true, false, false, true, true, false, true, false, true}));
}

TEST(silent_arcs_modified) {
  // k2's: 0 -2-> 1, where 2 loops and leads back, both repeats. 0 -3:5-> 0 is a token of one frame.
  const Fst fst = make(
      {{{1, 0, 0, 0}, {2, 4, 0, 0}, {2, 4, 0, 1}, {3, 5, 0, 0}}, {{2, 0, 0, 0}, {2, 0, 0, 1}}});
  CHECK((silent(fst) == Flags{true, false, false, false, true, true}));
}

TEST(silent_arcs_compact_without_epsilons) {
  // A token may follow itself at once: to a state that does not loop on blanks, or with a word.
  const Fst fst = make({{{1, 0, 0, 0}, {2, 0, 0, 1}},
                        {{1, 0, 0, 3}, {2, 0, 0, 1}, {2, 0, 0, 2}, {2, 7, 0, 3}},
                        {{2, 0, 0, 2}},
                        {{1, 0, 0, 3}}});
  CHECK((silent(fst) == Flags{true, false, true, true, false, false, true, true}));
}

TEST(silent_arcs_loop_with_a_word) {
  CHECK((silent(make({{{2, 7, 0, 0}, {1, 0, 0, 0}}})) == Flags{false, true}));
}
