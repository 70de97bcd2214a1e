#include "decoder/search_graph.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "decoder/silent_arcs.h"
#include "util/error.h"

namespace tlg::decoder {
namespace {

constexpr std::uint32_t kNone = 0xffffffffu;
constexpr std::uint32_t kStatesBetweenDrops = 1u << 16;  // of what is read once from a mapped file
constexpr std::uint32_t kMaxMaskUnits = 128;
constexpr std::uint32_t kMaxLevel = 255;
constexpr float kInfinity = std::numeric_limits<float>::infinity();

[[noreturn]] void refuse(const std::string& what, const std::string& remedy) {
  throw Error(ErrorKind::kGraph, what, remedy);
}

}  // namespace

// The steps of the compilation, in the order of run().
struct SearchGraph::Compiler {
  SearchGraph& graph;
  const fst::Fst& fst;
  const GraphOptions& options;
  const std::vector<std::uint32_t>& entered;
  std::vector<std::uint32_t>& unit_of;  // column -> unit, kNone
  const bool split;                     // kCtc: token states are split by unit
  std::vector<std::uint32_t>
      first_unit;                   // LG state -> unit of an entering arc, kNone: no arc enters
  std::vector<std::uint64_t> more;  // (LG state << 32 | unit), sorted: the further ones
  std::vector<std::uint32_t> token_state;  // LG state -> its first token state, kNone
  std::vector<std::uint32_t>
      epsilon_record;               // LG state -> the record for entering it by epsilon, kNone
  std::vector<std::uint32_t> many;  // LG state -> index into many_arcs(), kNone
  std::vector<float>
      min_total;  // LG state -> cheapest emitting arc, epsilon arcs in front included
  std::optional<SilentArcs> silent;  // kPlain with blank

  Compiler(SearchGraph& g, const fst::Fst& f, const std::vector<std::uint32_t>& from_outside)
      : graph(g),
        fst(f),
        options(g.options_),
        entered(from_outside),
        unit_of(g.unit_of_column_),
        split(options.topology == Topology::kCtc) {}

  void check_options() const {
    const bool fits = options.blank >= (split ? 0 : -1) && options.blank < options.num_tokens;
    if (options.num_tokens < 0 || !fits)
      throw Error(ErrorKind::kOption,
                  "the blank is token " + std::to_string(options.blank) + " of " +
                      std::to_string(options.num_tokens),
                  split ? "The CTC topology needs a blank: give its column"
                        : "Give its column, or -1 for none");
    if (!std::isfinite(options.lm_weight) || !std::isfinite(options.word_score))
      throw Error(ErrorKind::kOption, "lm_weight or word_score is not finite",
                  "1 and 0 are the defaults");
  }

  void run() {
    check_options();
    if (fst.num_states() == 0 || fst.start() < 0)
      refuse("the graph is empty", "Build it again; the build report tells which words were lost");
    if (fst.num_states() > kTargetMask || fst.num_arcs() > kTargetMask)
      refuse("the graph has more than 2^29 states or arcs", "Prune the language model");
    collect_units();
    fst.drop_pages();
    find_levels();
    fst.drop_pages();
    split_states();
    if (!split && options.blank >= 0) silent.emplace(fst, options.blank + 1);
    fst.drop_pages();
    lay_out_arcs();
    lay_out_records();
  }

  float scaled(const fst::Arc& arc) const {
    return options.lm_weight * arc.weight - (arc.olabel != 0 ? options.word_score : 0.0f);
  }

  void collect_units() {
    unit_of.assign(static_cast<std::size_t>(options.num_tokens), kNone);
    const fst::Arc* arcs = fst.arcs();
    for (std::size_t i = 0; i < fst.num_arcs(); ++i) {
      const fst::Label label = arcs[i].ilabel;
      if (label == 0) continue;
      if (label < 0 || label > options.num_tokens)
        refuse("input label " + std::to_string(label) + " is beyond the token table (" +
                   std::to_string(options.num_tokens) + " tokens)",
               "The graph was built for another model: build it with this model's tokens.txt");
      unit_of[label - 1] = 0;
    }
    if (split && options.blank >= 0 && unit_of[options.blank] != kNone)
      refuse("the graph has arcs with the blank (token id " + std::to_string(options.blank) + ")",
             "It is a TLG with its own topology: load it as TLG.fst, or name the right blank");
    const auto number = [this](std::int32_t column) {
      unit_of[column] = graph.num_units();
      graph.columns_.push_back(column);
    };
    for (std::int32_t column = 0; column < options.num_tokens; ++column)
      if (unit_of[column] != kNone) number(column);
    graph.num_used_units_ = graph.num_units();
    for (std::int32_t column = 0; options.reads_all && column < options.num_tokens; ++column)
      if (unit_of[column] == kNone && column != options.blank) number(column);
  }

