#include "decoder/lattice/mbr.h"

#include <algorithm>
#include <cmath>

namespace tlg::decoder {
namespace {

// Differences of costs that are rounding alone do not decide how words are aligned.
constexpr double kTie = 1e-9;
constexpr int kMostRounds = 100;

// Work and memory grow with the states times the words: beyond this a lattice is taken in parts.
constexpr std::size_t kMostCells = 1 << 20;

// States that lie between two which all paths go through, and the words between those. The last
// part's `last` is the end of the lattice, behind all states.
struct Part {
  std::uint32_t first, last;
  std::size_t begin, end;  // words
};

// One part, where that is little work or where `words` are no path.
std::vector<Part> split(const Lattice& lattice, const LatticePosteriors& posteriors,
                        const std::vector<std::int32_t>& words) {
  const std::uint32_t n = lattice.num_states();
  std::vector<Part> parts{{0, n, 0, words.size()}};
  if ((words.size() + 1) * n <= kMostCells) return parts;
  std::vector<double> probability(n, 0);
  for (std::size_t a = 0; a < lattice.arcs.size(); ++a)
    probability[lattice.arcs[a].target] += posteriors.arcs[a];
  std::uint32_t s = 0;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto first = lattice.arcs.begin() + lattice.states[s].first_arc;
    const auto last = lattice.arcs.begin() + lattice.states[s + 1].first_arc;
    const auto arc =
        std::find_if(first, last, [&](const Lattice::Arc& one) { return one.word == words[i]; });
    if (arc == last) return {{0, n, 0, words.size()}};
    s = arc->target;
    Part& part = parts.back();
    const std::size_t cells = (i + 2 - part.begin) * (s + 1 - part.first);
    if (cells < kMostCells / 4 || probability[s] < 1 - kTie) continue;
    part.last = s;
    part.end = i + 1;
    parts.push_back({s, n, i + 1, words.size()});
  }
  return parts;
}

// Aligns all paths of a part of a lattice with a sequence of slots (word 0: an empty one, a place
// for words to be inserted). Each path puts one word, or none, into each slot.
class Alignments {
 public:
  Alignments(const Lattice& lattice, const LatticePosteriors& posteriors, const Part& part)
      : lattice_(lattice), part_(part) {
    const bool to_end = part.last == lattice.num_states();
    const std::uint32_t n = part.last - part.first + (to_end ? 0 : 1);
    const std::size_t begin = lattice.states[part.first].first_arc;
    const std::size_t end = lattice.states[part.last].first_arc;
    first_.assign(n + 2, 0);
    for (std::size_t a = begin; a < end; ++a) ++first_[lattice.arcs[a].target - part.first + 1];
    for (std::uint32_t s = 0; s < n; ++s)
      if (is_last(s, to_end)) ++first_[n + 1];
    for (std::size_t s = 1; s < first_.size(); ++s) first_[s] += first_[s - 1];
    arcs_.resize(first_.back());
    std::vector<std::uint32_t> next(first_.begin(), first_.end() - 1);
    for (std::size_t a = begin; a < end; ++a) {
      const Lattice::Arc& arc = lattice.arcs[a];
      arcs_[next[arc.target - part.first]++] = {arc.source - part.first, arc.word,
                                                posteriors.arrival[a]};
    }
    for (std::uint32_t s = 0; s < n; ++s)
      if (is_last(s, to_end))
        arcs_[next[n]++] = {s, 0, to_end ? posteriors.finals[part.first + s] : 1};
    end_ = n;
  }

  // Returns the expected distance. `take(slot, word, probability, from, to)` is called for what
  // paths put into the slots, between two frames.
  template <typename Take>
  double align(const std::vector<std::int32_t>& slots, const Take& take) {
    slots_ = &slots;
    width_ = slots.size() + 1;
    const double risk = measure();
    hand_out(take);
    return risk;
  }

 private:
  struct Arc {
    std::uint32_t source;
    std::int32_t word;
    double arrival;  // of the paths that are in the target, the part that came by this arc
  };
  enum Move : char { kAligned, kInserted, kDeleted };

  const Lattice& lattice_;
  const Part part_;
  std::uint32_t end_ = 0;             // states are numbered from the part's first; this is behind
  std::vector<std::uint32_t> first_;  // state -> its first arc in; of the end, ways to end
  std::vector<Arc> arcs_;
  const std::vector<std::int32_t>* slots_ = nullptr;
  std::size_t width_ = 0;
  std::vector<double> distance_;  // [state, slots read], expected
  std::vector<double> through_;   // [slots read], by the arc in hand
  std::vector<Move> moves_;       // [arc, slots read], the last of the best way there

