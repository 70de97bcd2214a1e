// A decoding graph laid out for the search: states split by the unit that leads into them,
// eight-byte arcs, epsilon arcs with bounds. Compiled once from an Fst for one (lm_weight,
// word_score), then const and shared by all searches. Not for: building graphs (graph/), or
// anything that reads an arc twice.
//
// Topology kCtc: the Fst is LG without blank; the search adds the CTC topology. kPlain: every arc
// with an input label takes one frame (a TLG with its own blank and self-loops, or one posterior
// per token).
//
// Vocabulary of this room:
//   column     a token id: a column of the posteriors
//   unit       0 .. num_units() - 1: first the columns that some arc uses, rising; with reads_all
//              behind them the others, rising
//   token state (LG state, unit of the arcs that enter it): where a token can wait between frames
//   record     what is needed to leave a token state or the target of an epsilon arc
#pragma once

#include <cstdint>
#include <limits>
#include <utility>
#include <variant>
#include <vector>

#include "fst/fst.h"
#include "hotwords/automaton.h"
#include "util/bit_set.h"
#include "util/large_vector.h"
#include "util/prefetch.h"

namespace tlg::decoder {

enum class Topology { kCtc, kPlain };

struct GraphOptions {
  Topology topology = Topology::kCtc;
  std::int32_t num_tokens = 0;  // V: columns of the posteriors
  std::int32_t blank = 0;       // its column; -1: none (kPlain without blank)
  float lm_weight = 1;          // multiplies every arc and final cost
  float word_score = 0;         // nats added for each word
  bool reads_all = false;       // every column but the blank is a unit: for words to come
};

// Bits of HotArc::target and GroupArc::target.
constexpr std::uint32_t kHasWord = 1u << 31;  // the arc has an output label
constexpr std::uint32_t kIsGroup = 1u << 30;  // several arcs of the state share the label
constexpr std::uint32_t kIsSilent = 1u
                                    << 29;  // kPlain with blank: a blank or a repeat, no new token
constexpr std::uint32_t kTargetMask = kIsSilent - 1;

struct HotArc {
  float cost;
  std::uint32_t target;  // token state, or a group whose cheapest member costs `cost`
};

struct GroupArc {
  float cost;
  std::uint32_t target;
  fst::Label word;
};

struct EpsilonArc {
  float cost;
  float bound;           // cost + the cheapest way on from the target to an emitting arc's cost
  std::uint32_t target;  // a record
  std::uint32_t level;   // of the target: its longest chain of epsilon arcs
  fst::Label word;
};

// Of a state with more than kFewArcs arcs, where no mask tells which units they have.
constexpr std::uint32_t kFewArcs = 32;
struct CostedArc {
  float cost;
  std::uint32_t arc;
};
struct ManyArcs {
  std::uint32_t by_cost;  // where its arcs are listed from the cheapest on
  std::uint32_t blocks;   // its first UnitBlock; all ones: found by their sorted units
};

// 64 units of a state with very many arcs: one bit for each unit that has one, and the first of
// these arcs.
struct UnitBlock {
  std::uint64_t units;
  std::uint32_t arcs;
};

// What is needed to leave a state, W words of 64 units: with W > 0 bit u of `mask` is set iff an
// arc with unit u exists, and that arc is the popcount(bits below u)-th of the state. W = 0 (more
// units than masks hold): num_arcs arcs, their units in arc_units(), rising.
template <int W>
struct alignas(W == 2 ? 16 : 32) Record {
  std::uint64_t mask[W];
  float min_cost;      // cheapest emitting arc, epsilon arcs in front of it included
  float min_own_cost;  // cheapest emitting arc of the state itself
  std::uint32_t arcs;  // index of the first HotArc
  std::uint32_t epsilons;
  std::uint16_t num_epsilons;
  std::uint16_t unit;       // of the entering arcs; num_units() + 1: none
  std::uint16_t only_unit;  // the unit of the only way on, or num_units(): there are several

  std::uint32_t only_way(std::uint32_t) const { return only_unit; }
};
template <>
struct alignas(32) Record<0> {
  float min_cost, min_own_cost;
  std::uint32_t arcs, num_arcs, epsilons, num_epsilons, unit;
  std::uint32_t detail;  // one arc: only_unit; more than kFewArcs: an index into many_arcs()

  std::uint32_t only_way(std::uint32_t several) const { return num_arcs == 1 ? detail : several; }
};
static_assert(sizeof(Record<1>) == 32 && sizeof(Record<2>) == 48 && sizeof(Record<0>) == 32);

class SearchGraph {
 public:
  // Throws Error(kOption): a blank that is no column, a weight that is not finite. Throws
  // Error(kGraph): a label beyond the table, a blank among the labels (kCtc), an epsilon
  // cycle, no start. `entered`: LG states that are entered from outside the Fst too (slots.h): each
  // has an epsilon_record().
  SearchGraph(const fst::Fst& fst, const GraphOptions& options,
              const std::vector<std::uint32_t>& entered = {});

