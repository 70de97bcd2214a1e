// Which of the kernels of search_kernel.h an utterance needs. Part of the search kernel and
// included like it; so: no include guard, no includes.

namespace tlg::decoder::TLG_ISA {

template <int W>
void advance_with(SearchState& state, const Frames& frames) {
  const bool ctc = state.graph->options().topology == Topology::kCtc;
  if (state.attached != nullptr) {  // to a graph without a topology of its own
    if (state.hotword_labels == HotwordLabels::kTokens)
      Kernel<W, true, HotwordLabels::kTokens, true>(state).run(frames);
    else
      Kernel<W, true, HotwordLabels::kWords, true>(state).run(frames);
    return;
  }
  switch (state.hotword_labels) {
    case HotwordLabels::kNone:
      if (ctc)
        Kernel<W, true, HotwordLabels::kNone>(state).run(frames);
      else
        Kernel<W, false, HotwordLabels::kNone>(state).run(frames);
      return;
    case HotwordLabels::kTokens:
      if (ctc)
        Kernel<W, true, HotwordLabels::kTokens>(state).run(frames);
      else
        Kernel<W, false, HotwordLabels::kTokens>(state).run(frames);
      return;
    case HotwordLabels::kWords:
      if (ctc)
        Kernel<W, true, HotwordLabels::kWords>(state).run(frames);
      else
        Kernel<W, false, HotwordLabels::kWords>(state).run(frames);
      return;
  }
}

void advance(SearchState& state, const Frames& frames) {
  switch (state.graph->mask_words()) {
    case 1:
      return advance_with<1>(state, frames);
    case 2:
      return advance_with<2>(state, frames);
    default:
      return advance_with<0>(state, frames);
  }
}

}  // namespace tlg::decoder::TLG_ISA
