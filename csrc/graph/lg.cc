#include "graph/lg.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "fst/ops.h"
#include "graph/hash.h"
#include "util/error.h"

namespace tlg::graph {
namespace {

using fst::Arc;
using fst::Label;
using fst::StateId;

// A word to be reached from a root by one of its pronunciations.
struct Item {
  std::uint32_t rank;  // place of the pronunciation in the lexicon's order
  float cost;          // of the word in G
  StateId target;
};

// An arc of a tree with what it adds to the look-ahead. `cost` is exact. `mass` is the negated
// logarithm of the probability behind the arc, for which the pronunciations of a word share its
// probability.
struct TreeArc {
  Label ilabel, olabel;
  float cost;
  double mass;
  StateId next;
};

struct Subtree {
  StateId state;
  float cost;  // taken out of the subtree, to be put on the arc that leads into it
  double mass;
};

// On this grid float32 differences up to 16,384 nats are exact: what is added on one arc and taken
// away on another cancels, and equal subtrees are found equal.
double on_grid(double cost) { return std::nearbyint(cost * 1024.0) / 1024.0; }

class TreeBuilder {
 public:
  TreeBuilder(const Grammar& grammar, const Lexicon& lexicon, const Separator& separator)
      : grammar_(grammar), lexicon_(lexicon), separator_(separator) {
    prepare_lexicon();
  }

  LexiconGraph build() {
    const std::size_t roots = grammar_.num_states();
    const std::size_t separators = number_separators();
    const std::size_t items = grammar_.arcs.size();
    states_.reserve(roots + separators + items);
    arcs_.reserve(2 * items + roots);
    node_states_.assign(1024, -1);
    states_.resize(roots + separators, {fst::kInfinity, 0, 0, 0, 0});
    for (std::size_t r = 0; r < roots; ++r) build_root(r);
    if (separators > 0) build_separators();
    LexiconGraph result;
    result.fst = fst::make_fst(0, std::move(states_), std::move(arcs_));
    result.num_roots = static_cast<std::int64_t>(roots);
    result.num_separators = static_cast<std::int64_t>(separators);
    if (has_empty_) refuse_epsilon_cycle(result.fst);
    result.slots = list_slots(roots + separators);
    return result;
  }

 private:
  // For each word its pronunciations; for each pronunciation its share of the word; for each suffix
  // of a pronunciation an id, the same for equal suffixes.
  void prepare_lexicon() {
    const auto& all = lexicon_.pronunciations;
    const std::size_t words = lexicon_.words.size();
    std::vector<bool> used(words, false);
    for (const GrammarArc& arc : grammar_.arcs) used[arc.word] = true;
    first_rank_.assign(words + 1, 0);
    std::vector<double> sum(words, 0.0);
    for (const Pronunciation& p : all) {
      ++first_rank_[p.word + 1];
      sum[p.word] += std::exp(-static_cast<double>(p.cost));
    }
    for (std::size_t w = 0; w < words; ++w) first_rank_[w + 1] += first_rank_[w];
    ranks_.resize(all.size());
    std::vector<std::uint32_t> next(first_rank_.begin(), first_rank_.end() - 1);
    share_.resize(all.size());
    suffix_.assign(lexicon_.units.size(), 0);
    PairTable suffixes(lexicon_.units.size() / 2);
    suffix_unit_.assign(1, 0);
    suffix_rest_.assign(1, 0);
    for (std::uint32_t rank = 0; rank < all.size(); ++rank) {
      const Pronunciation& p = all[rank];
      ranks_[next[p.word]++] = rank;
      share_[rank] = static_cast<float>(p.cost + std::log(sum[p.word]));
      if (!used[p.word]) continue;
      has_empty_ |= p.length == 0;
      std::uint32_t rest = 0;  // the empty suffix
      for (std::uint32_t at = p.begin + p.length; at-- > p.begin;) {
        const Label unit = lexicon_.units[at];
        const auto fresh = static_cast<std::int32_t>(suffix_unit_.size());
        const std::int32_t id =
            suffixes.insert(pair_key(static_cast<std::uint32_t>(unit), rest), fresh);
        if (id == fresh) {
          suffix_unit_.push_back(unit);
          suffix_rest_.push_back(rest);
        }
        rest = static_cast<std::uint32_t>(id);
        suffix_[at] = rest;
      }
    }
  }