  // The longest chain of epsilon arcs from each state; a cycle is an error.
  void find_levels() {
    const std::size_t n = fst.num_states();
    graph.levels_.assign(n, 0);
    std::vector<std::uint8_t> done(n, 0);  // 1: on the stack, 2: finished
    std::vector<std::pair<std::uint32_t, std::uint32_t>> stack;
    for (std::uint32_t root = 0; root < n; ++root) {
      if (done[root]) continue;
      stack.push_back({root, 0});
      done[root] = 1;
      while (!stack.empty()) {
        const std::uint32_t s = stack.back().first;
        const fst::Arc* arc = fst.begin(s) + stack.back().second;
        if (arc == fst.end(s)) {
          done[s] = 2;
          stack.pop_back();
          continue;
        }
        const std::uint32_t t = static_cast<std::uint32_t>(arc->nextstate);
        if (arc->ilabel != 0 || done[t] == 2) {
          if (arc->ilabel == 0) {
            const std::uint32_t level = graph.levels_[t] + 1u;
            if (level > kMaxLevel)
              refuse("a chain of more than 255 epsilon arcs leaves state " + std::to_string(s),
                     "Remove epsilons before decoding");
            graph.levels_[s] = std::max(graph.levels_[s], static_cast<std::uint8_t>(level));
          }
          ++stack.back().second;
        } else if (done[t] == 1) {
          refuse("epsilon arcs form a cycle through state " + std::to_string(t),
                 "Remove the cycle: words without a pronunciation can cause it");
        } else {
          stack.push_back({t, 0});
          done[t] = 1;
        }
      }
    }
  }

  void split_states() {
    const std::size_t n = fst.num_states();
    first_unit.assign(n, kNone);
    epsilon_record.assign(n, kNone);
    for (const std::uint32_t s : entered) {
      if (s >= n)
        refuse("something leads to state " + std::to_string(s) + ", which the graph lacks",
               "Build the graph again");
      epsilon_record[s] = 0;
    }
    const fst::Arc* arcs = fst.arcs();
    for (std::size_t i = 0; i < fst.num_arcs(); ++i) {
      const std::uint32_t t = static_cast<std::uint32_t>(arcs[i].nextstate);
      if (arcs[i].ilabel == 0) {
        epsilon_record[t] = 0;
        continue;
      }
      const std::uint32_t unit = split ? unit_of[arcs[i].ilabel - 1] : 0;
      if (first_unit[t] == kNone)
        first_unit[t] = unit;
      else if (first_unit[t] != unit)
        more.push_back(static_cast<std::uint64_t>(t) << 32 | unit);
    }
    std::sort(more.begin(), more.end());
    more.erase(std::unique(more.begin(), more.end()), more.end());
    token_state.assign(n, kNone);
    std::uint32_t id = 0;
    std::size_t next = 0;
    for (std::uint32_t s = 0; s < n; ++s) {
      if (first_unit[s] == kNone) continue;
      token_state[s] = id++;
      graph.lg_states_.push_back(s);
      for (; next < more.size() && more[next] >> 32 == s; ++next, ++id)
        graph.lg_states_.push_back(s);
    }
    graph.start_ = id++;
    graph.lg_states_.push_back(static_cast<std::uint32_t>(fst.start()));
    graph.num_token_states_ = id;
    if (id > kTargetMask) refuse("the graph has more than 2^29 states", "Prune the language model");
    for (std::uint32_t s = 0; s < n; ++s)
      if (epsilon_record[s] != kNone) {
        epsilon_record[s] = static_cast<std::uint32_t>(graph.lg_states_.size());
        graph.lg_states_.push_back(s);
      }
  }