  bool is_last(std::uint32_t state, bool to_end) const {
    return to_end ? lattice_.states[part_.first + state].is_final
                  : part_.first + state == part_.last;
  }
  std::int64_t frame(std::uint32_t state) const {
    const std::uint32_t s = std::min(part_.first + state, part_.last);
    return s < lattice_.num_states() ? lattice_.states[s].frame : lattice_.num_frames;
  }

  // The distances after an arc, and the moves. A word goes into an empty slot rather than between
  // two; an arc without a word changes nothing.
  void pass(const Arc& arc, Move* moves) {
    const double* before = distance_.data() + arc.source * width_;
    if (arc.word == 0) {
      std::copy(before, before + width_, through_.begin());
      return;
    }
    through_[0] = before[0] + 1;
    for (std::size_t q = 1; q < width_; ++q) {
      const std::int32_t word = (*slots_)[q - 1];
      double least = before[q - 1] + (arc.word != word ? 1 : 0);  // aligned
      const double inserted = before[q] + 1;
      const double deleted = through_[q - 1] + (word != 0 ? 1 : 0);
      const bool inserts = inserted < least - kTie;
      least = inserts ? inserted : least;
      const bool deletes = deleted < least - kTie;
      through_[q] = deletes ? deleted : least;
      moves[q] = deletes ? kDeleted : inserts ? kInserted : kAligned;
    }
  }

  double measure() {
    distance_.assign((end_ + 1) * width_, 0);
    through_.resize(width_);
    moves_.assign(arcs_.size() * width_, kInserted);
    for (std::size_t q = 1; q < width_; ++q)
      distance_[q] = distance_[q - 1] + ((*slots_)[q - 1] != 0 ? 1 : 0);
    for (std::uint32_t s = 1; s <= end_; ++s) {
      double* row = distance_.data() + s * width_;
      for (std::uint32_t a = first_[s]; a < first_[s + 1]; ++a) {
        pass(arcs_[a], moves_.data() + a * width_);
        for (std::size_t q = 0; q < width_; ++q) row[q] += arcs_[a].arrival * through_[q];
      }
    }
    return distance_.back();
  }

