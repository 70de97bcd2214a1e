// Which arcs of a graph with its own topology begin no token: blanks, and frames that repeat the
// token. Not for: graphs without blanks, where every arc that reads a frame begins one.
#pragma once

#include <cstddef>
#include <vector>

#include "fst/fst.h"

namespace tlg::decoder {

class SilentArcs {
 public:
  // `blank`: its input label.
  SilentArcs(const fst::Fst& fst, fst::Label blank) : blank_(blank), loops_(fst.num_states(), 0) {
    for (fst::StateId s = 0; static_cast<std::size_t>(s) < fst.num_states(); ++s)
      for (const fst::Arc* arc = fst.begin(s); arc != fst.end(s); ++arc)
        if (is_loop(s, *arc) && loops_[s] != blank) loops_[s] = arc->ilabel;
  }

  // A repeat is a loop without a word; in k2's modified topology the last frame of a token leads
  // back to where blanks loop.
  bool holds(fst::StateId source, const fst::Arc& arc) const {
    return arc.ilabel == blank_ || is_loop(source, arc) ||
           (arc.ilabel == loops_[source] && arc.olabel == 0 && loops_[arc.nextstate] == blank_);
  }

 private:
  static bool is_loop(fst::StateId source, const fst::Arc& arc) {
    return arc.nextstate == source && arc.olabel == 0;
  }

  fst::Label blank_;
  std::vector<fst::Label> loops_;  // state -> the label of its loop without a word, 0: none
};

}  // namespace tlg::decoder
