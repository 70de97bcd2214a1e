// Phrases -> automaton: trie, fallbacks, bounds, each in one pass. docs/hotwords.md#the-automaton
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "hotwords/automaton.h"
#include "util/error.h"

namespace tlg::hotwords {

// Everything that exists only while an automaton is built.
class Builder {
 public:
  Builder(const PhraseTable& table, const Options& options)
      : options_(checked(options)),
        table_(table),
        phrases_(table, options),
        automaton_(new Automaton) {}

  std::shared_ptr<const Automaton> build() {
    automaton_->boundary_ = options_.boundary;
    automaton_->max_loan_ = options_.max_loan;
    automaton_->num_phrases_ = table_.num_phrases;
    automaton_->starts_word_.assign(options_.starts_word.begin(), options_.starts_word.end());
    const double cap = std::floor(options_.max_loan * kGridPerNat);
    const Grid most = std::numeric_limits<Grid>::max();
    loan_cap_ = cap < most ? static_cast<Grid>(cap) : most;
    count_nodes();
    build_trie();
    build_fallbacks();
    bound_gains();
    return automaton_;
  }

 private:
  static const Options& checked(const Options& options) {
    if (options.num_units < 0 || options.boundary >= options.num_units)
      throw Error(ErrorKind::kHotword,
                  "the word boundary is unit " + std::to_string(options.boundary) + " of " +
                      std::to_string(options.num_units),
                  "Units are numbered from 0");
    if (!options.starts_word.empty() && options.boundary < 0)
      throw Error(ErrorKind::kHotword, "units start words, but no unit is the word boundary",
                  "Name a boundary unit; it may be one that no model emits");
    if (!(options.max_loan >= 0))
      throw Error(ErrorKind::kHotword, "max_loan is negative or no number",
                  "Give nats; 0 lends nothing");
    return options;
  }

  // A phrase has new nodes behind what it shares with the one before it. first_at_[d] becomes the
  // first node of depth d: nodes are numbered breadth first.
  void count_nodes() {
    shared_.resize(phrases_.size());
    first_at_.assign(phrases_.longest() + 3, 0);
    for (std::size_t place = 0; place < phrases_.size(); ++place) {
      const std::uint32_t phrase = phrases_.phrase(place);
      std::size_t same = 0;
      if (place > 0) {
        const std::uint32_t before = phrases_.phrase(place - 1);
        const std::size_t size = std::min(size_of(phrase), size_of(before));
        const Unit* a = phrases_.begin(phrase);
        const Unit* b = phrases_.begin(before);
        while (same < size && a[same] == b[same]) ++same;
      }
      shared_[place] = static_cast<std::uint32_t>(same);
      for (std::size_t depth = same + 1; depth <= size_of(phrase); ++depth) ++first_at_[depth + 1];
    }
    first_at_[1] = 1;  // behind the root
    for (std::size_t depth = 2; depth < first_at_.size(); ++depth)
      first_at_[depth] += first_at_[depth - 1];
    num_nodes_ = first_at_.back();
  }

  std::size_t size_of(std::uint32_t phrase) const {
    return static_cast<std::size_t>(phrases_.end(phrase) - phrases_.begin(phrase));
  }

  // Phrases come sorted, so that the nodes of each depth come in their order: a node's children are
  // the next ones of the depth below.
  void build_trie() {
    // "Inside a word" has no children; without phrases nothing depends on it, so it is left out.
    const bool has_inside = automaton_->has_boundary() && num_nodes_ > 1;
    const std::size_t all = num_nodes_ + (has_inside ? 2 : 1);
    automaton_->nodes_.assign(all, {static_cast<StateId>(num_nodes_), kRoot, 0, 0});
    automaton_->labels_.assign(all, -1);
    automaton_->phrase_.assign(all, -1);
    if (has_inside) automaton_->inside_ = static_cast<StateId>(num_nodes_);
    parents_.assign(num_nodes_, kRoot);
    own_.assign(num_nodes_, 0);
    std::vector<StateId>& next = first_at_;  // the next node of each depth
    automaton_->nodes_[kRoot].first_child = 1;
    std::vector<StateId> path(phrases_.longest() + 1, kRoot);  // the nodes of the phrase, by depth
    for (std::size_t place = 0; place < phrases_.size(); ++place) {
      const std::uint32_t phrase = phrases_.phrase(place);
      const Unit* units = phrases_.begin(phrase);
      const std::size_t size = size_of(phrase);
      for (std::size_t depth = shared_[place] + 1; depth <= size; ++depth) {
        const StateId node = next[depth]++;
        automaton_->nodes_[node].first_child = next[depth + 1];
        automaton_->labels_[node] = units[depth - 1];
        parents_[node] = path[depth - 1];
        path[depth] = node;
      }
      automaton_->phrase_[path[size]] = static_cast<std::int32_t>(phrase);
      automaton_->nodes_[path[size]].emit = phrases_.reward(phrase);
      lend(phrase, path, size);
    }
    automaton_->num_states_ = has_inside ? 2 : 1;
    for (std::size_t s = 1; s < num_nodes_; ++s)
      if (!automaton_->is_leaf(static_cast<StateId>(s))) ++automaton_->num_states_;
    automaton_->root_child_.assign(static_cast<std::size_t>(options_.num_units), kRoot);
    for (StateId c = 1; c < automaton_->nodes_[1].first_child && c < num_nodes_; ++c)
      automaton_->root_child_[static_cast<std::size_t>(automaton_->labels_[c])] = c;
    shared_ = {};
  }

