#include "decoder/prefix/search.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>

#include "decoder/prefix/scaled.h"

namespace tlg::decoder::prefix {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kSlack = 1e-4;  // of bounds, which are rounded
// Nodes and traces beyond which what is dead is dropped; twice what is left is the next time.
constexpr std::size_t kCompactAt = 1 << 14;

// Two numbers with one exponent, in other units.
void rescale(double* one, double* other, std::int32_t* exponent, std::int32_t up) {
  const double down = step_power(-up);
  *one *= down;
  *other *= down;
  *exponent += up;
}

inline void bring_into_range(double* one, double* other, std::int32_t* exponent) {
  for (double sum = *one + *other; sum > 0 && !(sum >= kStepDown && sum <= 0x1p200);
       sum = *one + *other)
    rescale(one, other, exponent, sum < kStepDown ? -1 : 1);
}

inline void settle(Sums* sums) {
  bring_into_range(&sums->b, &sums->nb, &sums->exponent);
  bring_into_range(&sums->best_b, &sums->best_nb, &sums->best_exponent);
  sums->am = fast_log(sums->b + sums->nb) + sums->exponent * kStepLog;
}

// A value in the units of *one and *other, which are brought into its units if those are greater.
inline double in_units_of(double value, std::int32_t value_exponent, double* one, double* other,
                          std::int32_t* exponent) {
  const std::int32_t up = value_exponent - *exponent;
  if (up == 0) return value;
  if (up < 0) return value * step_power(up);
  rescale(one, other, exponent, up);
  return value;
}

}  // namespace

Search::Search(const Model& model, const Options& options)
    : model_(model), options_(options), row_(options, model.options().usable) {}

void Search::start(std::shared_ptr<const HotwordUse> hotwords) {
  hotwords_ = std::move(hotwords);
  scorer_ = std::make_unique<Scorer>(model_, hotwords_.get());
  tree_.clear();
  traces_.clear();
  frame_ = 0;
  dead_ = false;
  compact_at_ = kCompactAt;
  Entry entry{};
  entry.node = tree_.add(scorer_->root());
  entry.parent = kNoNode;
  entry.token = -1;
  entry.nb_trace = entry.b_trace = entry.b_record = kNoTrace;
  set_bounds(&entry);
  beam_.assign(1, entry);
  Sums sums;
  sums.b = sums.best_b = 1;
  sums_.assign(1, sums);
}

void Search::forget() {
  beam_.clear();
  scorer_.reset();
  hotwords_.reset();
}

void Search::advance(const Frames& frames) {
  for (std::int32_t t = 0; t < frames.num_frames && !dead_; ++t) advance_frame(frames, t);
}

void Search::advance_frame(const Frames& frames, std::int32_t t) {
  row_.load(frames, t);
  best_ = keep_all();
  threshold_ = best_ - options_.beam;
  if (stays_.size() >= static_cast<std::size_t>(options_.beam_size)) {
    // Each candidate has to beat as many as that.
    scratch_ = stay_scores_;
    const auto place = scratch_.begin() + (options_.beam_size - 1);
    std::nth_element(scratch_.begin(), place, scratch_.end(), std::greater<>());
    threshold_ = std::max(threshold_, *place);
  }
  extend_all();
  if (best_ == -kInfinity) {
    dead_ = true;  // the prefixes of the frame before are the result
    return;
  }
  select();
  ++frame_;
  if (tree_.size() + traces_.size() > compact_at_) compact();
}

void Search::set_bounds(Entry* entry) const {
  scorer_->bounds(tree_[entry->node], entry->gains);
  entry->most_gain = *std::max_element(entry->gains, entry->gains + 4);
}

