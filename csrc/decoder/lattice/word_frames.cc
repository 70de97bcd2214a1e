#include "decoder/lattice/word_frames.h"

namespace tlg::decoder {

WordFrames word_frames(const WordDag& dag, const RawLattice& raw, const SpanOptions& spans) {
  const std::uint32_t n = dag.num_nodes();
  WordFrames out;
  out.has_roots = spans.num_roots > 0;
  out.token.assign(n, -1);
  out.next_token.assign(n, dag.num_frames);
  out.ends_word.assign(n, false);
  out.end.assign(n, dag.num_frames);
  for (std::uint32_t i = n; i-- > 0;) {
    const WordDag::Node& node = dag.nodes[i];
    if (node.begins_token) out.token[i] = raw.nodes[node.step].frame;
    out.ends_word[i] = node.begins_token && node.lg_state < spans.num_roots;
    if (node.best_arc == kNoNode) continue;  // the end, or a dead end
    const WordDag::Arc& arc = dag.arcs[node.best_arc];
    const std::int64_t token = out.token[arc.target];
    out.next_token[i] = token >= 0 ? token : out.next_token[arc.target];
    const bool is_here = out.has_roots ? out.ends_word[i] : arc.word != 0;
    out.end[i] = is_here ? out.next_token[i] : out.end[arc.target];
  }
  // A label on an epsilon arc is that of a word without tokens.
  for (std::uint32_t i = 0; out.has_roots && i < n; ++i)
    if (dag.nodes[i].step == kNoNode) out.end[i] = out.next_token[i];
  return out;
}

std::int64_t word_end(const WordDag& dag, const WordFrames& frames,
                      const std::vector<std::uint32_t>& arcs) {
  const std::uint32_t first = dag.arcs[arcs.front()].source, last = dag.arcs[arcs.back()].target;
  bool is_open = frames.has_roots && dag.nodes[first].step != kNoNode && !frames.ends_word[first];
  for (const std::uint32_t a : arcs) {
    const std::uint32_t node = dag.arcs[a].target;
    const bool counts = frames.has_roots ? !is_open : node == last;
    if (counts && frames.token[node] >= 0) return frames.token[node];
    if (frames.ends_word[node]) is_open = false;
  }
  return is_open ? frames.end[last] : frames.next_token[last];
}

}  // namespace tlg::decoder