  const GraphOptions& options() const { return options_; }
  std::uint32_t num_units() const { return static_cast<std::uint32_t>(columns_.size()); }
  std::uint32_t num_used_units() const { return num_used_units_; }  // that some arc uses
  std::uint32_t num_token_states() const { return num_token_states_; }
  std::uint32_t num_records() const { return static_cast<std::uint32_t>(lg_states_.size()); }
  int mask_words() const { return mask_words_; }  // W
  std::uint32_t start() const { return start_; }  // a token state that no arc enters
  std::uint32_t max_level() const { return max_level_; }

  const std::vector<std::int32_t>& columns() const { return columns_; }
  // The unit of a column; num_units() or more: no arc uses it, or (a word boundary of hotwords that
  // no model emits is numbered behind the columns) there is no such column.
  std::uint32_t unit_of_column(std::int32_t column) const {
    const auto index = static_cast<std::size_t>(column);
    return index < unit_of_column_.size() ? unit_of_column_[index] : ~std::uint32_t{0};
  }
  template <int W>
  const Record<W>* records() const {
    return std::get<util::LargeVector<Record<W>>>(records_).data();
  }
  const HotArc* arcs() const { return arcs_.data(); }
  const std::uint32_t* arc_units() const { return arc_units_.data(); }
  // With mask_words() == 0: see ManyArcs.
  const ManyArcs* many_arcs() const { return many_arcs_.data(); }
  const UnitBlock* unit_blocks() const { return unit_blocks_.data(); }
  const CostedArc* arcs_by_cost() const { return arcs_by_cost_.data(); }
  float usual_arc_cost() const { return usual_arc_cost_; }  // few arcs of such states are cheaper
  const EpsilonArc* epsilons() const { return epsilons_.data(); }
  const std::uint32_t* groups() const {
    return groups_.data();
  }  // group g: [groups[g], groups[g + 1])
  const GroupArc* group_arcs() const { return group_arcs_.data(); }

  // What hotwords can take off the cost of a way on, for each record: bounds for the search.
  struct HotwordGains {
    // Off the cheapest arc out of it, or behind its epsilon arcs, from the automaton's root: the
    // words of epsilon arcs included; 0 where none of these ways on gains. In steps, rounded up:
    // what is looked up at random should fit a cache.
    float step = 0;
    std::vector<std::uint8_t> steps_at_root;
    float at_root(std::uint32_t record) const {
      return step * static_cast<float>(steps_at_root[record]);
    }
    // Where words move the automaton: most that the words of its epsilon arcs alone gain, from any;
    // empty where epsilon arcs have no words.
    std::vector<float> epsilons;
    // Where words move the automaton: whether an arc (by number; of a group, one of it) has a word
    // that leads out of the root or pays there.
    util::BitSet begins;
    // Where words move the automaton: whether an arc out of it, or behind its epsilon arcs, has
    // one.
    util::BitSet words;
  };
  // `unit_gains`: what each unit gains from the root; null: words move
  // the automaton.
  HotwordGains hotword_gains(const hotwords::Automaton& automaton,
                             const std::vector<float>* unit_gains) const;