  std::uint32_t target_of(const fst::Arc& arc) const {
    const std::uint32_t t = static_cast<std::uint32_t>(arc.nextstate);
    const std::uint32_t unit = split ? unit_of[arc.ilabel - 1] : 0;
    if (unit == first_unit[t]) return token_state[t];
    const std::uint64_t key = static_cast<std::uint64_t>(t) << 32 | unit;
    const auto begin =
        std::lower_bound(more.begin(), more.end(), static_cast<std::uint64_t>(t) << 32);
    const auto at = std::lower_bound(begin, more.end(), key);
    return token_state[t] + 1 + static_cast<std::uint32_t>(at - begin);
  }

  // One more than the last state that is final or has epsilon arcs. In a native LG those come
  // first, so that what only they have needs no room for the others.
  std::uint32_t count_special() const {
    std::uint32_t count = static_cast<std::uint32_t>(fst.num_states());
    while (count > 0 && graph.levels_[count - 1] == 0 && fst.final_cost(count - 1) == kInfinity)
      --count;
    return count;
  }

  void lay_out_arcs() {
    const std::size_t n = fst.num_states();
    const bool keep_units = !split || graph.num_units() > kMaxMaskUnits;
    graph.arcs_.reserve(fst.num_arcs());
    graph.arc_words_.reserve(fst.num_arcs());
    if (keep_units) graph.arc_units_.reserve(fst.num_arcs());
    graph.state_arcs_.reserve(n + 1);
    graph.num_special_ = count_special();
    graph.state_epsilons_.reserve(graph.num_special_ + 1);
    graph.final_costs_.reserve(graph.num_special_);
    min_total.assign(n, kInfinity);
    std::vector<const fst::Arc*> sorted;
    for (std::uint32_t s = 0; s < n; ++s) {
      graph.state_arcs_.push_back(static_cast<std::uint32_t>(graph.arcs_.size()));
      if (s % kStatesBetweenDrops == 0) fst.drop_pages();
      if (s < graph.num_special_) {
        graph.state_epsilons_.push_back(static_cast<std::uint32_t>(graph.epsilons_.size()));
        const float cost = fst.final_cost(s);
        graph.final_costs_.push_back(cost == kInfinity ? cost : options.lm_weight * cost);
      }
      sorted.clear();
      for (const fst::Arc* arc = fst.begin(s); arc != fst.end(s); ++arc) {
        if (arc->weight == kInfinity) continue;  // can never be taken; 0 * infinity is not a number
        if (arc->ilabel != 0) {
          sorted.push_back(arc);
          continue;
        }
        graph.epsilons_.push_back({scaled(*arc), 0, epsilon_record[arc->nextstate],
                                   graph.levels_[arc->nextstate], arc->olabel});
        graph.has_epsilon_words_ |= arc->olabel != 0;
      }
      // Among arcs of one unit the cheapest comes first; the order of the file breaks ties.
      std::sort(sorted.begin(), sorted.end(), [this](const fst::Arc* a, const fst::Arc* b) {
        if (a->ilabel != b->ilabel) return a->ilabel < b->ilabel;
        const float wa = scaled(*a), wb = scaled(*b);
        return wa != wb ? wa < wb : a < b;
      });
      for (std::size_t i = 0; i < sorted.size();) {
        std::size_t j = i + 1;
        while (j < sorted.size() && sorted[j]->ilabel == sorted[i]->ilabel) ++j;
        add_arcs(s, sorted.data() + i, j - i, keep_units);
        min_total[s] = std::min(min_total[s], scaled(*sorted[i]));
        i = j;
      }
    }
    graph.state_arcs_.push_back(static_cast<std::uint32_t>(graph.arcs_.size()));
    graph.state_epsilons_.push_back(static_cast<std::uint32_t>(graph.epsilons_.size()));
    graph.groups_.push_back(static_cast<std::uint32_t>(graph.group_arcs_.size()));
    fst.drop_pages();
    std::vector<std::uint32_t>().swap(epsilon_record);
    set_bounds();
  }