// All prefixes one frame on without a new token; returns the best score.
double Search::keep_all() {
  const double blank = row_.factor(options_.blank);
  stays_.resize(beam_.size());
  stay_scores_.resize(beam_.size());
  origins_.resize(beam_.size());
  double best = -kInfinity;
  for (std::size_t place = 0; place < beam_.size(); ++place) {
    const Entry& entry = beam_[place];
    const Sums old = sums_[place];
    Sums now;
    Origin origin{0, old.best_nb > old.best_b, false};
    now.b = (old.b + old.nb) * blank;
    now.best_b = (origin.b_from_nb ? old.best_nb : old.best_b) * blank;
    now.exponent = old.exponent;
    now.best_exponent = old.best_exponent;
    if (entry.token >= 0) {
      const double last = row_.factor(entry.token);
      now.nb = old.nb * last;
      now.best_nb = old.best_nb * last;
      const std::size_t parent = place_of(entry.parent);
      if (parent != kNowhere) {
        const Sums& from = sums_[parent];
        // The same token twice needs a blank between.
        const bool repeats = beam_[parent].token == entry.token;
        const double sum = repeats ? from.b : from.b + from.nb;
        const double best_way = repeats ? from.best_b : std::max(from.best_b, from.best_nb);
        const double more = last * in_units_of(sum, from.exponent, &now.b, &now.nb, &now.exponent);
        now.nb += more;
        const double enters = last * in_units_of(best_way, from.best_exponent, &now.best_b,
                                                 &now.best_nb, &now.best_exponent);
        if (enters > now.best_nb) {
          now.best_nb = enters;
          origin.nb_enters = true;
          origin.parent = static_cast<std::uint32_t>(parent);
        }
      }
    }
    settle(&now);
    stays_[place] = now;
    origins_[place] = origin;
    stay_scores_[place] = now.am + entry.bonus;
    best = std::max(best, stay_scores_[place]);
  }
  return best;
}

void Search::extend_all() {
  spare_ = 0;
  double highest = -kInfinity;
  for (std::size_t place = 0; place < beam_.size(); ++place)
    highest = std::max(highest, sums_[place].am + beam_[place].bonus + beam_[place].most_gain);
  row_.list(threshold_ - highest);
  const bool pruned = FrameRow::prunes(options_);
  if (pruned) row_.prune([&](std::int32_t token) { return scorer_->begins_hotword(token); });
  const std::vector<std::int32_t>& tokens = row_.tokens();
  const std::vector<double>& scores = row_.scores();
  if (tokens.empty() && !pruned) return;
  token_kinds_.resize(tokens.size());
  for (double& best : best_of_kind_) best = -kInfinity;
  double best_of_all = -kInfinity;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const int kind = scorer_->kind(tokens[i]);
    token_kinds_[i] = static_cast<std::uint8_t>(kind);
    best_of_kind_[kind] = std::max(best_of_kind_[kind], scores[i]);
    best_of_all = std::max(best_of_all, scores[i]);
  }
  for (std::size_t place = 0; place < beam_.size(); ++place) {
    const double base = sums_[place].am + beam_[place].bonus + kSlack;
    const float* const gains = beam_[place].gains;
    const auto can = [&](int kind) {
      return base + gains[kind] + best_of_kind_[kind] >= threshold_;
    };
    if (can(1) || can(3)) know_end(place);
    if (base + beam_[place].most_gain + best_of_all >= threshold_)
      for (std::size_t i = 0; i < tokens.size(); ++i)
        if (base + gains[token_kinds_[i]] + scores[i] >= threshold_)
          extend(place, tokens[i], scores[i]);
    if (pruned && hotwords_ != nullptr && !hotwords_->words)
      extend_hotword(place, tree_[beam_[place].node].hotword);
  }
}

// The units with which a hotword in progress goes on, although they were pruned.
void Search::extend_hotword(std::size_t place, std::uint32_t state) {
  const hotwords::Automaton& automaton = *hotwords_->automaton;
  if (automaton.is_base(state)) return;
  for (const auto* unit = automaton.next_units_begin(state);
       unit != automaton.next_units_end(state); ++unit) {
    const auto token = static_cast<std::size_t>(*unit);
    if (token >= model_.options().usable.size()) {  // a boundary that no model emits
      hotwords::StateId behind = 0;
      automaton.advance(state, *unit, &behind);
      extend_hotword(place, behind);
    } else if (model_.options().usable[token] != 0 && !row_.is_listed(token)) {
      extend(place, *unit, row_.log_prob(*unit));
    }
  }
}

