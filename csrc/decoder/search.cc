#include "decoder/search.h"

#include <algorithm>
#include <utility>

#include "decoder/path_graph.h"
#include "util/error.h"

namespace tlg::decoder {
namespace {

template <int W>
void add_start_token(const SearchGraph& graph, Utterance& s) {
  const Record<W>& record = graph.records<W>()[graph.start()];
  s.bound[0] = record.min_cost - hope_of(s, s.hotword_labels, graph.start(), hotwords::kRoot);
  s.only_unit[0] = record.only_way(graph.num_units());
  if (s.attached != nullptr) {  // one token is looked at without bounds
    s.bound[0] = -std::numeric_limits<float>::max();
    s.only_unit[0] = graph.num_units();
  }
}

}  // namespace

AdvanceFunction choose_kernel(const std::string& name, bool lattice) {
#if defined(TLG_HAVE_X86_KERNELS)
  const bool has_avx512 = best_isa() == Isa::kAvx512;
  const bool has_avx2 = has_avx512 || best_isa() == Isa::kAvx2;
  if (has_avx512 && (name == "auto" || name == "avx512"))
    return lattice ? avx512_lattice::advance : avx512::advance;
  if (has_avx2 && (name == "auto" || name == "avx2"))
    return lattice ? avx2_lattice::advance : avx2::advance;
#endif
  if (name == "auto" || name == "baseline")
    return lattice ? baseline_lattice::advance : baseline::advance;
  throw Error(ErrorKind::kOption, "no search kernel named '" + name + "' on this CPU",
              "Use auto, or one of baseline, avx2, avx512 that the CPU has");
}

HotwordUse::HotwordUse(const SearchGraph& graph,
                       std::shared_ptr<const hotwords::Automaton> automaton, HotwordLabels labels,
                       std::int32_t neutral, const std::vector<std::int32_t>& wanted,
                       std::shared_ptr<const AttachedWords> attached)
    : automaton_(std::move(automaton)),
      attached_(std::move(attached)),
      labels_(labels),
      neutral_(neutral) {
  if (!wanted.empty()) wanted_.resize(graph.num_units());
  for (const std::int32_t column : wanted)
    if (graph.unit_of_column(column) < graph.num_units()) wanted_[graph.unit_of_column(column)] = 1;
  if (labels_ == HotwordLabels::kTokens) {
    const auto step = [&](hotwords::StateId from, std::int32_t column) {
      UnitStep one{0, from};
      if (column != neutral_) one.gain = automaton_->advance(from, column, &one.next);
      return one;
    };
    for (const std::int32_t column : graph.columns()) {
      from_root_.push_back(step(hotwords::kRoot, column));
      from_inside_.push_back(step(automaton_->inside_word(), column));
      unit_gains_.push_back(std::max(0.0f, from_root_.back().gain));
    }
    if (graph.mask_words() > 0 && graph.num_units() > 0) {
      constexpr std::uint32_t kMostSteps = 1u << 15;  // no more than a cache can spare
      num_listed_ = std::min(automaton_->max_state() + 1, kMostSteps / graph.num_units());
      for (hotwords::StateId state = 0; state < num_listed_; ++state)
        for (const std::int32_t column : graph.columns()) steps_.push_back(step(state, column));
    }
    gains_ = graph.hotword_gains(*automaton_, &unit_gains_);
    return;
  }
  gains_ = graph.hotword_gains(*automaton_, nullptr);
  for (const float gain : gains_.epsilons) max_epsilon_gain_ = std::max(max_epsilon_gain_, gain);
}

Search::Search(const SearchGraph& graph, const SearchOptions& options, AdvanceFunction advance)
    : advance_(advance) {
  SearchState& s = state_;
  s.graph = &graph;
  s.options = options;
  constexpr float infinity = std::numeric_limits<float>::infinity();
  // Read in blocks of up to 16 past the last unit, and 128 wide by the masks.
  s.unit_costs.assign(std::max<std::size_t>(graph.num_units() + 2, 128) + 16, infinity);
  s.begin_costs = s.unit_costs;
  if (graph.mask_words() == 0) {
    s.cheap_units.resize(graph.num_units() + 16);
    s.cheap_costs.resize(graph.num_units() + 16);
  }
  s.slot.assign(graph.num_token_states() + SearchState::kSharedSlots, 0);
  s.waiting_of.assign(graph.num_records() - graph.num_token_states(), 0);
  s.waiting_at.resize(graph.max_level() + 1);
}

void use_list(std::shared_ptr<const HotwordUse> hotwords, Utterance* utterance) {
  Utterance& s = *utterance;
  s.hotword_use = std::move(hotwords);
  static const HotwordUse none;
  const HotwordUse& use = s.hotword_use != nullptr ? *s.hotword_use : none;
  s.hotwords = use.automaton();
  s.attached = use.attached();
  s.hotword_labels = use.labels();
  s.gains = &use.gains();
  s.unit_gains = use.unit_gains();
  s.neutral = use.neutral();
  s.from_root = use.from_root();
  s.from_inside = use.from_inside();
  s.steps = use.steps();
  s.num_listed = use.num_listed();
  s.max_epsilon_gain = use.max_epsilon_gain();
  s.wanted_by_hotwords = use.wanted();
}

void begin(const SearchGraph& graph, std::shared_ptr<const HotwordUse> hotwords,
           Utterance* utterance) {
  Utterance& s = *utterance;
  use_list(std::move(hotwords), utterance);
  for (std::vector<float>* v : {&s.nb, &s.b, &s.bound})
    if (v->empty()) v->resize(64);
  for (std::vector<std::uint32_t>* v :
       {&s.state, &s.unit, &s.only_unit, &s.hotword, &s.next, &s.nb_trace, &s.b_trace})
    if (v->empty()) v->resize(64);
  s.num_tokens = 1;
  s.has_chains = false;
  const bool ctc = graph.options().topology == Topology::kCtc;
  // As if a blank had just been read; a plain graph knows `nb` alone.
  s.nb[0] = ctc ? std::numeric_limits<float>::infinity() : 0;
  s.b[0] = ctc ? 0 : std::numeric_limits<float>::infinity();
  s.state[0] = graph.start();
  s.unit[0] = graph.num_units() + 1;
  s.hotword[0] = hotwords::kRoot;
  s.nb_trace[0] = s.b_trace[0] = kNoTrace;
  s.next[0] = kNoTrace;
  switch (graph.mask_words()) {
    case 1:
      add_start_token<1>(graph, s);
      break;
    case 2:
      add_start_token<2>(graph, s);
      break;
    default:
      add_start_token<0>(graph, s);
  }
  s.traces.clear();
  s.marks.clear();
  s.after_blank = s.only_blank = false;
  s.base = 0;
  s.frame = 0;
  s.offset = 0;
  s.dead = false;
}

void Search::start(std::shared_ptr<const HotwordUse> hotwords) {
  begin(*state_.graph, std::move(hotwords), &state_);
  state_.slot[state_.state[0]] = 0;
}

void Search::exchange(Utterance* utterance) {
  SearchState& s = state_;
  std::swap(static_cast<Utterance&>(s), *utterance);
  // The slots name tokens of the utterance before. As TokenSet::enter does it: a head counts if it
  // is of this round.
  for (std::uint32_t i = 0; i < s.num_tokens; ++i) {
    const std::uint32_t place = SearchState::slot_of(*s.graph, s.state[i]);
    std::uint32_t& head = s.slot[place];
    const bool is_chained = head < i && SearchState::slot_of(*s.graph, s.state[head]) == place;
    s.next[i] = is_chained ? head : kNoTrace;
    s.has_chains |= is_chained;
    head = i;
  }
}

EndCosts end_costs(const SearchGraph& graph, const Utterance& s, std::size_t token) {
  const PathGraph paths(graph, s.hotword_use.get());
  const std::uint32_t lg_state = paths.lg_state(s.state[token]);
  EndCosts costs;
  if (s.hotwords != nullptr) costs.any = -s.hotwords->end_score(s.hotword[token]);
  if (s.dead) return costs;
  if (s.hotword_labels == HotwordLabels::kWords && graph.has_epsilon_words())
    costs.final = paths.final_cost(lg_state, {s.hotwords, s.hotword[token]});
  else
    costs.final = paths.total_final_cost(lg_state) + costs.any;
  return costs;
}

Ending find_ending(const SearchGraph& graph, const Utterance& s) {
  Ending best;
  for (std::size_t i = 0; i < s.num_tokens; ++i) {
    const double cost = std::min(s.nb[i], s.b[i]);
    if (!(cost < std::numeric_limits<double>::infinity())) continue;
    const std::uint32_t trace = s.nb[i] < s.b[i] ? s.nb_trace[i] : s.b_trace[i];
    const EndCosts end = end_costs(graph, s, i);
    if (cost + end.final < best.final_cost) {
      best.final_cost = cost + end.final;
      best.final_trace = trace;
    }
    if (cost + end.any < best.any_cost) {
      best.any_cost = cost + end.any;
      best.any_trace = trace;
    }
  }
  best.final_cost += s.offset;
  best.any_cost += s.offset;
  return best;
}

BestPath Search::finish() const {
  const SearchState& s = state_;
  const Ending ending = find_ending(*s.graph, s);
  BestPath path;
  path.num_frames = s.num_frames();
  path.is_final = ending.is_final();
  path.cost = ending.cost();
  for (std::uint32_t trace = ending.trace(); trace != kNoTrace; trace = s.traces[trace].previous)
    if (s.traces[trace].arc != kMergeArc)
      path.steps.push_back({s.traces[trace].arc, s.traces[trace].frame});
  std::reverse(path.steps.begin(), path.steps.end());
  return path;
}

RawLattice Search::lattice() const {
  return collect_lattice(*state_.graph, state_, state_.options.lattice_beam);
}

}  // namespace tlg::decoder
