#include "decoder/path.h"

#include <algorithm>
#include <utility>

#include "decoder/hotword_change.h"

namespace tlg::decoder {
namespace {

// Aligns the steps of a path and hands each to `take`; returns how the last token ends.
template <typename Path, typename StepOf, typename Take>
TokenEnd read_steps(const PathGraph& graph, const SearchOptions& options, const Frames& frames,
                    const Path& path, const StepOf& step_of, const Take& take) {
  const Aligner aligner(graph.graph(), options, frames, 0);
  Alignment alignment;
  TokenEnd end{};
  for (std::size_t i = 0; i < path.steps.size(); ++i) {
    const auto& one = path.steps[i];
    const PathStep step = step_of(one);
    if (i + 4 < path.steps.size()) graph.prefetch_path_arc(step_of(path.steps[i + 4]).arc);
    aligner.extend(step.frame, &alignment);
    alignment = aligner.next(alignment, graph.arc_column(step.arc), &end);
    take(one, end.end);
  }
  aligner.extend(path.num_frames, &alignment);
  return aligner.end(alignment);
}

}  // namespace

PathReader::PathReader(const SearchGraph& graph, const SearchOptions& options,
                       const SpanOptions& spans, std::shared_ptr<const HotwordUse> hotwords)
    : graph_(graph, hotwords.get()),
      acoustic_scale_(options.acoustic_scale),
      blank_penalty_(options.blank_penalty),
      spans_(spans),
      use_(std::move(hotwords)),
      walk_(graph_, matches_words() ? use_->automaton() : nullptr) {}

void PathReader::take(const PathStep& step, std::int64_t previous_end) {
  pending_.push_back({step.frame, previous_end, changes_.size()});
  settled_.clear();
  walk_.take(graph_.path_arc(step.arc, walk_.lg_state()), &settled_);
  read_settled();
}

Hypothesis PathReader::finish(bool is_final, const TokenEnd& end) {
  settled_.clear();
  const double final_cost = walk_.finish(is_final, &settled_);
  read_settled();
  return conclude(is_final, final_cost, end);
}

void PathReader::take_explicit(const ExplicitPath::Step& step, std::int64_t previous_end) {
  pending_.push_back({step.step.frame, previous_end, changes_.size()});
  const std::uint32_t before = settled_.empty() ? walk_.lg_state() : settled_.back().target;
  settled_ = step.epsilons;
  settled_.push_back(
      graph_.path_arc(step.step.arc, settled_.empty() ? before : settled_.back().target));
  read_settled();
}

Hypothesis PathReader::finish(const ExplicitPath& path, const TokenEnd& end) {
  settled_ = path.epsilons;
  read_settled();
  return conclude(path.is_final, path.final_cost, end);
}

Hypothesis PathReader::conclude(bool is_final, double final_cost, const TokenEnd& end) {
  if (graph_.options().topology == Topology::kCtc && !tokens_.empty())
    token_spans_.back().end = end.end;
  for (; open_word_ < num_words(); ++open_word_) close(open_word_, open_token_, num_tokens());
  Hypothesis out;
  for (std::int64_t word = first_word_; word < num_words(); ++word)
    out.word_spans.push_back(word_span(word));
  match_until(changes_.size());
  find_hotwords(unmatched_, num_labels(), &matches_);
  out.hotword_score = reward_;
  for (std::size_t i = 0; i < matches_.size(); ++i)
    if (i >= num_settled_) out.hotword_score += matches_[i].reward;
  out.partial = !is_final;
  // The arcs' costs hold the word score.
  out.word_score = graph_.options().word_score * static_cast<double>(num_words());
  out.lm_score = -(graph_cost_ + final_cost) - out.word_score;
  out.am_score = acoustic_scale_ * end.am;
  out.blank_score -= double{blank_penalty_} * static_cast<double>(end.num_blanks);
  out.score = out.am_score + out.lm_score + out.word_score + out.blank_score + out.hotword_score;
  out.tokens = std::move(tokens_);
  out.token_spans = std::move(token_spans_);
  out.words = std::move(words_);
  out.hotwords = std::move(matches_);
  return out;
}

void PathReader::read_settled() {
  std::size_t step = 0;
  for (const PathArc& arc : settled_) {
    // Epsilon arcs are taken right before the step behind them.
    match_until(step < pending_.size() ? pending_[step].num_changes : changes_.size());
    graph_cost_ += arc.cost;
    const bool begins = arc.column >= 0 && begin_token(arc, pending_[step++]);
    place_word(arc, begins);
  }
  pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(step));
}

// A plain graph spends an arc on each frame: blanks and repeats begin no token.
bool PathReader::begin_token(const PathArc& arc, const Pending& step) {
  const bool ctc = graph_.options().topology == Topology::kCtc;
  const std::int32_t blank = graph_.options().blank;
  if (ctc && !tokens_.empty()) token_spans_.back().end = step.previous_end;
  if (ctc || !arc.is_silent) {
    tokens_.push_back(arc.column);
    token_spans_.push_back({step.start, step.start + 1});
    return true;
  }
  if (arc.column != blank && !tokens_.empty()) token_spans_.back().end = step.start + 1;
  return false;
}

