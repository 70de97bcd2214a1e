#include "decoder/hotword_change.h"

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "decoder/search.h"
#include "util/error.h"

namespace tlg::decoder {
namespace {

const hotwords::Automaton* automaton_of(const HotwordUse* use) {
  return use != nullptr ? use->automaton() : nullptr;
}

bool is_over(const HotwordUse* use, HotwordLabels labels) {
  return use != nullptr && use->labels() == labels;
}

bool attaches(const HotwordUse* use) { return use != nullptr && use->attached() != nullptr; }

bool same_units(const HotwordUse* before, const HotwordUse* after) {
  return before == nullptr || after == nullptr || before->neutral() == after->neutral();
}

// The bound of a token, as TokenSet::add_token has it.
template <int W>
void set_bounds(const SearchGraph& graph, Utterance* utterance) {
  Utterance& u = *utterance;
  for (std::size_t i = 0; i < u.num_tokens; ++i) {
    u.bound[i] = graph.records<W>()[u.state[i]].min_cost -
                 hope_of(u, u.hotword_labels, u.state[i], u.hotword[i]);
  }
}

// Tokens made anew: paths that are in the same state now meet.
class Remade {
 public:
  explicit Remade(const Utterance& utterance) : before_(utterance) {
    at_.reserve(2 * utterance.num_tokens);
  }

  void add_nb(std::size_t from, std::uint32_t hotword, float cost) {
    const std::size_t i = find(from, hotword);
    if (cost < nb[i]) {
      nb[i] = cost;
      nb_trace[i] = before_.nb_trace[from];
    }
  }
  void add_b(std::size_t from, std::uint32_t hotword, float cost) {
    const std::size_t i = find(from, hotword);
    if (cost < b[i]) {
      b[i] = cost;
      b_trace[i] = before_.b_trace[from];
    }
  }
  void put_into(Utterance* utterance) {
    Utterance& u = *utterance;
    u.num_tokens = nb.size();
    const std::size_t room = std::max(u.nb.size(), nb.size());  // of all arrays, as before
    for (std::vector<float>* v : {&nb, &b, &u.bound}) v->resize(room);
    for (std::vector<std::uint32_t>* v :
         {&state, &unit, &only_unit, &hotword_, &nb_trace, &b_trace, &u.next})
      v->resize(room);
    u.nb = std::move(nb);
    u.b = std::move(b);
    u.state = std::move(state);
    u.unit = std::move(unit);
    u.only_unit = std::move(only_unit);
    u.hotword = std::move(hotword_);
    u.nb_trace = std::move(nb_trace);
    u.b_trace = std::move(b_trace);
  }

 private:
  std::size_t find(std::size_t from, std::uint32_t hotword) {
    const std::uint64_t key = std::uint64_t{before_.state[from]} << 32 | hotword;
    const auto [at, is_new] = at_.try_emplace(key, nb.size());
    if (is_new) {
      constexpr float infinity = std::numeric_limits<float>::infinity();
      nb.push_back(infinity);
      b.push_back(infinity);
      state.push_back(before_.state[from]);
      unit.push_back(before_.unit[from]);
      only_unit.push_back(before_.only_unit[from]);
      hotword_.push_back(hotword);
      nb_trace.push_back(kNoTrace);
      b_trace.push_back(kNoTrace);
    }
    return at->second;
  }

  const Utterance& before_;
  std::unordered_map<std::uint64_t, std::size_t> at_;
  std::vector<float> nb, b;
  std::vector<std::uint32_t> state, unit, only_unit, hotword_, nb_trace, b_trace;
};

}  // namespace

HotwordChange::HotwordChange(const HotwordUse* before, const HotwordUse* after)
    : in_words_(is_over(before, HotwordLabels::kWords) || is_over(after, HotwordLabels::kWords)),
      swap_(automaton_of(before), automaton_of(after), same_units(before, after)) {
  if (attaches(before) || attaches(after))
    throw Error(ErrorKind::kOption,
                "a list that attaches words to the graph comes or goes within an utterance",
                "Change lists between two utterances");
  if (in_words_ &&
      (is_over(before, HotwordLabels::kTokens) || is_over(after, HotwordLabels::kTokens)))
    throw Error(ErrorKind::kOption,
                "one list of hotwords is matched on words, the other on tokens, in one utterance",
                "Change lists between two utterances");
  if (in_words_) return;
  if (before != nullptr && before->neutral() >= 0) neutral_before_ = before->neutral();
  if (after == nullptr || after->automaton() == nullptr) return;
  if (after->neutral() >= 0) neutral_after_ = after->neutral();
  if (after->automaton()->has_boundary()) boundary_after_ = after->automaton()->boundary();
}

void change_hotwords(const SearchGraph& graph, HotwordChange* change,
                     std::shared_ptr<const HotwordUse> after, const AsksInWord& is_in_word,
                     Utterance* utterance) {
  Utterance& u = *utterance;
  const bool has_list = u.hotwords != nullptr;
  hotwords::Swap& swap = change->swap();
  const bool asks = swap.asks_what_came_before() && !change->in_words();
  const auto hand_over = [&](std::size_t token, std::uint32_t trace) {
    // Without a list the field means nothing.
    const hotwords::StateId state = has_list ? u.hotword[token] : hotwords::kRoot;
    return swap.of(state, asks && is_in_word(trace, swap.num_read(state)));
  };
  Remade tokens(u);
  for (std::size_t i = 0; i < u.num_tokens; ++i) {
    if (u.nb[i] < std::numeric_limits<float>::infinity()) {
      const hotwords::Handover handover = hand_over(i, u.nb_trace[i]);
      tokens.add_nb(i, handover.state, u.nb[i] - handover.gain);
    }
    if (u.b[i] < std::numeric_limits<float>::infinity()) {
      const hotwords::Handover handover = hand_over(i, u.b_trace[i]);
      tokens.add_b(i, handover.state, u.b[i] - handover.gain);
    }
  }
  tokens.put_into(utterance);
  use_list(std::move(after), utterance);
  switch (graph.mask_words()) {
    case 1:
      return set_bounds<1>(graph, utterance);
    case 2:
      return set_bounds<2>(graph, utterance);
    default:
      return set_bounds<0>(graph, utterance);
  }
}

}  // namespace tlg::decoder
