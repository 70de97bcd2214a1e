// All that changes while one utterance is searched, in flat arrays; search_kernel.h moves it one
// frame on. What an utterance is between two frames (Utterance) is small and apart from the memory
// that a search works with, so that many streams can share a few searches. Costs are scaled and
// negated (lower is better) and relative to `offset`.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "decoder/frames.h"
#include "decoder/isa.h"
#include "decoder/search_graph.h"
#include "hotwords/automaton.h"
#include "util/buffer.h"
#include "util/large_vector.h"

namespace tlg::decoder {

using util::Buffer;

constexpr std::uint32_t kNoTrace = 0xffffffffu;

struct SearchOptions {
  float beam = 16;                 // nats, after scaling; infinity: no pruning
  std::int32_t max_active = 7000;  // tokens kept after a frame at most
  std::int32_t min_active = 0;  // tokens kept whatever the beam, where the search reaches that many
  float acoustic_scale = 1;
  float blank_penalty = 0;  // nats taken off for each blank frame
  // Frames after one whose blank has this probability, that have it too, are passed over as blank;
  // 1: none.
  float blank_skip = 1;
  // Units worse than the best of their frame by more (scaled nats), or not among the best
  // max_tokens (0: all), are left out; but not those that hotwords want.
  float token_beam = std::numeric_limits<float>::infinity();
  std::int32_t max_tokens = 0;
  // Paths that end within this of the best are kept (kLattice kernels); 0: the best alone.
  float lattice_beam = 0;
};

enum class HotwordLabels { kNone, kTokens, kWords };  // what moves the automaton

class AttachedWords;  // attached_words.h

// Where tokens move the automaton: what a unit gains from one state, and where it leads.
struct UnitStep {
  float gain;
  hotwords::StateId next;
};

// A hotword list made ready for one graph; shared by the searches that use it.
class HotwordUse {
 public:
  HotwordUse() = default;
  // `neutral`: a column that does not move the automaton (an optional separator such as silence);
  // -1: none.
  // `wanted`: columns that pruning of tokens must leave. `attached`: words that the list brings to
  // this graph; null: none.
  HotwordUse(const SearchGraph& graph, std::shared_ptr<const hotwords::Automaton> automaton,
             HotwordLabels labels, std::int32_t neutral = -1,
             const std::vector<std::int32_t>& wanted = {},
             std::shared_ptr<const AttachedWords> attached = nullptr);

  const hotwords::Automaton* automaton() const { return automaton_.get(); }
  HotwordLabels labels() const { return labels_; }
  std::int32_t neutral() const { return neutral_; }
  // Few arcs can earn anything; a bound for all of them would blunt the beam's.
  const SearchGraph::HotwordGains& gains() const { return gains_; }
  // Where tokens move it: by unit, what it gains from the root, or 0; its steps from the root and
  // from "inside a word".
  const float* unit_gains() const { return unit_gains_.data(); }
  const UnitStep* from_root() const { return from_root_.data(); }
  const UnitStep* from_inside() const { return from_inside_.data(); }
  // Where units are few, the same from each state below num_listed(): those that hotwords begin
  // with come first.
  const UnitStep* steps() const { return steps_.data(); }
  hotwords::StateId num_listed() const { return num_listed_; }
  const std::uint8_t* wanted() const { return wanted_.empty() ? nullptr : wanted_.data(); }
  const AttachedWords* attached() const { return attached_.get(); }
  // Where words move it: the most that words of a chain of epsilon arcs gain, anywhere.
  float max_epsilon_gain() const { return max_epsilon_gain_; }

 private:
  std::shared_ptr<const hotwords::Automaton> automaton_;
  std::shared_ptr<const AttachedWords> attached_;
  HotwordLabels labels_ = HotwordLabels::kNone;
  std::int32_t neutral_ = -1;
  float max_epsilon_gain_ = 0;
  SearchGraph::HotwordGains gains_;
  std::vector<float> unit_gains_;
  std::vector<UnitStep> from_root_, from_inside_, steps_;
  hotwords::StateId num_listed_ = 0;
  std::vector<std::uint8_t> wanted_;
};

// A point of the path of one or more tokens: `arc` was taken at `frame` (counted from
// Utterance::base), after `previous`.
struct Trace {
  std::uint32_t previous;
  std::uint32_t arc;
  std::uint32_t frame;
};

// In traces of lattices (trace_keeper.h). A merge has this for its arc: the paths of `previous` and
// those of the trace `frame`, which cost `excess` more.
constexpr std::uint32_t kMergeArc = 0xffffffffu;
struct TraceMark {
  std::uint64_t history;  // hash of the arcs since the last merge
  float excess;           // of a merge
  std::uint32_t hotword;  // of a step: automaton state after it
};

// A token that an arc would make, before it is known to survive.
struct Candidate {
  float cost;
  std::uint32_t state;    // token state
  std::uint32_t hotword;  // automaton state
  std::uint32_t trace;
  std::uint32_t arc;
};

// An arc worth a look: cost before the arc, and where from.
struct Work {
  float cost;
  float gain;  // where units alone move the automaton, the unit's (not in the cost yet); where
               // words do, the most that one of them gains
  std::uint32_t arc;
  std::uint32_t trace;
  std::uint32_t hotword;
  std::uint32_t unit;
};

// The paths that wait in front of the target of an epsilon arc in this frame, merged: m1 is the
// best cost; if the path's last frame was unit r1 itself, an arc with r1 may not follow at once
// (CTC: a repeat needs a blank between), and `alt` is the best cost that may. So it has the form of
// a token (nb, b, unit); but the path of `alt` can be barred from another unit, so that even where
// both cost the same, `trace` is that of all units but r1.
struct Waiting {
  float m1, alt;
  std::uint32_t r1;
  std::uint32_t trace, alt_trace;
  std::uint32_t record;
  std::uint32_t hotword;  // automaton state of these paths
  std::uint32_t next;     // another of the same record, or kNoTrace