  // The arcs of one state with one unit: a HotArc, or a group of them behind one HotArc.
  void add_arcs(std::uint32_t source, const fst::Arc* const* arcs, std::size_t count,
                bool keep_units) {
    const std::uint32_t hot = static_cast<std::uint32_t>(graph.arcs_.size());
    const auto target = [&](const fst::Arc& arc) {
      const bool is_silent = silent && silent->holds(static_cast<fst::StateId>(source), arc);
      return target_of(arc) | (arc.olabel != 0 ? kHasWord : 0u) | (is_silent ? kIsSilent : 0u);
    };
    if (keep_units) graph.arc_units_.push_back(unit_of[arcs[0]->ilabel - 1]);
    if (count == 1) {
      graph.arcs_.push_back({scaled(*arcs[0]), target(*arcs[0])});
      graph.arc_words_.push_back(arcs[0]->olabel);
      return;
    }
    const std::uint32_t group = static_cast<std::uint32_t>(graph.groups_.size());
    graph.groups_.push_back(static_cast<std::uint32_t>(graph.group_arcs_.size()));
    graph.arcs_.push_back({scaled(*arcs[0]), group | kIsGroup});
    graph.arc_words_.push_back(0);
    for (std::size_t i = 0; i < count; ++i) {
      graph.group_arcs_.push_back({scaled(*arcs[i]), target(*arcs[i]), arcs[i]->olabel});
      graph.group_hot_arc_.push_back(hot);
    }
  }

  // Cheapest ways on, through epsilon arcs too: lower levels first, since arcs lead to lower
  // levels.
  void set_bounds() {
    std::vector<float>& total_final = graph.total_final_costs_;
    total_final = graph.final_costs_;
    std::vector<std::vector<std::uint32_t>> by_level;
    for (std::uint32_t s = 0; s < fst.num_states(); ++s) {
      const std::uint32_t level = graph.levels_[s];
      if (level == 0) continue;
      if (by_level.size() <= level) by_level.resize(level + 1);
      by_level[level].push_back(s);
    }
    for (const auto& states : by_level)
      for (const std::uint32_t s : states)
        for (std::uint32_t e = graph.first_epsilon(s); e < graph.first_epsilon(s + 1); ++e) {
          EpsilonArc& arc = graph.epsilons_[e];
          arc.bound = arc.cost + min_total[graph.lg_states_[arc.target]];
          graph.max_level_ = std::max(graph.max_level_, arc.level + 1);
          min_total[s] = std::min(min_total[s], arc.bound);
          total_final[s] = std::min(
              total_final[s], arc.cost + graph.total_final_cost(graph.lg_states_[arc.target]));
        }
  }

  void lay_out_records() {
    bool small = graph.num_units() <= kMaxMaskUnits;
    for (std::uint32_t s = 0; s < fst.num_states() && small; ++s)
      small = graph.num_epsilons(s) <= 0xffff;
    if (!small && graph.arc_units_.empty())
      for (std::uint32_t a = 0; a < graph.arcs_.size(); ++a) {
        const std::uint32_t target = graph.arcs_[a].target;
        const std::uint32_t state =
            (target & kIsGroup) ? graph.group_arcs_[graph.groups_[target & kTargetMask]].target
                                : target;
        graph.arc_units_.push_back(unit_of_token_state(state & kTargetMask));
      }
    graph.mask_words_ = !small ? 0 : graph.num_units() <= 64 ? 1 : 2;
    if (graph.mask_words_ == 0) {
      index_many_arcs();
      fill<0>();
    } else if (graph.mask_words_ == 1)
      fill<1>();
    else
      fill<2>();
  }

  std::uint32_t unit_of_token_state(std::uint32_t id) const {
    if (!split || id >= graph.start_) return graph.num_units() + 1;
    const std::uint32_t s = graph.lg_states_[id];
    if (id == token_state[s]) return first_unit[s];
    const auto begin =
        std::lower_bound(more.begin(), more.end(), static_cast<std::uint64_t>(s) << 32);
    return static_cast<std::uint32_t>(begin[id - token_state[s] - 1]);
  }

