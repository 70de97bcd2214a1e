// From the arcs of the best path to what a user reads: tokens and words with their frames, and the
// score with each of its terms. All of it is computed anew in float64 from the posteriors and the
// arcs. Not for: which frames are a token's and which are blank (alignment.h).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "decoder/alignment.h"
#include "decoder/epsilons.h"
#include "decoder/path_graph.h"
#include "decoder/search.h"

namespace tlg::decoder {

struct Span {
  std::int64_t start, end;  // frames, half-open
};

class PendingLattice;  // decoder/lattice/pending_lattice.h

struct SpanOptions {
  std::uint32_t num_roots = 0;  // a word ends on the way into an LG state below this; 0: not known
  std::int32_t separator = -1;  // the column of the optional token between words: of no word's span
};

// score = am_score + lm_score + word_score + blank_score + hotword_score, each weighted as the
// search weights it: docs/semantics.md.
struct Hypothesis {
  std::vector<std::int32_t> tokens;  // columns
  std::vector<Span> token_spans;
  std::vector<std::int32_t> words;  // output labels
  std::vector<Span> word_spans;
  std::vector<hotwords::Match> hotwords;  // over tokens or words, as the list is matched
  double score = 0, am_score = 0, lm_score = 0, word_score = 0, blank_score = 0, hotword_score = 0;
  double search_score = 0;  // the search's own float32 sum: equals score but for rounding
  bool partial = false;     // no final state was reached
  std::int64_t num_frames = 0;
  // What else was asked for: other paths, the lattice, how certain the words are; null: nothing.
  std::shared_ptr<const PendingLattice> more;
};

// A path with its epsilon arcs, which need not be the cheapest.
struct ExplicitPath {
  struct Step {
    PathStep step;
    std::vector<SearchGraph::PathArc> epsilons;  // in front of it
  };
  std::vector<Step> steps;
  std::vector<SearchGraph::PathArc> epsilons;  // behind the last one
  bool is_final = false;
  double final_cost = 0;  // of the state itself
  double cost = 0;        // all of it
  std::int64_t num_frames = 0;
};

// Reads a path step by step; what has been read never changes. A fork reads on from a place in a
// path without copying what lies behind: its hypothesis holds the scores of the whole path, but of
// tokens and words those alone that were still open.
class PathReader {
 public:
  PathReader(const SearchGraph& graph, const SearchOptions& options, const SpanOptions& spans,
             std::shared_ptr<const HotwordUse> hotwords);

  // `previous_end`: the frame behind the last one of the token before (kCtc; see TokenEnd).
  void take(const PathStep& step, std::int64_t previous_end);
  // Between two steps: another list of hotwords is in force from here on. What the one before has
  // matched stays, and its unfinished tail is read again by the new one (hotwords/swap.h). Phrases
  // of the new list are numbered behind those of the lists before.
  void change_hotwords(std::shared_ptr<const HotwordUse> hotwords);
  std::size_t num_changes() const { return changes_.size(); }
  // Ends the path; reads no more.
  Hypothesis finish(bool is_final, const TokenEnd& end);
  // The same for a path whose epsilon arcs are given: those in front of a step, and those behind
  // the last one.
  void take_explicit(const ExplicitPath::Step& step, std::int64_t previous_end);
  Hypothesis finish(const ExplicitPath& path, const TokenEnd& end);
  PathReader fork() const;
  // Finds the hotwords that what comes cannot change, so that forks need not look for them again.
  void settle_hotwords();
  std::uint32_t lg_state() const { return walk_.lg_state(); }

  // What has been read, of a fork from first_token() and first_word() on. The last token's end is
  // not known yet.
  std::int64_t first_token() const { return first_token_; }
  std::int64_t first_word() const { return first_word_; }
  const std::vector<std::int32_t>& tokens() const { return tokens_; }
  const std::vector<Span>& token_spans() const { return token_spans_; }
  const std::vector<std::int32_t>& words() const { return words_; }
  const std::vector<hotwords::Match>& settled_hotwords() const { return matches_; }
  // The frames of a word, and whether they are certain: its end is known, and its last token's.
  Span word_span(std::int64_t word) const;
  bool is_placed(std::int64_t word) const;