// Works out what ending the word is worth, once for all tokens that end it.
void Search::know_end(std::size_t place) {
  Entry& entry = beam_[place];
  const Node& node = tree_[entry.node];
  if (node.end_known || node.lex == kRoot) return;
  std::uint32_t only = kNoEnd, count = 0;
  scorer_->for_each_last(node, [&](std::uint32_t ends) {
    only = ends;
    ++count;
  });
  if (count != 1) return;
  scorer_->know_end(&tree_, entry.node, only);
  set_bounds(&entry);
}

void Search::extend(std::size_t place, std::int32_t token, double token_score) {
  if (token_score < kLeastLog) return;
  const Sums& from = sums_[place];
  double am = from.am + token_score;
  if (token == beam_[place].token) {
    am = fast_log(from.b) + from.exponent * kStepLog + token_score;
    if (am == -kInfinity) return;
  }
  scorer_->for_each_end(tree_[beam_[place].node], token,
                        [&](std::uint32_t ends) { try_end(place, token, ends, am); });
}

void Search::try_end(std::size_t place, std::int32_t token, std::uint32_t ends, double am) {
  const NodeId from = beam_[place].node;
  if (spare_ == candidates_.size()) candidates_.emplace_back();
  Candidate& one = candidates_[spare_];
  one.node = kNoNode;
  // A language model is asked only for what is not in the tree; all else is quicker than a look.
  const bool look_first = scorer_->asks_model(ends);
  if (look_first) one.node = tree_.find(from, token, ends);
  if (one.node == kNoNode) {
    if (!scorer_->extend(&tree_, from, token, ends, &one.child)) return;
    one.score = am + one.child.bonus;
  } else {
    one.score = am + tree_[one.node].bonus;
  }
  if (!(one.score >= threshold_) || one.score == -kInfinity) return;
  if (!look_first) one.node = tree_.find(from, token, ends);
  if (one.node != kNoNode && place_of(one.node) != kNowhere) return;  // keep_all() has seen to it
  one.place = place;
  one.child.token = token;
  ++spare_;
  if (one.score > best_) {
    best_ = one.score;
    threshold_ = std::max(threshold_, best_ - options_.beam);
  }
}

// The next beam: the best of those that stay and those that are new.
void Search::select() {
  const auto most = static_cast<std::size_t>(options_.beam_size);
  double least = best_ - options_.beam;
  scratch_.clear();
  for (const double score : stay_scores_)
    if (score >= least && score > -kInfinity) scratch_.push_back(score);
  for (std::size_t i = 0; i < spare_; ++i)
    if (candidates_[i].score >= least) scratch_.push_back(candidates_[i].score);
  std::size_t ties = scratch_.size();
  if (scratch_.size() > most) {
    const auto place = scratch_.begin() + static_cast<std::ptrdiff_t>(most - 1);
    std::nth_element(scratch_.begin(), place, scratch_.end(), std::greater<>());
    least = *place;
    ties = most - static_cast<std::size_t>(std::count_if(scratch_.begin(), scratch_.end(),
                                                         [&](double s) { return s > least; }));
  }
  const auto fits = [&](double score) {
    if (score > least) return true;
    if (!(score == least) || ties == 0 || score == -kInfinity) return false;
    --ties;
    return true;
  };
  stays_kept_.resize(beam_.size());
  nb_record_.assign(beam_.size(), kNoTrace);
  // Traces are made of what the frame before left, so before anything is moved.
  for (std::size_t place = 0; place < beam_.size(); ++place) {
    stays_kept_[place] = fits(stay_scores_[place]);
    if (stays_kept_[place] != 0 && origins_[place].nb_enters) {
      const std::size_t parent = origins_[place].parent;
      origins_[place].parent = record(parent, after_blank(parent, beam_[place].token));
    }
  }
  added_.clear();
  added_sums_.clear();
  for (std::size_t i = 0; i < spare_; ++i)
    if (fits(candidates_[i].score)) add(candidates_[i]);
  std::size_t kept = 0;
  for (std::size_t place = 0; place < stays_kept_.size(); ++place) {
    if (stays_kept_[place] == 0) continue;
    move_traces(place);
    if (kept != place) {
      beam_[kept] = beam_[place];
      stays_[kept] = stays_[place];
    }
    ++kept;
  }
  beam_.resize(kept);
  stays_.resize(kept);
  beam_.insert(beam_.end(), added_.begin(), added_.end());
  stays_.insert(stays_.end(), added_sums_.begin(), added_sums_.end());
  std::swap(sums_, stays_);
  for (std::size_t place = 0; place < beam_.size(); ++place)
    tree_.place(beam_[place].node) = static_cast<std::uint32_t>(place);
}

