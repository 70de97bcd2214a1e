#include "decoder/search.h"

#include <algorithm>
#include <utility>

#include "util/error.h"

namespace tlg::decoder {
namespace {

template <typename T>
void pad(std::vector<T>& values, std::size_t size, T value) {
  values.assign(size, value);
}

template <int W>
void add_start_token(SearchState& s) {
  const Record<W>& record = s.graph->records<W>()[s.graph->start()];
  float hope = 0;
  if (s.hotword_labels == HotwordLabels::kTokens) hope = s.hotwords->max_gain(hotwords::kRoot);
  if (s.hotword_labels == HotwordLabels::kWords) hope = s.word_gains->at_root[s.graph->start()];
  s.bound[0] = record.min_cost - hope;
  s.only_unit[0] = record.only_unit;
}

}  // namespace

AdvanceFunction choose_kernel(const std::string& name) {
#if defined(TLG_HAVE_X86_KERNELS)
  __builtin_cpu_init();
  const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2");
  const bool has_avx512 = has_avx2 && __builtin_cpu_supports("avx512f") &&
                          __builtin_cpu_supports("avx512bw") &&
                          __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  if (has_avx512 && (name == "auto" || name == "avx512")) return avx512::advance;
  if (has_avx2 && (name == "auto" || name == "avx2")) return avx2::advance;
#endif
  if (name == "auto" || name == "baseline") return baseline::advance;
  throw Error(ErrorKind::kOption, "no search kernel named '" + name + "' on this CPU",
              "Use auto, or one of baseline, avx2, avx512 that the CPU has");
}

HotwordUse::HotwordUse(const SearchGraph& graph,
                       std::shared_ptr<const hotwords::Automaton> automaton, HotwordLabels labels,
                       std::int32_t neutral)
    : automaton_(std::move(automaton)), labels_(labels), neutral_(neutral) {
  for (hotwords::StateId h = 0; h <= automaton_->max_state(); ++h)
    max_gain_ = std::max(max_gain_, labels_ == HotwordLabels::kWords ? automaton_->max_gain(h)
                                                                     : automaton_->other_gain(h));
  if (labels_ == HotwordLabels::kTokens) {
    for (std::uint32_t u = 0; u < graph.num_units(); ++u) {
      begins_.push_back(automaton_->can_gain_from_root(graph.columns()[u]) ? 1 : 0);
      if (u < 128 && begins_[u] != 0) begin_mask_[u >> 6] |= std::uint64_t{1} << (u & 63);
    }
    return;
  }
  word_gains_ = graph.word_gains(*automaton_);
  max_gain_ += *std::max_element(word_gains_.epsilons.begin(), word_gains_.epsilons.end());
}

Search::Search(const SearchGraph& graph, const SearchOptions& options, AdvanceFunction advance)
    : advance_(advance) {
  SearchState& s = state_;
  s.graph = &graph;
  s.options = options;
  constexpr float infinity = std::numeric_limits<float>::infinity();
  // Read in blocks of up to 16 past the last unit, and 128 wide by the masks.
  pad(s.unit_costs, std::max<std::size_t>(graph.num_units() + 2, 128) + 16, infinity);
  pad(s.slot, graph.num_token_states(), 0u);
  pad(s.waiting_of, graph.num_records() - graph.num_token_states(), 0u);
  s.waiting_at.resize(graph.max_level());
}

void Search::start(std::shared_ptr<const HotwordUse> hotwords) {
  SearchState& s = state_;
  hotwords_ = std::move(hotwords);
  static const HotwordUse none;
  const HotwordUse& use = hotwords_ != nullptr ? *hotwords_ : none;
  s.hotwords = use.automaton();
  s.hotword_labels = use.labels();
  s.word_gains = &use.word_gains();
  s.neutral = use.neutral();
  s.begins_hotword = use.begins();
  s.begin_mask = use.begin_mask();
  s.max_gain = use.max_gain();
  for (std::vector<float>* v : {&s.nb, &s.b, &s.bound})
    if (v->empty()) v->resize(64);
  for (std::vector<std::uint32_t>* v :
       {&s.state, &s.unit, &s.only_unit, &s.hotword, &s.next, &s.nb_trace, &s.b_trace})
    if (v->empty()) v->resize(64);
  s.num_tokens = 1;
  const bool ctc = s.graph->options().topology == Topology::kCtc;
  // As if a blank had just been read; a plain graph knows `nb` alone.
  s.nb[0] = ctc ? std::numeric_limits<float>::infinity() : 0;
  s.b[0] = ctc ? 0 : std::numeric_limits<float>::infinity();
  s.state[0] = s.graph->start();
  s.unit[0] = s.graph->num_units() + 1;
  s.hotword[0] = hotwords::kRoot;
  s.nb_trace[0] = s.b_trace[0] = kNoTrace;
  s.slot[s.graph->start()] = 0;
  s.next[0] = kNoTrace;
  switch (s.graph->mask_words()) {
    case 1:
      add_start_token<1>(s);
      break;
    case 2:
      add_start_token<2>(s);
      break;
    default:
      add_start_token<0>(s);
  }
  s.traces.clear();
  s.frame = 0;
  s.offset = 0;
  s.dead = false;
}

BestPath Search::finish() const {
  const SearchState& s = state_;
  BestPath path;
  path.num_frames = s.frame;
  const double infinity = std::numeric_limits<double>::infinity();
  double best_final = infinity, best_any = infinity;
  std::size_t final_token = 0, any_token = 0;
  for (std::size_t i = 0; i < s.num_tokens; ++i) {
    double cost = std::min(s.nb[i], s.b[i]);
    if (!(cost < infinity)) continue;
    const std::uint32_t lg_state = s.graph->lg_state(s.state[i]);
    double final_cost = infinity;
    double loan = 0;  // what goes back, or a match pays, when the utterance ends here
    if (s.hotword_labels == HotwordLabels::kWords) {
      if (!s.dead) final_cost = s.graph->final_cost(lg_state, {s.hotwords, s.hotword[i]});
      loan = s.hotwords->end_score(s.hotword[i]);
    } else {
      if (s.hotwords != nullptr) loan = s.hotwords->end_score(s.hotword[i]);
      if (!s.dead) final_cost = s.graph->total_final_cost(lg_state) - loan;
    }
    if (cost + final_cost < best_final) {
      best_final = cost + final_cost;
      final_token = i;
    }
    cost -= loan;
    if (cost < best_any) {
      best_any = cost;
      any_token = i;
    }
  }
  path.is_final = best_final < infinity;
  path.cost = (path.is_final ? best_final : best_any) + s.offset;
  const std::size_t token = path.is_final ? final_token : any_token;
  if (s.num_tokens == 0) return path;
  std::uint32_t trace = s.nb[token] < s.b[token] ? s.nb_trace[token] : s.b_trace[token];
  for (; trace != kNoTrace; trace = s.traces[trace].previous)
    path.steps.push_back({s.traces[trace].arc, s.traces[trace].frame});
  std::reverse(path.steps.begin(), path.steps.end());
  return path;
}

}  // namespace tlg::decoder
