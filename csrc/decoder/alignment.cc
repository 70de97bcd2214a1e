#include "decoder/alignment.h"

namespace tlg::decoder {

Aligner::Aligner(const SearchGraph& graph, const SearchOptions& options, const Frames& frames,
                 std::int64_t first_frame)
    : frames_(frames),
      first_frame_(first_frame),
      ctc_(graph.options().topology == Topology::kCtc),
      blank_(graph.options().blank),
      scale_(options.acoustic_scale),
      penalty_(options.blank_penalty) {}

void Aligner::extend(std::int64_t to, Alignment* alignment) const {
  Alignment& a = *alignment;
  if (!ctc_) {
    a.at = to;
    return;
  }
  for (; a.at < to; ++a.at) {
    if (a.unit > a.blank) {  // of equals, the token that ends first
      a.blank = a.unit;
      a.blank_am = a.unit_am;
      a.blank_start = a.at;
    }
    const double blank = log_prob(a.at, blank_);
    a.blank += scale_ * blank - penalty_;
    a.blank_am += blank;
    if (a.column < 0) continue;
    const double unit = log_prob(a.at, a.column);
    a.unit += scale_ * unit;
    a.unit_am += unit;
  }
}

TokenEnd Aligner::end(const Alignment& a, bool repeated) const {
  if (!ctc_) return {a.at, a.num_blanks, a.unit_am};
  if (a.unit > a.blank && !repeated) return {a.at, a.num_blanks, a.unit_am};
  return {a.blank_start, a.num_blanks + (a.at - a.blank_start), a.blank_am};
}

Alignment Aligner::next(const Alignment& before, std::int32_t column, TokenEnd* end) const {
  *end = this->end(before, ctc_ && column == before.column);
  const double first = log_prob(before.at, column);
  Alignment a;
  a.start = before.at;
  a.at = a.start + 1;
  a.column = column;
  a.num_blanks = end->num_blanks + (!ctc_ && column == blank_ ? 1 : 0);
  a.unit = scale_ * first;
  a.unit_am = end->am + first;
  a.blank = Alignment::kNever;
  return a;
}

}  // namespace tlg::decoder
