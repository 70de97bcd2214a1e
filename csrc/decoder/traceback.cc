#include "decoder/traceback.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "util/error.h"

namespace tlg::decoder {

Traceback::Traceback(const SearchGraph& graph, const SearchOptions& options,
                     const SpanOptions& spans, std::shared_ptr<const HotwordUse> hotwords)
    : graph_(graph, hotwords.get()), options_(options), stable_(graph, options, spans, hotwords) {
  if (hotwords != nullptr) labels_ = hotwords->labels();
}

void Traceback::settle(const Frames& frames, Utterance* utterance) {
  const std::int64_t now = utterance->num_frames();
  const Aligner aligner(graph_.graph(), options_, frames, settled_until_);
  mark(utterance);
  keep_marked(aligner, utterance);
  stable_.settle_hotwords();
  settled_until_ = now;
  // Multiples of 64: when costs are made smaller (TokenSet::rebase) hangs on the rest.
  utterance->base += utterance->frame & ~63u;
  utterance->frame &= 63u;
}

// Counts who follows whom among the traces that tokens lead to.
void Traceback::mark(Utterance* utterance) {
  Utterance& u = *utterance;
  const std::size_t none = u.traces.size();
  followers_.assign(none + 1, 0);
  is_end_.assign(none + 1, 0);
  const auto lead_to = [&](float cost, std::uint32_t* trace) {
    if (!(cost < std::numeric_limits<float>::infinity()))
      *trace = kNoTrace;  // of no path: what it names may be gone
    else
      is_end_[*trace == kNoTrace ? none : *trace] = 1;
  };
  for (std::size_t i = 0; i < u.num_tokens; ++i) {
    lead_to(u.nb[i], &u.nb_trace[i]);
    lead_to(u.b[i], &u.b_trace[i]);
  }
  for (std::size_t i = none; i-- > 0;)  // a trace is newer than the one before it
    if (is_end_[i] != 0 || followers_[i] > 0) {
      const std::uint32_t previous = u.traces[i].previous;
      ++followers_[previous == kNoTrace ? none : previous];
    }
}

// Moves the traces that are kept to the front, aligns the new ones, and reads those that all tokens
// have in common.
void Traceback::keep_marked(const Aligner& aligner, Utterance* utterance) {
  Utterance& u = *utterance;
  const std::size_t none = u.traces.size(), num_old = settled_.size();
  std::size_t kept = 0, last_stable = none, stable_slot = 0;
  bool all_agree = true;  // on every trace so far
  number_.assign(none + 1, kNoTrace);
  for (std::size_t i = 0; i < none; ++i) {
    if (is_end_[i] == 0 && followers_[i] == 0) continue;
    const Trace trace = u.traces[i];
    const std::size_t before = trace.previous == kNoTrace ? none : trace.previous;
    const std::uint32_t before_slot = number_[before];
    Settled settled;
    if (i < num_old) {
      settled = settled_[i];
    } else {
      Alignment path = before == none ? beginning_ : settled_[before_slot].alignment;
      TokenEnd end;
      aligner.extend(u.base + trace.frame, &path);
      settled.alignment = aligner.next(path, graph_.arc_column(trace.arc), &end);
      settled.previous_end = end.end;
      settled.num_changes = changes_.size();
    }
    const bool in_place = replaces(static_cast<std::uint32_t>(i), trace.previous, u) &&
                          !(all_agree && last_stable == before);
    const std::size_t slot = in_place ? before_slot : kept++;
    number_[i] = static_cast<std::uint32_t>(slot);
    u.traces[slot] = {in_place ? u.traces[slot].previous : before_slot, trace.arc, 0};
    if (slot < settled_.size())
      settled_[slot] = settled;
    else
      settled_.push_back(settled);
    // All traces kept follow the last stable one. If it has one follower, that is the next.
    all_agree = all_agree && before == last_stable && followers_[before] == 1 && !is_end_[before];
    if (all_agree) {
      if (!(has_stable_ && i == 0)) {
        catch_up(settled.num_changes, &stable_);
        stable_.take({trace.arc, settled.alignment.start}, settled.previous_end);
      }
      last_stable = i;
      stable_slot = slot;
    }
  }
  settled_.resize(kept);
  u.traces.cut(kept);
  for (std::size_t i = 0; i < none; ++i)
    if (is_end_[i] != 0) aligner.extend(u.num_frames(), &settled_[number_[i]].alignment);
  if (is_end_[none] != 0) aligner.extend(u.num_frames(), &beginning_);
  for (std::vector<std::uint32_t>* traces : {&u.nb_trace, &u.b_trace})
    for (std::size_t i = 0; i < u.num_tokens; ++i)
      if ((*traces)[i] != kNoTrace) (*traces)[i] = number_[(*traces)[i]];
  has_stable_ = has_stable_ || last_stable != none;
  if (stable_slot > 0) drop_stable(stable_slot, utterance);
}

// Whether `trace` can stand for the one before it as well: a plain graph spends an arc on each
// frame, also where nothing happens.
bool Traceback::replaces(std::uint32_t trace, std::uint32_t previous, const Utterance& u) const {
  if (previous == kNoTrace || followers_[previous] != 1 || is_end_[previous] != 0) return false;
  const std::uint32_t arc = u.traces[trace].arc;
  const std::uint32_t slot = number_[previous];
  if (u.traces[slot].arc != arc) return false;
  const std::int32_t blank = graph_.options().blank;
  if (graph_.options().topology != Topology::kPlain || blank < 0) return false;
  const SearchGraph::PathArc loop = graph_.path_arc(arc);
  return loop.source == loop.target && loop.word == 0 && loop.cost == 0;
}

// The first `count` traces are in the path of all tokens, have been read, and lead to nothing else.
void Traceback::drop_stable(std::size_t count, Utterance* utterance) {
  Utterance& u = *utterance;
  const auto shift = static_cast<std::uint32_t>(count);
  for (std::size_t i = count; i < u.traces.size(); ++i) {
    Trace trace = u.traces[i];
    trace.previous = i == count ? kNoTrace : trace.previous - shift;
    u.traces[i - count] = trace;
  }
  u.traces.cut(u.traces.size() - count);
  settled_.erase(settled_.begin(), settled_.begin() + static_cast<std::ptrdiff_t>(count));
  for (std::vector<std::uint32_t>* traces : {&u.nb_trace, &u.b_trace})
    for (std::size_t i = 0; i < u.num_tokens; ++i)
      if ((*traces)[i] != kNoTrace) (*traces)[i] -= shift;
}

Hypothesis Traceback::read(const Utterance& u, std::uint32_t trace, bool is_final,
                           const Frames& frames, PathReader* reader) const {
  const Aligner aligner(graph_.graph(), options_, frames, settled_until_);
  std::vector<std::uint32_t> path;
  for (; trace != kNoTrace; trace = u.traces[trace].previous) path.push_back(trace);
  Alignment alignment = beginning_;
  for (auto at = path.rbegin(); at != path.rend(); ++at) {
    const Trace& step = u.traces[*at];
    Settled next;
    if (*at < settled_.size()) {
      next = settled_[*at];
    } else {
      TokenEnd end;
      aligner.extend(u.base + step.frame, &alignment);
      next.alignment = aligner.next(alignment, graph_.arc_column(step.arc), &end);
      next.previous_end = end.end;
      next.num_changes = changes_.size();
    }
    alignment = next.alignment;
    if (has_stable_ && *at == 0) continue;
    catch_up(next.num_changes, reader);
    reader->take({step.arc, alignment.start}, next.previous_end);
  }
  catch_up(changes_.size(), reader);
  aligner.extend(u.num_frames(), &alignment);
  Hypothesis out = reader->finish(is_final, aligner.end(alignment));
  out.num_frames = u.num_frames();
  return out;
}

void Traceback::change_hotwords(std::shared_ptr<const HotwordUse> hotwords, Utterance* utterance) {
  const HotwordLabels labels = hotwords != nullptr ? hotwords->labels() : HotwordLabels::kNone;
  if (labels != HotwordLabels::kNone && labels_ != HotwordLabels::kNone && labels != labels_)
    throw Error(ErrorKind::kOption,
                "the hotwords of this utterance are matched on " +
                    std::string(in_words() ? "words" : "tokens") + ", those of the new list on " +
                    (in_words() ? "tokens" : "words"),
                "Change lists between two utterances");
  HotwordChange change(utterance->hotword_use.get(), hotwords.get());
  const auto asked = [&](std::uint32_t trace, std::size_t num_read) {
    return is_in_word(*utterance, trace, num_read, change);
  };
  // The old list has to last until its states are read.
  const std::shared_ptr<const HotwordUse> before = utterance->hotword_use;
  decoder::change_hotwords(graph_.graph(), &change, hotwords, asked, utterance);
  changes_.push_back(std::move(hotwords));
  if (labels != HotwordLabels::kNone) labels_ = labels;
}

void Traceback::catch_up(std::size_t num_changes, PathReader* reader) const {
  while (reader->num_changes() < num_changes)
    reader->change_hotwords(changes_[reader->num_changes()]);
}

bool Traceback::is_in_word(const Utterance& u, std::uint32_t trace, std::size_t num_read,
                           const HotwordChange& change) const {
  const bool ctc = graph_.options().topology == Topology::kCtc;
  // Whether it is what was looked for.
  const auto passes = [&](std::int32_t column) {
    if (num_read == 0) return !change.is_neutral_after(column);
    if (!change.is_neutral_before(column)) --num_read;
    return false;
  };
  for (; trace != kNoTrace && !(has_stable_ && trace == 0); trace = u.traces[trace].previous) {
    const std::uint32_t arc = u.traces[trace].arc;
    if (!ctc && graph_.is_silent(arc)) continue;
    const std::int32_t column = graph_.arc_column(arc);
    if (passes(column)) return !change.is_boundary_after(column);
  }
  const std::vector<std::int32_t>& tokens = stable_.tokens();
  for (std::size_t i = tokens.size(); i-- > 0;)
    if (passes(tokens[i])) return !change.is_boundary_after(tokens[i]);
  return false;
}

Hypothesis Traceback::finish(const Utterance& u, const Frames& frames) {
  const Ending ending = find_ending(graph_.graph(), u);
  Hypothesis out = read(u, ending.trace(), ending.is_final(), frames, &stable_);
  out.search_score = -ending.cost();
  return out;
}

}  // namespace tlg::decoder