// The frames of the tokens of a prefix up to now, for those that go on from it.
std::uint32_t Search::record(std::size_t place, bool after_blank) {
  Entry& from = beam_[place];
  if (from.token < 0) return kNoTrace;  // the empty prefix has no tokens
  std::uint32_t& made = after_blank ? from.b_record : nb_record_[place];
  if (made == kNoTrace) {
    made = static_cast<std::uint32_t>(traces_.size());
    if (after_blank)
      traces_.push_back({from.b_trace, from.b_start, from.b_end});
    else
      traces_.push_back({from.nb_trace, from.nb_start, frame_});
  }
  return made;
}

// The traces of a prefix that stays, one frame on.
void Search::move_traces(std::size_t place) {
  Entry& entry = beam_[place];
  const Origin& origin = origins_[place];
  if (origin.b_from_nb) {
    entry.b_trace = entry.nb_trace;
    entry.b_start = entry.nb_start;
    entry.b_end = frame_;
    entry.b_record = nb_record_[place];  // of the same frames, if there is one
  }
  if (origin.nb_enters) {
    entry.nb_start = frame_;
    entry.nb_trace = origin.parent;
  }
}

void Search::add(const Candidate& one) {
  const Sums& from = sums_[one.place];
  const std::int32_t token = one.child.token;
  const bool repeats = token == beam_[one.place].token;
  const bool blank_before = after_blank(one.place, token);
  const double sound = row_.factor(token);
  Sums sums;
  sums.nb = (repeats ? from.b : from.b + from.nb) * sound;
  sums.best_nb = (blank_before ? from.best_b : from.best_nb) * sound;
  sums.exponent = from.exponent;
  sums.best_exponent = from.best_exponent;
  settle(&sums);
  added_sums_.push_back(sums);
  Entry entry;
  entry.node = one.node == kNoNode ? tree_.add(one.child) : one.node;
  const Node& node = tree_[entry.node];
  entry.bonus = node.bonus;
  entry.parent = node.parent;
  entry.token = token;
  entry.nb_trace = record(one.place, blank_before);
  entry.nb_start = frame_;
  entry.b_trace = entry.b_record = kNoTrace;
  entry.b_start = entry.b_end = 0;
  set_bounds(&entry);
  added_.push_back(entry);
}

void Search::compact() {
  std::vector<NodeId*> alive;
  for (Entry& entry : beam_) alive.push_back(&entry.node);
  tree_.compact(&alive);
  for (Entry& entry : beam_) entry.parent = tree_[entry.node].parent;
  std::vector<std::uint32_t> renumbered(traces_.size(), kNoTrace);
  constexpr std::uint32_t kKeep = kNoTrace - 1;
  std::vector<std::uint32_t*> used;
  for (Entry& entry : beam_)
    for (std::uint32_t* const trace : {&entry.nb_trace, &entry.b_trace, &entry.b_record})
      if (*trace != kNoTrace) used.push_back(trace);
  for (const std::uint32_t* const trace : used) renumbered[*trace] = kKeep;
  for (std::size_t i = traces_.size(); i-- > 0;)
    if (renumbered[i] == kKeep && traces_[i].previous != kNoTrace)
      renumbered[traces_[i].previous] = kKeep;
  std::uint32_t kept = 0;
  for (std::size_t i = 0; i < traces_.size(); ++i) {
    if (renumbered[i] != kKeep) continue;
    renumbered[i] = kept;
    Trace trace = traces_[i];
    if (trace.previous != kNoTrace) trace.previous = renumbered[trace.previous];
    traces_[kept++] = trace;
  }
  traces_.resize(kept);
  for (std::uint32_t* const trace : used) *trace = renumbered[*trace];
  compact_at_ = std::max(kCompactAt, 2 * (tree_.size() + traces_.size()));
}

}  // namespace tlg::decoder::prefix