  // Backwards along the best moves: the probability of having read so many slots in a state.
  template <typename Take>
  void hand_out(const Take& take) {
    std::vector<double> weight((end_ + 1) * width_, 0);
    weight.back() = 1;
    for (std::uint32_t s = end_; s > 0; --s) {
      const double* row = weight.data() + s * width_;
      std::size_t last = width_;  // that any path has read
      while (last > 0 && row[last - 1] == 0) --last;
      for (std::uint32_t a = first_[s]; a < first_[s + 1]; ++a) {
        const Arc& arc = arcs_[a];
        const Move* moves = moves_.data() + a * width_;
        double* before = weight.data() + arc.source * width_;
        const std::int64_t from = frame(arc.source), to = frame(s);
        double deleted = 0;
        for (std::size_t q = last; q-- > 0;) {
          const double part = deleted + arc.arrival * row[q];
          deleted = 0;
          if (part == 0) continue;
          if (moves[q] == kInserted) {
            before[q] += part;
          } else if (moves[q] == kAligned) {
            before[q - 1] += part;
            take(q - 1, arc.word, part, from, to);
          } else {
            deleted = part;
            take(q - 1, 0, part, to, to);
          }
        }
      }
    }
    double part = 0;  // at the start nothing is left to read
    for (std::size_t q = width_ - 1; q > 0; --q) {
      part += weight[q];
      if (part > 0) take(q - 1, 0, part, frame(0), frame(0));
    }
  }
};

std::vector<Slot> fill(Alignments& alignments, const std::vector<std::int32_t>& words,
                       double* risk) {
  std::vector<Slot> slots(words.size());
  *risk = alignments.align(words, [&](std::size_t slot, std::int32_t word, double part,
                                      std::int64_t from, std::int64_t to) {
    auto at = std::find_if(slots[slot].begin(), slots[slot].end(),
                           [word](const SlotWord& one) { return one.word == word; });
    if (at == slots[slot].end()) at = slots[slot].insert(at, {word, 0, 0, 0});
    at->probability += part;
    at->start += part * static_cast<double>(from);
    at->end += part * static_cast<double>(to);
  });
  for (Slot& slot : slots) {
    for (SlotWord& one : slot) {
      one.start /= one.probability;
      one.end /= one.probability;
    }
    std::sort(slot.begin(), slot.end(), [](const SlotWord& a, const SlotWord& b) {
      return a.probability != b.probability ? a.probability > b.probability : a.word < b.word;
    });
  }
  return slots;
}

// An empty slot in front of each word and behind the last.
std::vector<std::int32_t> with_empty_slots(const std::vector<std::int32_t>& words) {
  std::vector<std::int32_t> slots{0};
  for (const std::int32_t word : words) {
    slots.push_back(word);
    slots.push_back(0);
  }
  return slots;
}

std::vector<std::int32_t> most_probable(const std::vector<Slot>& slots) {
  std::vector<std::int32_t> words;
  for (const Slot& slot : slots)
    if (slot[0].word != 0) words.push_back(slot[0].word);
  return words;
}

using Times = std::vector<std::pair<double, double>>;

// Averages may overlap: words next to each other then meet half-way.
std::vector<Span> whole_frames(Times times) {
  for (std::size_t i = 1; i < times.size(); ++i)
    if (times[i].first < times[i - 1].second)
      times[i].first = times[i - 1].second = (times[i].first + times[i - 1].second) / 2;
  std::vector<Span> spans;
  std::int64_t last = 0;
  for (const auto& [start, end] : times) {
    const std::int64_t from = std::max(last, static_cast<std::int64_t>(std::llround(start)));
    last = std::max(from, static_cast<std::int64_t>(std::llround(end)));
    spans.push_back({from, last});
  }
  return spans;
}

struct Choice {
  std::vector<std::int32_t> places;  // words and empty slots
  std::vector<Slot> slots;
  double risk = 0;
};

Choice choose(Alignments& alignments, std::vector<std::int32_t> now) {
  Choice best;
  for (int round = 0; round < kMostRounds; ++round) {
    Choice next;
    next.places = with_empty_slots(now);
    next.slots = fill(alignments, next.places, &next.risk);
    if (round > 0 && !(next.risk < best.risk - kTie)) break;
    best = std::move(next);
    std::vector<std::int32_t> better = most_probable(best.slots);
    if (better == now) break;
    now = std::move(better);
  }
  return best;
}

void append(const Choice& choice, MbrResult* out, Times* times) {
  out->risk += choice.risk;
  for (std::size_t i = 0; i < choice.slots.size(); ++i) {
    const std::int32_t word = choice.places[i];
    const Slot& slot = choice.slots[i];
    if (word != 0) {
      const auto at = std::find_if(slot.begin(), slot.end(),
                                   [word](const SlotWord& one) { return one.word == word; });
      const bool is_there = at != slot.end();
      out->words.push_back(word);
      out->confidences.push_back(is_there ? std::min(at->probability, 1.0) : 0);
      times->push_back(is_there ? std::make_pair(at->start, at->end)
                                : std::make_pair(slot[0].start, slot[0].end));
    }
    if (slot.size() > 1 || slot[0].word != 0) out->slots.push_back(slot);
  }
}

}  // namespace

std::vector<double> word_confidences(const Lattice& lattice, const LatticePosteriors& posteriors,
                                     const std::vector<std::int32_t>& words) {
  std::vector<double> confidences(words.size(), 0);
  if (lattice.num_states() == 0 || words.empty()) return confidences;
  for (const Part& part : split(lattice, posteriors, words)) {
    const std::vector<std::int32_t> some(words.begin() + static_cast<std::ptrdiff_t>(part.begin),
                                         words.begin() + static_cast<std::ptrdiff_t>(part.end));
    Alignments(lattice, posteriors, part)
        .align(some, [&](std::size_t slot, std::int32_t word, double probability, std::int64_t,
                         std::int64_t) {
          if (word == some[slot]) confidences[part.begin + slot] += probability;
        });
  }
  for (double& confidence : confidences) confidence = std::min(confidence, 1.0);
  return confidences;
}

MbrResult minimum_bayes_risk(const Lattice& lattice, const LatticePosteriors& posteriors,
                             const std::vector<std::int32_t>& words) {
  MbrResult out;
  if (lattice.num_states() == 0) return out;
  Times times;
  for (const Part& part : split(lattice, posteriors, words)) {
    Alignments alignments(lattice, posteriors, part);
    append(choose(alignments, {words.begin() + static_cast<std::ptrdiff_t>(part.begin),
                               words.begin() + static_cast<std::ptrdiff_t>(part.end)}),
           &out, &times);
  }
  out.spans = whole_frames(std::move(times));
  return out;
}

}  // namespace tlg::decoder
