#include "decoder/lattice/mbr.h"

#include <algorithm>
#include <cmath>

namespace tlg::decoder {
namespace {

// Differences of costs that are rounding alone do not decide how words are aligned.
constexpr double kTie = 1e-9;
constexpr int kMostRounds = 100;

// Aligns all paths of a lattice with a sequence of slots (word 0: an empty one, a place for words
// to be inserted). Each path puts one word, or none, into each slot.
class Alignments {
 public:
  Alignments(const Lattice& lattice, const LatticePosteriors& posteriors) : lattice_(lattice) {
    const std::uint32_t n = lattice.num_states();
    first_.assign(n + 2, 0);
    for (const Lattice::Arc& arc : lattice.arcs) ++first_[arc.target + 1];
    for (std::uint32_t s = 0; s < n; ++s)
      if (lattice.states[s].is_final) ++first_[n + 1];
    for (std::size_t s = 1; s < first_.size(); ++s) first_[s] += first_[s - 1];
    arcs_.resize(first_.back());
    std::vector<std::uint32_t> next(first_.begin(), first_.end() - 1);
    for (std::size_t a = 0; a < lattice.arcs.size(); ++a) {
      const Lattice::Arc& arc = lattice.arcs[a];
      arcs_[next[arc.target]++] = {arc.source, arc.word, posteriors.arrival[a]};
    }
    for (std::uint32_t s = 0; s < n; ++s)
      if (lattice.states[s].is_final) arcs_[next[n]++] = {s, 0, posteriors.finals[s]};
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
  std::vector<std::uint32_t> first_;  // state -> its first arc in; the last state is the end
  std::vector<Arc> arcs_;
  const std::vector<std::int32_t>* slots_ = nullptr;
  std::size_t width_ = 0;
  std::vector<double> distance_;  // [state, slots read], expected
  std::vector<double> through_;   // [slots read], by the arc in hand
  std::vector<Move> moves_;       // [arc, slots read], the last of the best way there

  std::uint32_t end() const { return lattice_.num_states(); }
  std::int64_t frame(std::uint32_t state) const {
    return state < end() ? lattice_.states[state].frame : lattice_.num_frames;
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
    distance_.assign((end() + 1) * width_, 0);
    through_.resize(width_);
    moves_.assign(arcs_.size() * width_, kInserted);
    for (std::size_t q = 1; q < width_; ++q)
      distance_[q] = distance_[q - 1] + ((*slots_)[q - 1] != 0 ? 1 : 0);
    for (std::uint32_t s = 1; s <= end(); ++s) {
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
    std::vector<double> weight((end() + 1) * width_, 0);
    weight.back() = 1;
    for (std::uint32_t s = end(); s > 0; --s) {
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
      if (part > 0) take(q - 1, 0, part, 0, 0);
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

// Averages may overlap: words next to each other then meet half-way.
std::vector<Span> whole_frames(std::vector<std::pair<double, double>> times) {
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

MbrResult read(const std::vector<std::int32_t>& words, const std::vector<Slot>& slots,
               double risk) {
  MbrResult out;
  out.risk = risk;
  std::vector<std::pair<double, double>> times;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    if (words[i] != 0) {
      const auto at = std::find_if(slots[i].begin(), slots[i].end(),
                                   [&](const SlotWord& one) { return one.word == words[i]; });
      const bool is_there = at != slots[i].end();
      out.words.push_back(words[i]);
      out.confidences.push_back(is_there ? std::min(at->probability, 1.0) : 0);
      times.push_back(is_there ? std::make_pair(at->start, at->end) : std::make_pair(0.0, 0.0));
    }
    if (slots[i].size() > 1 || slots[i][0].word != 0) out.slots.push_back(slots[i]);
  }
  out.spans = whole_frames(std::move(times));
  return out;
}

}  // namespace

std::vector<double> word_confidences(const Lattice& lattice, const LatticePosteriors& posteriors,
                                     const std::vector<std::int32_t>& words) {
  std::vector<double> confidences(words.size(), 0);
  if (lattice.num_states() == 0 || words.empty()) return confidences;
  Alignments(lattice, posteriors)
      .align(words,
             [&](std::size_t slot, std::int32_t word, double part, std::int64_t, std::int64_t) {
               if (word == words[slot]) confidences[slot] += part;
             });
  for (double& confidence : confidences) confidence = std::min(confidence, 1.0);
  return confidences;
}

MbrResult minimum_bayes_risk(const Lattice& lattice, const LatticePosteriors& posteriors,
                             const std::vector<std::int32_t>& words) {
  MbrResult best;
  if (lattice.num_states() == 0) return best;
  Alignments alignments(lattice, posteriors);
  std::vector<std::int32_t> now = words;
  for (int round = 0; round < kMostRounds; ++round) {
    const std::vector<std::int32_t> places = with_empty_slots(now);
    double risk = 0;
    const std::vector<Slot> slots = fill(alignments, places, &risk);
    if (round > 0 && !(risk < best.risk - kTie)) break;
    best = read(places, slots, risk);
    const std::vector<std::int32_t> better = most_probable(slots);
    if (better == now) break;
    now = better;
  }
  return best;
}

}  // namespace tlg::decoder