  // own(s): the most that a phrase beyond s allows to be lent in s.
  void lend(std::uint32_t phrase, const std::vector<StateId>& path, std::size_t size) {
    const double bias = table_.bias[phrase];
    const Grid reward = phrases_.reward(phrase);
    if (bias <= 0 || reward <= 0) return;
    const Grid most = std::min(reward, loan_cap_);
    for (std::size_t depth = 1; depth < size; ++depth) {
      const double even = bias * phrases_.length(phrase, depth) * kGridPerNat;
      const Grid loan = even < most ? static_cast<Grid>(std::floor(even)) : most;
      own_[path[depth]] = std::max(own_[path[depth]], loan);
    }
  }

  // fail, emit, phi and flush; breadth first, so that whatever is shallower is ready.
  void build_fallbacks() {
    std::vector<Automaton::Node>& nodes = automaton_->nodes_;
    flush_.assign(nodes.size(), 0);
    for (StateId s = 1; s < num_nodes_; ++s) {
      Automaton::Node& node = nodes[s];
      if (automaton_->is_leaf(s)) continue;  // never a state: its phrase is paid on the way in
      const StateId parent = parents_[s];
      if (automaton_->phrase_[s] >= 0) {
        node.fail = kRoot;  // all of s is consumed by the phrase that it is
      } else if (parent == kRoot) {
        node.fail = automaton_->inside_;
      } else {
        Grid paid = 0;
        node.fail = automaton_->step(nodes[parent].fail, automaton_->labels_[s], &paid);
        node.emit = nodes[parent].emit + paid;
      }
      node.phi = std::max(own_[s], node.emit + nodes[node.fail].phi);
      flush_[s] = node.emit + flush_[node.fail];
    }
  }

  // The end of the utterance is a word boundary too.
  void bound_gains() {
    const std::vector<Automaton::Node>& nodes = automaton_->nodes_;
    const std::size_t count = nodes.size() - 1;
    std::vector<Grid> gain(count, 0);  // of one step
    automaton_->end_score_.assign(count, 0.0f);
    automaton_->max_gain_.assign(count, 0.0f);
    for (StateId s = 0; s < count; ++s) {
      const Automaton::Node& node = nodes[s];
      if (s < num_nodes_ && s != kRoot && automaton_->is_leaf(s)) continue;
      // Falling back allows more units than it should (those that s has itself): hence a bound.
      const StateId fail = node.fail;
      const bool stops = s == kRoot || s == automaton_->inside_;
      gain[s] = stops ? 0 : node.emit + nodes[fail].phi + gain[fail] - node.phi;
      for (StateId c = node.first_child; c < nodes[s + 1].first_child; ++c)
        gain[s] =
            std::max(gain[s], (automaton_->is_leaf(c) ? nodes[c].emit : nodes[c].phi) - node.phi);
    }
    for (StateId s = 0; s < count; ++s) {
      if (s < num_nodes_ && s != kRoot && automaton_->is_leaf(s)) continue;
      Grid paid = 0;
      StateId state = s;
      Grid greatest = std::max(gain[s], 0);  // a separator or an arc without a word gains nothing
      if (automaton_->has_boundary()) {
        state = automaton_->step(s, options_.boundary, &paid);
        if (!options_.starts_word.empty())
          greatest = std::max(greatest, paid + nodes[state].phi - nodes[s].phi + gain[state]);
      }
      automaton_->max_gain_[s] = Automaton::to_nats(greatest);
      automaton_->end_score_[s] = Automaton::to_nats(paid + flush_[state] - nodes[s].phi);
    }
  }

  const Options& options_;
  const PhraseTable& table_;
  const SortedPhrases phrases_;
  std::shared_ptr<Automaton> automaton_;
  Grid loan_cap_ = 0;
  std::vector<std::uint32_t> shared_;  // place -> units shared with the phrase before it
  std::vector<StateId> first_at_;      // depth -> the first of its nodes
  std::vector<StateId> parents_;
  std::vector<Grid> own_, flush_;
  std::size_t num_nodes_ = 1;
};

std::shared_ptr<const Automaton> Automaton::compile(const PhraseTable& phrases,
                                                    const Options& options) {
  return Builder(phrases, options).build();
}

std::shared_ptr<const Automaton> Automaton::build(const std::vector<Phrase>& phrases,
                                                  const Options& options) {
  std::vector<Unit> units;
  std::vector<std::int32_t> lengths;
  std::vector<std::int64_t> offsets{0};
  std::vector<double> bias, word_bias;
  for (std::size_t i = 0; i < phrases.size(); ++i) {
    const Phrase& phrase = phrases[i];
    if (!phrase.lengths.empty() && phrase.lengths.size() != phrase.units.size())
      throw Error(ErrorKind::kHotword,
                  "phrase " + std::to_string(i) + " has lengths for another number of units",
                  "Give one for each");
    units.insert(units.end(), phrase.units.begin(), phrase.units.end());
    lengths.insert(lengths.end(), phrase.lengths.begin(), phrase.lengths.end());
    lengths.resize(units.size(), 1);
    offsets.push_back(static_cast<std::int64_t>(units.size()));
    bias.push_back(phrase.bias);
    word_bias.push_back(phrase.word_bias);
  }
  PhraseTable table;
  table.num_phrases = phrases.size();
  table.num_units = units.size();
  table.units = units.data();
  table.offsets = offsets.data();
  table.bias = bias.data();
  table.word_bias = word_bias.data();
  table.lengths = lengths.data();
  return compile(table, options);
}

}  // namespace tlg::hotwords