  // The slow side, for tracing a path. An arc number is an index into arcs(), or num_arcs + an
  // index into group_arcs().
  struct PathArc {
    std::uint32_t source;  // LG state
    std::uint32_t target;  // LG state
    std::int32_t column;   // -1: epsilon
    fst::Label word;
    double cost;
    bool is_silent = false;  // kIsSilent
  };
  // `near`: an LG state that the arc may leave, to be looked at first.
  PathArc path_arc(std::uint32_t arc, std::uint32_t near = 0) const;
  void prefetch_word(std::uint32_t hot_arc) const { util::prefetch(&arc_words_[hot_arc]); }
  void prefetch_path_arc(std::uint32_t arc) const {
    if (arc >= arcs_.size()) return;
    util::prefetch(&arcs_[arc]);
    util::prefetch(&arc_words_[arc]);
  }
  // Cheaper parts of it: all but the source; the column; whether it leaves an LG state; whether it
  // begins no token (kPlain: a blank or a repeat).
  PathArc arc_content(std::uint32_t arc) const;
  std::int32_t arc_column(std::uint32_t arc) const;
  // The arcs of an LG state; hot_arc(arc), for any arc's number, is in the range of its source.
  struct ArcRange {
    std::uint32_t begin, end;
    bool has(std::uint32_t hot) const { return begin <= hot && hot < end; }
  };
  ArcRange arcs_of(std::uint32_t lg_state) const {
    return {state_arcs_[lg_state], state_arcs_[lg_state + 1]};
  }
  std::uint32_t hot_arc(std::uint32_t arc) const {
    return arc < arcs_.size() ? arc : group_hot_arc_[arc - arcs_.size()];
  }
  bool is_silent(std::uint32_t arc) const { return (arc_target(arc) & kIsSilent) != 0; }
  fst::Label arc_word(std::uint32_t arc) const {
    return arc < arcs_.size() ? arc_words_[arc] : group_arcs_[arc - arcs_.size()].word;
  }
  std::uint32_t group_arc_number(std::uint32_t index) const {
    return static_cast<std::uint32_t>(arcs_.size()) + index;
  }
  std::uint32_t num_arcs() const { return group_arc_number(num_group_arcs()); }
  std::uint32_t lg_state(std::uint32_t record) const { return lg_states_[record]; }
  std::uint32_t num_lg_states() const { return static_cast<std::uint32_t>(levels_.size()); }
  // LG states from this on are not final and have no epsilon arcs.
  std::uint32_t num_special() const { return num_special_; }
  // The record for entering an LG state without a unit, which it must have.
  std::uint32_t epsilon_record(std::uint32_t lg_state) const;
  // The token states of an LG state: from first on, before second; the units of all but the first
  // rise.
  std::pair<std::uint32_t, std::uint32_t> token_states(std::uint32_t lg_state) const;
  std::uint32_t unit_of_state(std::uint32_t token_state) const;
  float min_cost(std::uint32_t record) const;
  std::uint32_t start_lg_state() const { return lg_states_[start_]; }
  // Hotwords whose automaton is moved by words: they can make another way to the end the best one.
  struct WordHotwords {
    const hotwords::Automaton* automaton;
    hotwords::StateId state;
  };
  // Each leads to a state of a lower level.
  std::vector<PathArc> epsilon_arcs(std::uint32_t lg_state) const;
  template <typename Visit>
  void visit_epsilons(std::uint32_t lg_state, const Visit& visit) const {
    for (std::uint32_t e = first_epsilon(lg_state); e < first_epsilon(lg_state + 1); ++e)
      visit(epsilon_path_arc(lg_state, e));
  }
  // The same where there is one alone; false: none or several.
  bool only_epsilon_arc(std::uint32_t lg_state, PathArc* arc) const;
  std::uint32_t level(std::uint32_t lg_state) const { return levels_[lg_state]; }
  // The cost of ending in an LG state, epsilon arcs in front of a final state included (and what
  // hotwords take or give there and at the end); infinity: cannot.
  double final_cost(std::uint32_t lg_state, const WordHotwords& hotwords) const;
  // The same without hotwords, at once.
  float total_final_cost(std::uint32_t lg_state) const {
    return lg_state < num_special_ ? total_final_costs_[lg_state] : fst::kInfinity;
  }
  bool has_epsilon_words() const { return has_epsilon_words_; }
  float own_final_cost(std::uint32_t lg_state) const {
    return lg_state < num_special_ ? final_costs_[lg_state] : fst::kInfinity;
  }

 private:
  struct Compiler;
  std::uint32_t num_group_arcs() const { return static_cast<std::uint32_t>(group_arcs_.size()); }
  std::uint32_t arc_target(std::uint32_t arc) const {
    return arc < arcs_.size() ? arcs_[arc].target : group_arcs_[arc - arcs_.size()].target;
  }
  std::uint32_t hot_arc_unit(std::uint32_t arc) const;  // of an index into arcs(), groups included
  std::uint32_t first_epsilon(std::uint32_t lg_state) const {
    return state_epsilons_[lg_state < num_special_ ? lg_state : num_special_];
  }
  std::uint32_t num_epsilons(std::uint32_t lg_state) const {
    return first_epsilon(lg_state + 1) - first_epsilon(lg_state);
  }
  PathArc epsilon_path_arc(std::uint32_t source, std::uint32_t e) const {
    return {source, lg_states_[epsilons_[e].target], -1, epsilons_[e].word, epsilons_[e].cost};
  }

  GraphOptions options_;
  int mask_words_ = 0;
  std::uint32_t num_used_units_ = 0, num_token_states_ = 0, start_ = 0, max_level_ = 0;
  std::vector<std::int32_t> columns_;
  std::vector<std::uint32_t> unit_of_column_;
  std::variant<util::LargeVector<Record<0>>, util::LargeVector<Record<1>>,
               util::LargeVector<Record<2>>>
      records_;
  util::LargeVector<HotArc> arcs_;
  util::LargeVector<fst::Label> arc_words_;
  std::vector<std::uint32_t> arc_units_;  // empty where the target record tells the unit
  std::vector<ManyArcs> many_arcs_;
  std::vector<UnitBlock> unit_blocks_;
  std::vector<CostedArc> arcs_by_cost_;
  float usual_arc_cost_ = 0;
  std::vector<EpsilonArc> epsilons_;
  bool has_epsilon_words_ = false;
  std::vector<std::uint32_t> groups_;
  std::vector<GroupArc> group_arcs_;
  std::vector<std::uint32_t> group_hot_arc_;     // group arc -> the HotArc of its group
  util::LargeVector<std::uint32_t> lg_states_;   // record -> LG state
  util::LargeVector<std::uint32_t> state_arcs_;  // LG state -> first HotArc (one more at the end)
  // LG states from this on are not final and have no epsilon arcs: the next three end there.
  std::uint32_t num_special_ = 0;
  std::vector<std::uint32_t> state_epsilons_;  // LG state -> first EpsilonArc (one more at the end)
  std::vector<float> final_costs_;             // LG state -> own final cost
  std::vector<float> total_final_costs_;       // LG state -> final cost through epsilon arcs
  std::vector<std::uint8_t> levels_;           // LG state -> its longest chain of epsilon arcs
};

}  // namespace tlg::decoder