// Words with their tokens. A native LG says where words end (its first num_roots states stand
// between words); elsewhere a word is taken to begin with the token that brings its label.
void PathReader::place_word(const PathArc& arc, bool begins_token) {
  const bool roots = spans_.num_roots > 0;
  const std::int64_t tokens = num_tokens();
  if (arc.word != 0) {
    const std::int64_t begin = begins_token ? tokens - 1 : tokens;
    if (!roots && open_word_ < num_words()) {
      close(open_word_++, open_token_, begin);
      open_token_ = begin;
    }
    words_.push_back(arc.word);
    word_tokens_.push_back({begin, begin});
    if (roots && arc.column < 0) {  // a word without tokens
      close(open_word_++, tokens, tokens);
      open_token_ = tokens;
    }
  }
  if (roots && begins_token && arc.target < spans_.num_roots) {
    for (; open_word_ < num_words(); ++open_word_) close(open_word_, open_token_, tokens);
    open_token_ = tokens;
  }
}

void PathReader::close(std::int64_t word, std::int64_t from, std::int64_t to) {
  while (to > from && token(to - 1) == spans_.separator) --to;
  while (from < to && token(from) == spans_.separator) ++from;
  word_tokens_[static_cast<std::size_t>(word - first_word_)] = {from, to};
}

Span PathReader::word_span(std::int64_t word) const {
  const auto [from, to] = word_tokens_[static_cast<std::size_t>(word - first_word_)];
  if (from < to) return {token_span(from).start, token_span(to - 1).end};
  const std::int64_t at = from > 0 ? token_span(from - 1).end : 0;
  return {at, at};
}

bool PathReader::is_placed(std::int64_t word) const {
  return word < open_word_ &&
         word_tokens_[static_cast<std::size_t>(word - first_word_)].to < num_tokens();
}

PathReader PathReader::fork() const {
  PathReader other(graph_.graph(), {}, spans_, use_);
  other.acoustic_scale_ = acoustic_scale_;
  other.blank_penalty_ = blank_penalty_;
  other.walk_ = walk_;
  other.pending_ = pending_;
  other.graph_cost_ = graph_cost_;
  other.open_word_ = open_word_;
  other.open_token_ = open_token_;
  other.changes_ = changes_;
  other.num_matched_changes_ = num_matched_changes_;
  other.reward_ = reward_;
  other.unmatched_ = unmatched_;
  other.starts_inside_ = starts_inside_;
  other.first_phrase_ = first_phrase_;
  // The last token is open, and so are the words that it ends.
  other.first_word_ = open_word_;
  while (other.first_word_ > first_word_ && !is_placed(other.first_word_ - 1)) --other.first_word_;
  other.first_token_ = std::min(num_tokens(), open_token_);
  if (use_ != nullptr && use_->labels() != HotwordLabels::kNone) {
    std::int64_t& first = matches_words() ? other.first_word_ : other.first_token_;
    first = std::min(first, unmatched_);
  }
  if (other.first_word_ < open_word_) {
    const Range& tokens = word_tokens_[static_cast<std::size_t>(other.first_word_ - first_word_)];
    other.first_token_ = std::min(other.first_token_, tokens.from);
  }
  // A word without tokens lies behind the token before it; and a list may be changed for one that
  // asks whether that is a word boundary.
  do --other.first_token_;
  while (other.first_token_ > first_token_ && is_unheard(other.first_token_));
  other.first_token_ = std::max(other.first_token_, first_token_);
  const auto token = static_cast<std::ptrdiff_t>(other.first_token_ - first_token_);
  const auto word = static_cast<std::ptrdiff_t>(other.first_word_ - first_word_);
  other.tokens_.assign(tokens_.begin() + token, tokens_.end());
  other.token_spans_.assign(token_spans_.begin() + token, token_spans_.end());
  other.words_.assign(words_.begin() + word, words_.end());
  other.word_tokens_.assign(word_tokens_.begin() + word, word_tokens_.end());
  return other;
}

void PathReader::settle_hotwords() {
  if (use_ == nullptr || use_->labels() == HotwordLabels::kNone) return;
  const hotwords::Automaton& automaton = *use_->automaton();
  for (; matched_ < num_labels(); ++matched_) {
    const std::int32_t unit = label(matched_);
    if (!matches_words() && unit == use_->neutral()) continue;
    if (automaton.begins_anew(hotword_state_, unit)) settle_hotwords_before(matched_);
    automaton.advance(hotword_state_, unit, &hotword_state_);
  }
  if (hotword_state_ == hotwords::kRoot) settle_hotwords_before(matched_);
}

void PathReader::settle_hotwords_before(std::int64_t end) {
  if (unmatched_ == end) return;
  // Most units begin no hotword.
  if (end - unmatched_ > 1 || use_->automaton()->can_gain_from_root(label(unmatched_)))
    find_hotwords(unmatched_, end, &matches_);
  for (; num_settled_ < matches_.size(); ++num_settled_) reward_ += matches_[num_settled_].reward;
  unmatched_ = end;
  starts_inside_ = false;
}

