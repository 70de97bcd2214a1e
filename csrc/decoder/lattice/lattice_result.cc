#include "decoder/lattice/lattice_result.h"

#include <algorithm>
#include <utility>

#include "decoder/lattice/determinize.h"
#include "decoder/lattice/nbest.h"
#include "decoder/lattice/word_dag.h"
#include "decoder/lattice/word_frames.h"

namespace tlg::decoder {

LatticeResult examine_lattice(const RawLattice& raw, const SearchGraph& graph,
                              const SearchOptions& options, const SpanOptions& spans,
                              const Frames& frames,
                              const std::shared_ptr<const HotwordUse>& hotwords,
                              const std::vector<std::int32_t>& best_words,
                              const LatticeRequest& request) {
  LatticeResult out;
  if (!request.any()) return out;
  const WordDag dag = make_word_dag(raw, graph, options, frames, hotwords);
  out.lattice_beam = dag.beam;
  for (const WordPath& path : best_word_paths(dag, request.nbest))
    out.nbest.push_back(make_hypothesis(graph, options, spans, explicit_path(dag, raw, path.arcs),
                                        frames, hotwords));
  std::stable_sort(out.nbest.begin(), out.nbest.end(),
                   [](const Hypothesis& a, const Hypothesis& b) {
                     return a.score != b.score ? a.score > b.score : a.words < b.words;
                   });
  if (!request.lattice && !request.confidence && !request.mbr) return out;
  Determinized found = determinize(dag, word_frames(dag, raw, spans));
  out.lattice_beam = found.beam;
  if (request.confidence || request.mbr) {
    const LatticePosteriors posteriors = lattice_posteriors(found.lattice, request.posteriors);
    if (request.confidence)
      out.confidence = word_confidences(found.lattice, posteriors, best_words);
    if (request.mbr) out.mbr = minimum_bayes_risk(found.lattice, posteriors, best_words);
  }
  if (request.lattice) out.lattice = std::move(found.lattice);
  return out;
}

}  // namespace tlg::decoder