  // Words lead to the separator state of their root where separators are asked for.
  std::size_t number_separators() {
    if (separator_.label == 0) return 0;
    word_end_.assign(grammar_.num_states(), -1);
    auto next = static_cast<StateId>(grammar_.num_states());
    for (const auto* arcs : {&grammar_.arcs, &grammar_.slots})
      for (const GrammarArc& arc : *arcs) word_end_[static_cast<std::size_t>(arc.target)] = 0;
    for (StateId& state : word_end_)
      if (state == 0) state = next++;
    return static_cast<std::size_t>(next) - grammar_.num_states();
  }

  void build_root(std::size_t r) {
    items_.clear();
    for (std::uint32_t i = grammar_.first[r]; i < grammar_.first[r + 1]; ++i) {
      const GrammarArc& arc = grammar_.arcs[i];
      for (std::uint32_t k = first_rank_[arc.word]; k < first_rank_[arc.word + 1]; ++k)
        items_.push_back({ranks_[k], arc.cost, end_of(arc)});
    }
    std::sort(items_.begin(), items_.end(),
              [](const Item& a, const Item& b) { return a.rank < b.rank; });
    std::size_t begin = 0;
    while (begin < items_.size() && pronunciation(items_[begin]).length == 0) ++begin;
    expand(begin, items_.size(), 0, false);
    const auto first = static_cast<std::uint32_t>(arcs_.size());
    if (grammar_.backoff[r] >= 0)
      arcs_.push_back({0, 0, grammar_.backoff_cost[r], grammar_.backoff[r]});
    for (std::size_t i = 0; i < begin; ++i)
      arcs_.push_back({0, olabel(items_[i]), cost(items_[i]), items_[i].target});
    for (const TreeArc& arc : scratch_)
      arcs_.push_back({arc.ilabel, arc.olabel, arc.cost, arc.next});
    scratch_.clear();
    states_[r].final_cost = grammar_.final_cost[r];
    states_[r].arcs = first;
    states_[r].num_arcs = static_cast<std::uint32_t>(arcs_.size()) - first;
    check_size();
  }

  // Appends to scratch_ the arcs of a node whose items, sorted, share their first `depth` units.
  void expand(std::size_t begin, std::size_t end, std::uint32_t depth, bool labelled) {
    while (begin < end) {
      const Label unit = unit_at(items_[begin], depth);
      std::size_t rest = begin;  // from here on the group's items go on
      for (; begin < end && unit_at(items_[begin], depth) == unit; ++begin) {
        const Item& item = items_[begin];
        if (pronunciation(item).length > depth + 1) continue;
        scratch_.push_back(
            {unit, labelled ? 0 : olabel(item), cost(item), mass(item), item.target});
        rest = begin + 1;
      }
      if (rest == begin) continue;
      bool one_word = true;
      for (std::size_t i = rest + 1; i < begin && one_word; ++i)
        one_word = pronunciation(items_[i]).word == pronunciation(items_[rest]).word;
      const Label label = one_word && !labelled ? olabel(items_[rest]) : 0;
      // What one word costs in G is put on the arc where the word is known, whole: below it, the
      // tree depends on the pronunciations alone and is shared by all states of G.
      const float word_cost = one_word ? items_[rest].cost : 0.0f;
      if (one_word)
        for (std::size_t i = rest; i < begin; ++i) items_[i].cost = 0.0f;
      const Subtree tree = node(rest, begin, depth + 1, labelled || one_word);
      scratch_.push_back({unit, label, word_cost + tree.cost, word_cost + tree.mass, tree.state});
    }
  }

  Subtree node(std::size_t begin, std::size_t end, std::uint32_t depth, bool labelled) {
    if (end - begin == 1) {  // one item is one word, so its label is out
      const Item& item = items_[begin];
      return {chain(suffix_[pronunciation(item).begin + depth], item.target), cost(item),
              mass(item)};
    }
    const std::size_t base = scratch_.size();
    expand(begin, end, depth, labelled);
    double least = scratch_[base].mass, sum = 0.0;
    for (std::size_t i = base + 1; i < scratch_.size(); ++i)
      least = std::min(least, scratch_[i].mass);
    for (std::size_t i = base; i < scratch_.size(); ++i) sum += std::exp(least - scratch_[i].mass);
    const double potential = on_grid(least - std::log(sum));
    for (std::size_t i = base; i < scratch_.size(); ++i)
      scratch_[i].cost = static_cast<float>(scratch_[i].cost - potential) + 0.0f;
    const StateId state = share_node(base);
    scratch_.resize(base);
    return {state, static_cast<float>(potential), potential};
  }

