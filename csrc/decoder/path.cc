#include "decoder/path.h"

#include <algorithm>
#include <limits>

#include "decoder/epsilons.h"

namespace tlg::decoder {
namespace {

using PathArc = SearchGraph::PathArc;

struct Transition {
  PathArc arc;
  std::int32_t token;  // index of the unit it begins; -1: none (an epsilon arc, or a further frame)
};

// Adds up the pieces of one hypothesis.
class Reader {
 public:
  Reader(const SearchGraph& graph, const SearchOptions& options, const SpanOptions& spans,
         const Frames& frames, const hotwords::Automaton* word_hotwords, Hypothesis* out)
      : graph_(graph),
        options_(options),
        spans_(spans),
        frames_(frames),
        word_hotwords_(word_hotwords),
        out_(*out) {}

  void read(const BestPath& path) {
    follow(path);
    if (graph_.options().topology == Topology::kCtc)
      align_ctc();
    else
      align_plain(path);
    place_words();
    const double words = static_cast<double>(out_.words.size());
    // The arcs' costs hold the word score.
    out_.word_score = graph_.options().word_score * words;
    out_.lm_score = -graph_cost_ - out_.word_score;
    out_.am_score *= options_.acoustic_scale;
  }

 private:
  const SearchGraph& graph_;
  const SearchOptions& options_;
  const SpanOptions& spans_;
  const Frames& frames_;
  const hotwords::Automaton* const word_hotwords_;
  Hypothesis& out_;
  std::vector<Transition> transitions_;
  double graph_cost_ = 0;

  void follow(const BestPath& path) {
    const bool ctc = graph_.options().topology == Topology::kCtc;
    const std::int32_t blank = graph_.options().blank;
    const FullPath full = with_epsilons(graph_, path, word_hotwords_);
    graph_cost_ = full.final_cost;
    std::size_t step = 0;
    for (const PathArc& arc : full.arcs) {
      graph_cost_ += arc.cost;
      transitions_.push_back({arc, -1});
      if (arc.column < 0) continue;
      const std::int32_t start = static_cast<std::int32_t>(path.steps[step++].frame);
      // A plain graph spends an arc on each frame: blanks and repeats begin no token.
      if (ctc || blank < 0 || !(arc.column == blank || is_repeat(arc))) {
        transitions_.back().token = static_cast<std::int32_t>(out_.tokens.size());
        out_.tokens.push_back(arc.column);
        out_.token_spans.push_back({start, start + 1});
      } else if (arc.column != blank && !out_.tokens.empty()) {
        out_.token_spans.back().end = start + 1;
      }
    }
  }

  static bool is_repeat(const PathArc& arc) { return arc.source == arc.target && arc.word == 0; }

  // From its first frame to the next token's, a token lasts for some frames and blank fills the
  // rest: the best split is the one the search took.
  void align_ctc() {
    const std::int32_t end = out_.num_frames;
    const std::int32_t count = static_cast<std::int32_t>(out_.tokens.size());
    fill_with_blank(0, count > 0 ? out_.token_spans[0].start : end);
    std::vector<double> blanks;
    for (std::int32_t i = 0; i < count; ++i) {
      const std::int32_t first = out_.token_spans[i].start;
      const std::int32_t next = i + 1 < count ? out_.token_spans[i + 1].start : end;
      const bool repeated = i + 1 < count && out_.tokens[i + 1] == out_.tokens[i];
      blanks.assign(next - first + 1,
                    0);  // blanks[j]: scaled score of frames first + j .. next as blank
      for (std::int32_t j = next - first - 1; j > 0; --j)
        blanks[j] = blanks[j + 1] + scaled_blank(first + j);
      double unit = 0, best = -std::numeric_limits<double>::infinity();
      std::int32_t length = 1;
      for (std::int32_t j = 1; j <= next - first - (repeated ? 1 : 0); ++j) {
        unit += options_.acoustic_scale * double{frames_.at(first + j - 1, out_.tokens[i])};
        if (unit + blanks[j] > best) {
          best = unit + blanks[j];
          length = j;
        }
      }
      for (std::int32_t j = 0; j < length; ++j)
        out_.am_score += frames_.at(first + j, out_.tokens[i]);
      fill_with_blank(first + length, next);
      out_.token_spans[i].end = first + length;
    }
  }