  // Lattices: all of these paths, and what is known of them together (TraceKeeper::resolve).
  std::uint32_t waiters = kNoTrace;  // the last of them
  bool is_resolved = false;
  std::uint32_t all_trace = kNoTrace;
  float all_cost = 0;
  std::uint64_t barred = 0;  // bit u % 64: a path may not go on with unit u at its best cost
};

// Lattices: one path of a Waiting, or all of another Waiting (`trace` has the bit kInWaiting) at
// `added` more cost.
constexpr std::uint32_t kInWaiting = 1u << 31;
struct Waiter {
  float added, nb, b;
  std::uint32_t unit, trace, b_trace;
  std::uint32_t next;
};

// An utterance between two frames.
struct Utterance {
  std::shared_ptr<const HotwordUse> hotword_use;
  // Out of it:
  const hotwords::Automaton* hotwords = nullptr;
  const AttachedWords* attached = nullptr;
  HotwordLabels hotword_labels = HotwordLabels::kNone;
  const SearchGraph::HotwordGains* gains = nullptr;
  const float* unit_gains = nullptr;  // kTokens
  std::int32_t neutral = -1;          // kTokens: see HotwordUse
  const UnitStep *from_root = nullptr, *from_inside = nullptr, *steps = nullptr;
  hotwords::StateId num_listed = 0;
  float max_epsilon_gain = 0;                        // see HotwordUse
  const std::uint8_t* wanted_by_hotwords = nullptr;  // by unit; null: none

  // Tokens, one entry each: `nb` is the cost when the last frame was the unit itself, `b` when it
  // was blank.
  std::size_t num_tokens = 0;
  std::vector<float> nb, b, bound;
  std::vector<std::uint32_t> state, unit, only_unit, hotword, nb_trace, b_trace;
  std::vector<std::uint32_t> next;  // another token of the same state: see SearchState::slot
  bool has_chains = false;          // one of them may have one

  Buffer<Trace> traces;
  Buffer<TraceMark> marks;   // lattices: of each trace
  std::int64_t base = 0;     // frames that `frame` does not count: a multiple of 64 (Traceback)
  std::uint32_t frame = 0;   // frames done
  double offset = 0;         // to be added to every cost
  bool after_blank = false;  // the last frame was likely blank (blank_skip)
  bool only_blank = false;   // it was passed over: no token is in its unit
  bool dead = false;         // no path goes on: the tokens are those of the last frame that had any

  std::int64_t num_frames() const { return base + frame; }
};

// The most that hotwords take off the cheapest arc out of a record of the graph, or behind its
// epsilon arcs. `labels`: those of the utterance.
TLG_ALWAYS_INLINE float hope_of(const Utterance& u, HotwordLabels labels, std::uint32_t record,
                                hotwords::StateId hotword) {
  if (labels == HotwordLabels::kNone) return 0;
  if (hotword == hotwords::kRoot) return u.gains->at_root(record);
  if (labels == HotwordLabels::kTokens) return u.hotwords->max_gain(hotword);
  if (!u.gains->words[record]) return 0;
  return u.hotwords->max_gain(hotword) +
         (u.gains->epsilons.empty() ? 0 : u.gains->epsilons[record]);
}

// The utterance in hand, and memory whose content means nothing between two calls.
struct SearchState : Utterance {
  const SearchGraph* graph = nullptr;
  SearchOptions options;

  // token state -> a token in it, valid if below num_tokens and that token says so: never cleared.
  // Tokens in the same state with other hotword states are chained by `next`. States of attached
  // words share a few places behind those of the graph, and their chains.
  util::LargeVector<std::uint32_t> slot;
  static constexpr std::uint32_t kSharedSlots = 4096;
  static std::uint32_t slot_of(const SearchGraph& graph, std::uint32_t state) {
    const std::uint32_t own = graph.num_token_states();
    return state < own ? state : own + (state * 0x9e3779b1u >> 20);
  }

  Buffer<Candidate> candidates;
  std::vector<std::uint32_t> list;

  Buffer<Waiting> waiting;
  std::vector<std::uint32_t>
      waiting_of;  // record - num_token_states -> index into waiting, if it says so
  Buffer<Waiter> waiters;
  std::vector<std::uint32_t> both_trace;  // lattices: of each token, all its paths
  // level -> indices; behind all levels, those of attached words.
  std::vector<Buffer<std::uint32_t>> waiting_at;

  std::vector<float> unit_costs;   // [num_units + 2] padded: this frame's; see score_units()
  std::vector<float> begin_costs;  // kTokens: what units gain from the root taken off; padded too
  // Without masks: cheap units of this frame and their costs, with room for a block more.
  std::vector<std::uint32_t> cheap_units;
  std::vector<float> cheap_costs;
  std::vector<float> scratch;
};

// One implementation for each instruction set, chosen when a search is made (search.cc).
using AdvanceFunction = void (*)(SearchState&, const Frames&);
namespace baseline {
void advance(SearchState& state, const Frames& frames);
}
namespace baseline_lattice {
void advance(SearchState& state, const Frames& frames);
}
#if defined(TLG_HAVE_X86_KERNELS)
namespace avx2 {
void advance(SearchState& state, const Frames& frames);
}
namespace avx2_lattice {
void advance(SearchState& state, const Frames& frames);
}
namespace avx512 {
void advance(SearchState& state, const Frames& frames);
}
namespace avx512_lattice {
void advance(SearchState& state, const Frames& frames);
}
#endif

}  // namespace tlg::decoder