  // States with more than kFewArcs arcs: their arcs by cost, and a map of their units where that
  // takes no more room than the arcs themselves.
  void index_many_arcs() {
    std::vector<float> usual;
    many.assign(fst.num_states(), kNone);
    for (std::uint32_t s = 0; s < fst.num_states(); ++s) {
      const std::uint32_t first = graph.state_arcs_[s], end = graph.state_arcs_[s + 1];
      if (end - first <= kFewArcs) continue;
      many[s] = static_cast<std::uint32_t>(graph.many_arcs_.size());
      std::vector<CostedArc>& by_cost = graph.arcs_by_cost_;
      ManyArcs lists{static_cast<std::uint32_t>(by_cost.size()), kNone};
      for (std::uint32_t a = first; a < end; ++a) by_cost.push_back({graph.arcs_[a].cost, a});
      std::sort(by_cost.begin() + lists.by_cost, by_cost.end(),
                [](const CostedArc& a, const CostedArc& b) {
                  return a.cost != b.cost ? a.cost < b.cost : a.arc < b.arc;
                });
      usual.push_back(by_cost[lists.by_cost + 4].cost);
      const std::uint32_t blocks = graph.num_used_units() / 64 + 1;
      if (sizeof(UnitBlock) * blocks <= sizeof(HotArc) * (end - first)) {
        lists.blocks = static_cast<std::uint32_t>(graph.unit_blocks_.size());
        std::uint32_t a = first;
        for (std::uint32_t block = 0; block < blocks; ++block) {
          UnitBlock units{0, a};
          for (; a < end && arc_unit(a) >> 6 == block; ++a)
            units.units |= std::uint64_t{1} << (arc_unit(a) & 63);
          graph.unit_blocks_.push_back(units);
        }
      }
      graph.many_arcs_.push_back(lists);
    }
    if (usual.empty()) return;
    std::nth_element(usual.begin(), usual.begin() + static_cast<std::ptrdiff_t>(usual.size() / 2),
                     usual.end());
    graph.usual_arc_cost_ = usual[usual.size() / 2];
  }

  template <int W>
  void fill() {
    util::LargeVector<Record<W>> records(graph.lg_states_.size());
    for (std::uint32_t r = 0; r < records.size(); ++r) {
      Record<W>& record = records[r];
      const std::uint32_t s = graph.lg_states_[r];
      const std::uint32_t first = graph.state_arcs_[s];
      const std::uint32_t count = graph.state_arcs_[s + 1] - first;
      const std::uint32_t epsilons = graph.num_epsilons(s);
      record.arcs = first;
      record.epsilons = graph.first_epsilon(s);
      set(record.num_epsilons, epsilons);
      record.min_cost = min_total[s];
      record.min_own_cost = kInfinity;
      set(record.unit, unit_of_token_state(r));
      if constexpr (W == 0) {
        record.num_arcs = count;
        record.detail = count > kFewArcs ? many[s] : graph.num_units();
      } else {
        set(record.only_unit, graph.num_units());
        for (int w = 0; w < W; ++w) record.mask[w] = 0;
      }
      for (std::uint32_t a = first; a < first + count; ++a) {
        const std::uint32_t unit = arc_unit(a);
        record.min_own_cost = std::min(record.min_own_cost, graph.arcs_[a].cost);
        const bool is_only = count == 1 && epsilons == 0;
        if constexpr (W == 0) {
          if (is_only) record.detail = unit;
        } else {
          if (is_only) set(record.only_unit, unit);
          record.mask[unit >> 6] |= std::uint64_t{1} << (unit & 63);
        }
      }
    }
    graph.records_ = std::move(records);
  }

  template <typename T>
  static void set(T& field, std::uint32_t value) {
    field = static_cast<T>(value);
  }

  std::uint32_t arc_unit(std::uint32_t a) const {
    if (!graph.arc_units_.empty()) return graph.arc_units_[a];
    std::uint32_t target = graph.arcs_[a].target;
    if (target & kIsGroup) target = graph.group_arcs_[graph.groups_[target & kTargetMask]].target;
    return unit_of_token_state(target & kTargetMask);
  }
};

SearchGraph::SearchGraph(const fst::Fst& fst, const GraphOptions& options,
                         const std::vector<std::uint32_t>& entered)
    : options_(options) {
  Compiler(*this, fst, entered).run();
}

}  // namespace tlg::decoder
