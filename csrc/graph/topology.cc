#include "graph/topology.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "graph/hash.h"
#include "util/error.h"

namespace tlg::graph {
namespace {

using fst::Arc;
using fst::Label;
using fst::StateId;

constexpr std::size_t kMostArcs = std::size_t{1} << 29;

class Product {
 public:
  Product(const fst::Fst& lg, Label blank) : lg_(lg), blank_(blank), numbers_(2 * lg.num_states()) {
    number(lg.start(), 0);
  }

  fst::Fst build(CtcRule rule) && {
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
      const Pair here = pairs_[i];
      states_.push_back(
          {lg_.final_cost(here.state), static_cast<std::uint32_t>(arcs_.size()), 0, 0, 0});
      if (rule == CtcRule::kExact)
        exact_arcs(here);
      else
        compact_arcs(here);
      const auto first = arcs_.begin() + states_.back().arcs;
      std::stable_sort(first, arcs_.end(),
                       [](const Arc& a, const Arc& b) { return a.ilabel < b.ilabel; });
      states_.back().num_arcs = static_cast<std::uint32_t>(arcs_.end() - first);
      if (arcs_.size() > kMostArcs)
        throw Error(ErrorKind::kGraph,
                    "the written-out CTC topology would take more than " +
                        std::to_string(kMostArcs) + " arcs",
                    "Use topology='implicit', which is exact too, or 'ctc-compact'");
    }
    return fst::make_fst(0, std::move(states_), std::move(arcs_));
  }

 private:
  struct Pair {
    StateId state;
    Label last;  // unit of the last frame; 0: none, or a blank
  };

  StateId number(StateId state, Label last) {
    const std::uint64_t key =
        pair_key(static_cast<std::uint32_t>(state), static_cast<std::uint32_t>(last));
    const StateId id = numbers_.insert(key, static_cast<StateId>(pairs_.size()));
    if (id == static_cast<StateId>(pairs_.size())) pairs_.push_back({state, last});
    return id;
  }

  void exact_arcs(const Pair& here) {
    arcs_.push_back({blank_, 0, 0.0f, number(here.state, 0)});
    if (here.last != 0) arcs_.push_back({here.last, 0, 0.0f, number(here.state, here.last)});
    for (const Arc* arc = lg_.begin(here.state); arc != lg_.end(here.state); ++arc) {
      if (arc->ilabel == 0)
        arcs_.push_back({0, arc->olabel, arc->weight, number(arc->nextstate, here.last)});
      else if (arc->ilabel != here.last)
        arcs_.push_back(
            {arc->ilabel, arc->olabel, arc->weight, number(arc->nextstate, arc->ilabel)});
    }
  }

  // LG moves only from the pair without a unit; the others repeat their unit or go there for
  // nothing.
  void compact_arcs(const Pair& here) {
    if (here.last != 0) {
      arcs_.push_back({0, 0, 0.0f, number(here.state, 0)});
      arcs_.push_back({here.last, 0, 0.0f, number(here.state, here.last)});
      return;
    }
    arcs_.push_back({blank_, 0, 0.0f, number(here.state, 0)});
    for (const Arc* arc = lg_.begin(here.state); arc != lg_.end(here.state); ++arc)
      arcs_.push_back({arc->ilabel, arc->olabel, arc->weight, number(arc->nextstate, arc->ilabel)});
  }

  const fst::Fst& lg_;
  const Label blank_;
  PairTable numbers_;
  std::vector<Pair> pairs_;
  std::vector<fst::State> states_;
  std::vector<Arc> arcs_;
};

}  // namespace

fst::Fst apply_ctc(const fst::Fst& lg, Label blank, CtcRule rule) {
  if (lg.num_states() == 0) return lg;
  return Product(lg, blank).build(rule);
}

}  // namespace tlg::graph