  // The state with exactly the arcs scratch_[base ...], found or made.
  StateId share_node(std::size_t base) {
    const std::size_t count = scratch_.size() - base;
    std::uint64_t hash = count;
    for (std::size_t i = base; i < scratch_.size(); ++i) {
      const TreeArc& arc = scratch_[i];
      std::uint32_t cost_bits;
      std::memcpy(&cost_bits, &arc.cost, sizeof cost_bits);
      hash = mix(hash ^ pair_key(static_cast<std::uint32_t>(arc.ilabel),
                                 static_cast<std::uint32_t>(arc.next)));
      hash += pair_key(cost_bits, static_cast<std::uint32_t>(arc.olabel));
    }
    if ((num_nodes_ + 1) * 4 > node_states_.size() * 3) grow_nodes();
    const auto key = static_cast<std::uint32_t>(mix(hash));
    std::size_t slot = key & (node_states_.size() - 1);
    for (; node_states_[slot] >= 0; slot = (slot + 1) & (node_states_.size() - 1))
      if (node_keys_[slot] == key && same_arcs(node_states_[slot], base, count))
        return node_states_[slot];
    const StateId state = add_state();
    for (std::size_t i = base; i < scratch_.size(); ++i)
      arcs_.push_back({scratch_[i].ilabel, scratch_[i].olabel, scratch_[i].cost, scratch_[i].next});
    states_.back().num_arcs = static_cast<std::uint32_t>(count);
    node_states_[slot] = state;
    node_keys_[slot] = key;
    ++num_nodes_;
    return state;
  }

  bool same_arcs(StateId state, std::size_t base, std::size_t count) const {
    const fst::State& old = states_[static_cast<std::size_t>(state)];
    if (old.num_arcs != count) return false;
    for (std::size_t i = 0; i < count; ++i) {
      const Arc& x = arcs_[old.arcs + i];
      const TreeArc& y = scratch_[base + i];
      if (x.ilabel != y.ilabel || x.olabel != y.olabel || x.weight != y.cost ||
          x.nextstate != y.next)
        return false;
    }
    return true;
  }

  void grow_nodes() {
    std::vector<StateId> states(node_states_.size() * 2, -1);
    std::vector<std::uint32_t> keys(states.size());
    for (std::size_t i = 0; i < node_states_.size(); ++i) {
      if (node_states_[i] < 0) continue;
      std::size_t slot = node_keys_[i] & (states.size() - 1);
      while (states[slot] >= 0) slot = (slot + 1) & (states.size() - 1);
      states[slot] = node_states_[i];
      keys[slot] = node_keys_[i];
    }
    node_states_.swap(states);
    node_keys_.swap(keys);
  }

  // The rest of a pronunciation whose word and weight are already out: states with one plain arc,
  // shared by all that end alike.
  StateId chain(std::uint32_t suffix, StateId target) {
    if (suffix == 0) return target;
    const std::uint64_t key = pair_key(suffix, static_cast<std::uint32_t>(target));
    if (const StateId known = chains_.find(key); known >= 0) return known;
    const StateId next = chain(suffix_rest_[suffix], target);
    const StateId state = add_state();
    arcs_.push_back({suffix_unit_[suffix], 0, 0.0f, next});
    states_.back().num_arcs = 1;
    chains_.insert(key, state);
    return state;
  }

  // Each: an epsilon to the root, or the token and then the root. Final costs are folded in, so
  // that the epsilon need not be taken after the last frame.
  void build_separators() {
    const auto with = static_cast<float>(-std::log(separator_.prob));
    const auto without = static_cast<float>(-std::log1p(-separator_.prob));
    for (std::size_t r = 0; r < word_end_.size(); ++r) {
      if (word_end_[r] < 0) continue;
      const auto first = static_cast<std::uint32_t>(arcs_.size());
      arcs_.push_back({0, 0, without, static_cast<StateId>(r)});
      arcs_.push_back({separator_.label, 0, with, static_cast<StateId>(r)});
      states_[static_cast<std::size_t>(word_end_[r])] = {grammar_.final_cost[r] + without, first, 2,
                                                         0, 0};
    }
    check_size();
  }