 private:
  using PathArc = SearchGraph::PathArc;
  struct Pending {
    std::int64_t start, previous_end;
    std::size_t num_changes;  // before it
  };
  struct Range {
    std::int64_t from, to;  // tokens
  };

  std::int64_t num_tokens() const {
    return first_token_ + static_cast<std::int64_t>(tokens_.size());
  }
  std::int64_t num_words() const { return first_word_ + static_cast<std::int64_t>(words_.size()); }
  std::int32_t token(std::int64_t i) const {
    return tokens_[static_cast<std::size_t>(i - first_token_)];
  }
  const Span& token_span(std::int64_t i) const {
    return token_spans_[static_cast<std::size_t>(i - first_token_)];
  }
  bool matches_words() const { return use_ != nullptr && use_->labels() == HotwordLabels::kWords; }
  // Where the labels that hotwords are matched on begin and end, and each.
  std::int64_t num_labels() const { return matches_words() ? num_words() : num_tokens(); }
  std::int32_t label(std::int64_t i) const {
    return matches_words() ? words_[static_cast<std::size_t>(i - first_word_)] : token(i);
  }

  void read_settled();
  bool is_unheard(std::int64_t token) const;
  void match_until(std::size_t change);
  void change_matching(const std::shared_ptr<const HotwordUse>& next);
  Hypothesis conclude(bool is_final, double final_cost, const TokenEnd& end);
  bool begin_token(const PathArc& arc, const Pending& step);
  void place_word(const PathArc& arc, bool begins_token);
  void close(std::int64_t word, std::int64_t from, std::int64_t to);
  void settle_hotwords_before(std::int64_t end);
  void find_hotwords(std::int64_t from, std::int64_t to, std::vector<hotwords::Match>* matches,
                     bool goes_on = false) const;

  PathGraph graph_;
  float acoustic_scale_, blank_penalty_;
  SpanOptions spans_;
  std::shared_ptr<const HotwordUse> use_;  // of the labels read
  // Lists that came into force later. The walk can be ahead of the labels that it has handed out.
  std::vector<std::shared_ptr<const HotwordUse>> changes_;
  std::size_t num_matched_changes_ = 0;  // of those, up to use_
  EpsilonWalk walk_;
  std::vector<PathArc> settled_;
  std::vector<Pending> pending_;  // of the steps that the walk has not handed out
  double graph_cost_ = 0;

  std::int64_t first_token_ = 0, first_word_ = 0;  // that the vectors hold
  std::vector<std::int32_t> tokens_;
  std::vector<Span> token_spans_;
  std::vector<std::int32_t> words_;
  std::vector<Range> word_tokens_;
  std::int64_t open_word_ = 0;   // words before this one have their end
  std::int64_t open_token_ = 0;  // first token of that word

  std::vector<hotwords::Match> matches_;  // settled
  std::size_t num_settled_ = 0;           // of `matches_` that are in `reward_`
  double reward_ = 0;                     // of those, and of those before a fork
  std::int64_t unmatched_ = 0;            // first label that is in none of them and may come to be
  std::int64_t matched_ = 0;              // labels that hotword_state_ has seen
  hotwords::StateId hotword_state_ = hotwords::kRoot;
  bool starts_inside_ = false;     // unmatched_ is in mid-word
  std::int32_t first_phrase_ = 0;  // phrases of the lists before
};

// Of a path whose frames are all at hand.
Hypothesis make_hypothesis(const SearchGraph& graph, const SearchOptions& options,
                           const SpanOptions& spans, const BestPath& path, const Frames& frames,
                           const std::shared_ptr<const HotwordUse>& hotwords);
Hypothesis make_hypothesis(const SearchGraph& graph, const SearchOptions& options,
                           const SpanOptions& spans, const ExplicitPath& path, const Frames& frames,
                           const std::shared_ptr<const HotwordUse>& hotwords);

}  // namespace tlg::decoder