// Places are among all tokens or words: neutral ones are between matches, not in them.
void PathReader::find_hotwords(std::int64_t from, std::int64_t to,
                               std::vector<hotwords::Match>* matches, bool goes_on) const {
  if (use_ == nullptr || use_->labels() == HotwordLabels::kNone) return;
  std::vector<std::int32_t> units, places;
  for (std::int64_t i = from; i < to; ++i) {
    if (!matches_words() && label(i) == use_->neutral()) continue;
    units.push_back(label(i));
    places.push_back(static_cast<std::int32_t>(i));
  }
  const bool inside = starts_inside_ && from == unmatched_;
  for (hotwords::Match match : use_->automaton()->find_in(units, {inside, goes_on})) {
    match.phrase += first_phrase_;
    match.start = places[static_cast<std::size_t>(match.start)];
    match.end = places[static_cast<std::size_t>(match.end) - 1] + 1;
    matches->push_back(match);
  }
}

// A token that hotwords may pass over.
bool PathReader::is_unheard(std::int64_t i) const {
  return token(i) == spans_.separator || (use_ != nullptr && token(i) == use_->neutral());
}

void PathReader::change_hotwords(std::shared_ptr<const HotwordUse> next) {
  const HotwordUse* before =
      num_changes() > num_matched_changes_ ? changes_.back().get() : use_.get();
  HotwordChange change(before, next.get());
  walk_.change_hotwords(change.in_words() && next != nullptr ? next->automaton() : nullptr,
                        &change.swap());
  changes_.push_back(std::move(next));
}

// Before a label to which the first `change` of the changes apply is read.
void PathReader::match_until(std::size_t change) {
  while (num_matched_changes_ < change) change_matching(changes_[num_matched_changes_++]);
}

void PathReader::change_matching(const std::shared_ptr<const HotwordUse>& next) {
  HotwordChange change(use_.get(), next.get());
  const bool had_list = use_ != nullptr && use_->labels() != HotwordLabels::kNone;
  const std::int64_t end = change.in_words() ? num_words() : num_tokens();
  const auto label_at = [&](std::int64_t i) {
    return change.in_words() ? words_[static_cast<std::size_t>(i - first_word_)] : token(i);
  };
  const auto first_label = change.in_words() ? first_word_ : first_token_;
  std::int64_t from = end;
  hotwords::StateId state = hotwords::kRoot;
  if (had_list) {
    if (starts_inside_) state = use_->automaton()->inside_word();
    for (std::int64_t i = unmatched_; i < end; ++i)
      if (!change.is_neutral_before(label_at(i)))
        use_->automaton()->advance(state, label_at(i), &state);
    find_hotwords(unmatched_, end, &matches_, true);
    for (; num_settled_ < matches_.size(); ++num_settled_) reward_ += matches_[num_settled_].reward;
    first_phrase_ += static_cast<std::int32_t>(use_->automaton()->num_phrases());
    for (std::size_t left = change.swap().num_read(state); left > 0;)
      if (!change.is_neutral_before(label_at(--from))) --left;
  }
  std::int64_t front = from - 1;
  while (front >= first_label && change.is_neutral_after(label_at(front))) --front;
  const hotwords::Handover handover =
      change.swap().of(state, front >= first_label && !change.is_boundary_after(label_at(front)));
  use_ = next;
  unmatched_ = from;
  starts_inside_ = handover.starts_inside;
  hotword_state_ = handover.state;
  matched_ = end;
}

Hypothesis make_hypothesis(const SearchGraph& graph, const SearchOptions& options,
                           const SpanOptions& spans, const BestPath& path, const Frames& frames,
                           const std::shared_ptr<const HotwordUse>& hotwords) {
  PathReader reader(graph, options, spans, hotwords);
  const TokenEnd end = read_steps(
      {graph, hotwords.get()}, options, frames, path, [](const PathStep& step) { return step; },
      [&](const PathStep& step, std::int64_t before) { reader.take(step, before); });
  Hypothesis out = reader.finish(path.is_final, end);
  out.num_frames = path.num_frames;
  out.search_score = -path.cost;
  return out;
}

Hypothesis make_hypothesis(const SearchGraph& graph, const SearchOptions& options,
                           const SpanOptions& spans, const ExplicitPath& path, const Frames& frames,
                           const std::shared_ptr<const HotwordUse>& hotwords) {
  PathReader reader(graph, options, spans, hotwords);
  const TokenEnd end = read_steps(
      {graph, hotwords.get()}, options, frames, path,
      [](const ExplicitPath::Step& one) { return one.step; },
      [&](const ExplicitPath::Step& one, std::int64_t before) {
        reader.take_explicit(one, before);
      });
  Hypothesis out = reader.finish(path, end);
  out.num_frames = path.num_frames;
  out.search_score = -path.cost;
  return out;
}

}  // namespace tlg::decoder