  fst::Fst list_slots(std::size_t num_states) const {
    std::vector<fst::State> states(num_states, {fst::kInfinity, 0, 0, 0, 0});
    std::vector<Arc> arcs;
    for (std::size_t r = 0; r < num_states; ++r) {
      states[r].arcs = static_cast<std::uint32_t>(arcs.size());
      if (r >= grammar_.num_states()) continue;
      for (std::uint32_t i = grammar_.first_slot[r]; i < grammar_.first_slot[r + 1]; ++i) {
        const GrammarArc& slot = grammar_.slots[i];
        const auto label = static_cast<Label>(slot.word + 1);
        arcs.push_back({label, label, slot.cost, end_of(slot)});
      }
      states[r].num_arcs = static_cast<std::uint32_t>(arcs.size()) - states[r].arcs;
    }
    return fst::make_fst(0, std::move(states), std::move(arcs));
  }

  // Where a word leads to.
  StateId end_of(const GrammarArc& arc) const {
    return separator_.label == 0 ? arc.target : word_end_[static_cast<std::size_t>(arc.target)];
  }

  void refuse_epsilon_cycle(const fst::Fst& lg) const {
    const StateId on_cycle = fst::find_input_epsilon_cycle(lg);
    if (on_cycle < 0) return;
    std::string word;
    for (const Pronunciation& p : lexicon_.pronunciations)
      if (p.length == 0 && word.empty()) word = lexicon_.words[p.word];
    throw Error(ErrorKind::kLexicon,
                "the empty pronunciation of '" + word +
                    "' lets words follow each other for ever without a token (epsilon cycle)",
                "Give the word a token, or remove it");
  }

  StateId add_state() {
    states_.push_back({fst::kInfinity, static_cast<std::uint32_t>(arcs_.size()), 0, 0, 0});
    return static_cast<StateId>(states_.size() - 1);
  }

  void check_size() const {
    if (states_.size() > static_cast<std::size_t>(std::numeric_limits<StateId>::max()) ||
        arcs_.size() > std::numeric_limits<std::uint32_t>::max())
      throw Error(ErrorKind::kGraph, "the graph gets too big (more than 2^31 states or 2^32 arcs)",
                  "Prune the model: tlg lm prune");
  }

  const Pronunciation& pronunciation(const Item& item) const {
    return lexicon_.pronunciations[item.rank];
  }
  Label unit_at(const Item& item, std::uint32_t depth) const {
    return lexicon_.units[pronunciation(item).begin + depth];
  }
  Label olabel(const Item& item) const { return static_cast<Label>(pronunciation(item).word) + 1; }
  float cost(const Item& item) const { return item.cost + pronunciation(item).cost; }
  double mass(const Item& item) const { return static_cast<double>(item.cost) + share_[item.rank]; }

  const Grammar& grammar_;
  const Lexicon& lexicon_;
  const Separator separator_;
  std::vector<std::uint32_t> first_rank_, ranks_;  // word w: ranks_[first_rank_[w]] ...
  std::vector<float> share_;           // by rank: -log of its part of the word's probability
  std::vector<std::uint32_t> suffix_;  // by place in Lexicon::units: id of what follows from there
  std::vector<Label> suffix_unit_;     // by id: its first unit, and the id of the rest
  std::vector<std::uint32_t> suffix_rest_;
  bool has_empty_ = false;
  std::vector<StateId> word_end_;  // by root: its separator state, -1 for none
  std::vector<Item> items_;
  std::vector<TreeArc> scratch_;
  std::vector<fst::State> states_;
  std::vector<Arc> arcs_;
  std::vector<StateId> node_states_;  // open addressing over the insides of trees
  std::vector<std::uint32_t> node_keys_ = std::vector<std::uint32_t>(1024);
  std::size_t num_nodes_ = 0;
  PairTable chains_;
};

}  // namespace

LexiconGraph build_lg(const Grammar& grammar, const Lexicon& lexicon, const Separator& separator) {
  return TreeBuilder(grammar, lexicon, separator).build();
}

}  // namespace tlg::graph