  double scaled_blank(std::int32_t t) const {
    return options_.acoustic_scale * double{frames_.at(t, graph_.options().blank)} -
           options_.blank_penalty;
  }

  void fill_with_blank(std::int32_t from, std::int32_t to) {
    for (std::int32_t t = from; t < to; ++t) {
      out_.am_score += frames_.at(t, graph_.options().blank);
      out_.blank_score -= options_.blank_penalty;
    }
  }

  void align_plain(const BestPath& path) {
    for (const PathStep& step : path.steps) {
      const std::int32_t column = graph_.path_arc(step.arc).column;
      out_.am_score += frames_.at(static_cast<std::int32_t>(step.frame), column);
      if (column == graph_.options().blank) out_.blank_score -= options_.blank_penalty;
    }
  }

  // Words with their tokens. A native LG says where words end (its first num_roots states stand
  // between words); elsewhere a word is taken to begin with the token that brings its label.
  void place_words() {
    std::size_t open = 0;     // words before this one have their end
    std::int32_t first = 0;   // first token of the open word
    std::int32_t tokens = 0;  // seen so far
    const bool roots = spans_.num_roots > 0;
    for (const Transition& transition : transitions_) {
      if (transition.token >= 0) tokens = transition.token + 1;
      if (transition.arc.word != 0) {
        const std::int32_t begin = transition.token >= 0 ? transition.token : tokens;
        if (!roots && open < out_.words.size()) {
          close(open++, first, begin);
          first = begin;
        }
        out_.words.push_back(transition.arc.word);
        if (roots && transition.arc.column < 0) {  // a word without tokens
          close(open++, tokens, tokens);
          first = tokens;
        }
      }
      if (roots && transition.token >= 0 && transition.arc.target < spans_.num_roots) {
        for (; open < out_.words.size(); ++open) close(open, first, tokens);
        first = tokens;
      }
    }
    for (; open < out_.words.size(); ++open) close(open, first, tokens);
  }

  // The span of word `index`, made of tokens [from, to).
  void close(std::size_t index, std::int32_t from, std::int32_t to) {
    while (to > from && out_.tokens[to - 1] == spans_.separator) --to;
    while (from < to && out_.tokens[from] == spans_.separator) ++from;
    out_.word_spans.resize(std::max(out_.word_spans.size(), index + 1));
    if (from < to) {
      out_.word_spans[index] = {out_.token_spans[from].start, out_.token_spans[to - 1].end};
    } else {
      const std::int32_t at = from > 0 ? out_.token_spans[from - 1].end : 0;
      out_.word_spans[index] = {at, at};
    }
  }
};

// The matches, with their places among all tokens: neutral ones are between, not in them.
void find_hotwords(const HotwordUse& use, bool in_words, Hypothesis* out) {
  std::vector<std::int32_t> units, places;
  const std::vector<std::int32_t>& all = in_words ? out->words : out->tokens;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!in_words && all[i] == use.neutral()) continue;
    units.push_back(all[i]);
    places.push_back(static_cast<std::int32_t>(i));
  }
  out->hotwords = use.automaton()->find(units);
  for (hotwords::Match& match : out->hotwords) {
    out->hotword_score += match.reward;
    match.start = places[match.start];
    match.end = places[match.end - 1] + 1;
  }
}

}  // namespace

Hypothesis make_hypothesis(const SearchGraph& graph, const SearchOptions& options,
                           const SpanOptions& spans, const BestPath& path, const Frames& frames,
                           const HotwordUse* hotwords) {
  Hypothesis out;
  out.num_frames = static_cast<std::int32_t>(path.num_frames);
  out.partial = !path.is_final;
  out.search_score = -path.cost;
  const HotwordUse none;
  const HotwordUse& use = hotwords != nullptr ? *hotwords : none;
  const bool in_words = use.labels() == HotwordLabels::kWords;
  Reader(graph, options, spans, frames, in_words ? use.automaton() : nullptr, &out).read(path);
  if (use.labels() != HotwordLabels::kNone) find_hotwords(use, in_words, &out);
  out.score = out.am_score + out.lm_score + out.word_score + out.blank_score + out.hotword_score;
  return out;
}

}  // namespace tlg::decoder
