#include "hotwords/automaton.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>
#include <utility>

#include "util/error.h"

namespace tlg::hotwords {
namespace {

constexpr double kGridPerNat = 1024.0;
constexpr double kMaxReward = 4096.0;  // nats; far beyond any evidence, far below what is exact

[[noreturn]] void refuse(std::size_t phrase, const std::string& what, const std::string& remedy) {
  throw Error(ErrorKind::kHotword, "phrase " + std::to_string(phrase) + " " + what, remedy);
}

}  // namespace

// Everything that exists only while an automaton is built.
class Builder {
 public:
  Builder(const std::vector<Phrase>& phrases, const Options& options)
      : phrases_(phrases), options_(options), automaton_(new Automaton) {}

  std::shared_ptr<const Automaton> build() {
    check_options();
    store_phrases();
    sort_phrases();
    build_trie();
    build_fallbacks();
    bound_gains();
    return automaton_;
  }

 private:
  using Grid = Automaton::Grid;
  // One phrase as the trie sees it: boundaries put in, one more behind it.
  struct Stored {
    std::size_t begin, end;  // in units_
    Grid reward;
    std::int32_t phrase;
  };
  struct Range {
    std::size_t begin, end;  // in stored_: the phrases below a node
    std::size_t depth;
  };

  void check_options() {
    if (options_.num_units < 0 || options_.boundary >= options_.num_units)
      throw Error(ErrorKind::kHotword,
                  "the word boundary is unit " + std::to_string(options_.boundary) + " of " +
                      std::to_string(options_.num_units),
                  "Units are numbered from 0");
    if (!options_.starts_word.empty() && options_.boundary < 0)
      throw Error(ErrorKind::kHotword, "units start words, but no unit is the word boundary",
                  "Name a boundary unit; it may be one that no model emits");
    if (!(options_.max_loan >= 0))
      throw Error(ErrorKind::kHotword, "max_loan is negative or no number",
                  "Give nats; 0 lends nothing");
    automaton_->boundary_ = options_.boundary;
    automaton_->max_loan_ = options_.max_loan;
    automaton_->num_phrases_ = phrases_.size();
    automaton_->starts_word_.assign(options_.starts_word.begin(), options_.starts_word.end());
    loan_cap_ = options_.max_loan < kMaxReward
                    ? static_cast<Grid>(std::floor(options_.max_loan * kGridPerNat))
                    : std::numeric_limits<Grid>::max();
  }

  Grid reward_of(std::size_t index, double length) const {
    const Phrase& phrase = phrases_[index];
    if (!std::isfinite(phrase.bias) || !std::isfinite(phrase.word_bias))
      refuse(index, "has a bias that is not finite", "Give nats");
    const double reward = length * phrase.bias + phrase.word_bias;
    if (std::abs(reward) > kMaxReward)
      refuse(index, "is worth " + std::to_string(reward) + " nats, more than 4096 up or down",
             "20 nats outweigh nearly any evidence");
    return static_cast<Grid>(std::lround(reward * kGridPerNat));
  }

  void store_phrases() {
    const Unit boundary = options_.boundary;
    std::size_t longest = 0;
    std::int64_t greatest = 0;
    for (std::size_t i = 0; i < phrases_.size(); ++i) {
      const Phrase& phrase = phrases_[i];
      const std::vector<Unit>& units = phrase.units;
      if (units.empty()) refuse(i, "has no units", "Leave it out");
      if (!phrase.lengths.empty() && phrase.lengths.size() != units.size())
        refuse(i, "has lengths for another number of units", "Give one for each");
      if (boundary >= 0 && (units.front() == boundary || units.back() == boundary))
        refuse(i, "begins or ends with the word boundary", "Boundaries go between its words alone");
      Stored stored{units_.size(), 0, 0, static_cast<std::int32_t>(i)};
      std::int32_t length = 0;
      for (std::size_t k = 0; k < units.size(); ++k) {
        if (units[k] < 0 || units[k] >= options_.num_units)
          refuse(
              i,
              "has unit " + std::to_string(units[k]) + " of " + std::to_string(options_.num_units),
              "Units are numbered from 0");
        if (k > 0 && automaton_->comes_after_boundary(units[k])) push(boundary, length);
        length += phrase.lengths.empty() ? 1 : phrase.lengths[k];
        push(units[k], length);
      }
      if (boundary >= 0) push(boundary, length);
      stored.end = units_.size();
      stored.reward = reward_of(i, length);
      automaton_->rewards_.push_back(stored.reward / kGridPerNat);
      longest = std::max(longest, stored.end - stored.begin);
      greatest = std::max<std::int64_t>(greatest, std::abs(stored.reward));
      stored_.push_back(stored);
    }
    // Every total inside the automaton is a sum of at most `longest` rewards.
    if (static_cast<std::int64_t>(longest + 1) * greatest > std::numeric_limits<Grid>::max() / 4)
      throw Error(ErrorKind::kHotword,
                  "a reward of " + std::to_string(greatest / kGridPerNat) +
                      " nats is too large beside a phrase of " + std::to_string(longest) + " units",
                  "20 nats outweigh nearly any evidence");
  }

  void push(Unit unit, std::int32_t length) {
    units_.push_back(unit);
    lengths_.push_back(length);
  }

  // Sorted by units; of phrases with the same units the one that wins is kept.
  void sort_phrases() {
    const auto first = units_.begin();
    const auto at = [first](std::size_t i) { return first + static_cast<std::ptrdiff_t>(i); };
    const auto same = [&](const Stored& a, const Stored& b) {
      return std::equal(at(a.begin), at(a.end), at(b.begin), at(b.end));
    };
    std::sort(stored_.begin(), stored_.end(), [&](const Stored& a, const Stored& b) {
      const std::size_t length = std::min(a.end - a.begin, b.end - b.begin);
      const auto [in_a, in_b] = std::mismatch(at(a.begin), at(a.begin + length), at(b.begin));
      if (in_a != at(a.begin + length)) return *in_a < *in_b;
      if (a.end - a.begin != b.end - b.begin) return a.end - a.begin < b.end - b.begin;
      if (a.reward != b.reward) return a.reward > b.reward;
      const double bias_a = phrase_of(a).bias, bias_b = phrase_of(b).bias;
      if (bias_a != bias_b) return bias_a > bias_b;
      return a.phrase < b.phrase;
    });
    stored_.erase(std::unique(stored_.begin(), stored_.end(), same), stored_.end());
  }

  const Phrase& phrase_of(const Stored& stored) const {
    return phrases_[static_cast<std::size_t>(stored.phrase)];
  }

  // Breadth first: the children of a node are pushed together, hence contiguous and sorted.
  void build_trie() {
    std::vector<Range> ranges{{0, stored_.size(), 0}};
    add_node(-1);
    parents_.push_back(kRoot);
    for (std::size_t s = 0; s < ranges.size(); ++s) {
      Range range = ranges[s];
      automaton_->nodes_[s].first_child = static_cast<StateId>(ranges.size());
      if (range.begin < range.end &&
          stored_[range.begin].end - stored_[range.begin].begin == range.depth) {
        automaton_->phrase_[s] = stored_[range.begin].phrase;
        automaton_->nodes_[s].emit = stored_[range.begin].reward;
        ++range.begin;
      }
      own_.push_back(greatest_loan(range));
      while (range.begin < range.end) {
        const Unit unit = units_[stored_[range.begin].begin + range.depth];
        std::size_t end = range.begin + 1;
        while (end < range.end && units_[stored_[end].begin + range.depth] == unit) ++end;
        ranges.push_back({range.begin, end, range.depth + 1});
        add_node(unit);
        parents_.push_back(static_cast<StateId>(s));
        range.begin = end;
      }
    }
    num_nodes_ = ranges.size();
    // "Inside a word" has no children; without phrases nothing depends on it, so it is left out.
    const bool has_inside = automaton_->has_boundary() && num_nodes_ > 1;
    if (has_inside) automaton_->inside_ = static_cast<StateId>(num_nodes_);
    for (int i = 0; i < (has_inside ? 2 : 1); ++i) {
      add_node(-1);
      automaton_->nodes_.back().first_child = static_cast<StateId>(num_nodes_);
    }
    automaton_->num_states_ = has_inside ? 2 : 1;
    for (std::size_t s = 1; s < num_nodes_; ++s)
      if (!automaton_->is_leaf(static_cast<StateId>(s))) ++automaton_->num_states_;
    automaton_->nodes_.shrink_to_fit();
    automaton_->labels_.shrink_to_fit();
    automaton_->phrase_.shrink_to_fit();
    automaton_->rewards_.shrink_to_fit();
    automaton_->root_child_.assign(static_cast<std::size_t>(options_.num_units), kRoot);
    for (StateId c = 1; c < automaton_->nodes_[1].first_child && c < num_nodes_; ++c)
      automaton_->root_child_[static_cast<std::size_t>(automaton_->labels_[c])] = c;
  }

  void add_node(Unit label) {
    automaton_->nodes_.push_back({0, kRoot, 0, 0});
    automaton_->labels_.push_back(label);
    automaton_->phrase_.push_back(-1);
  }

  // own(s): the most that a phrase beyond s allows to be lent in s.
  Grid greatest_loan(const Range& range) const {
    Grid loan = 0;
    if (range.depth == 0) return loan;
    for (std::size_t i = range.begin; i < range.end; ++i) {
      const Stored& stored = stored_[i];
      const double bias = phrase_of(stored).bias;
      if (bias <= 0 || stored.reward <= 0) continue;
      const double even = bias * lengths_[stored.begin + range.depth - 1] * kGridPerNat;
      const Grid most = std::min(stored.reward, loan_cap_);
      loan = std::max(loan, even < most ? static_cast<Grid>(std::floor(even)) : most);
    }
    return loan;
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

  const std::vector<Phrase>& phrases_;
  const Options& options_;
  std::shared_ptr<Automaton> automaton_;
  Grid loan_cap_ = 0;
  std::vector<Unit> units_;
  std::vector<std::int32_t> lengths_;  // of a phrase, up to and with this unit
  std::vector<Stored> stored_;
  std::vector<StateId> parents_;
  std::vector<Grid> own_, flush_;
  std::size_t num_nodes_ = 0;
};

std::shared_ptr<const Automaton> Automaton::build(const std::vector<Phrase>& phrases,
                                                  const Options& options) {
  return Builder(phrases, options).build();
}

// By the definition, not by the states: longest phrase from the left, then on behind it.
std::vector<Match> Automaton::find_in(const std::vector<Unit>& units, Part part) const {
  std::vector<Unit> stream;
  std::vector<std::int32_t> origin;
  stream.reserve(units.size() + 1);
  for (std::size_t i = 0; i < units.size(); ++i) {
    if (comes_after_boundary(units[i])) {
      stream.push_back(boundary_);
      origin.push_back(static_cast<std::int32_t>(i));
    }
    stream.push_back(units[i]);
    origin.push_back(static_cast<std::int32_t>(i));
  }
  if (has_boundary() && !part.goes_on) {
    stream.push_back(boundary_);
    origin.push_back(static_cast<std::int32_t>(units.size()));
  }
  std::vector<Match> matches;
  for (std::size_t i = 0; i < stream.size();) {
    std::size_t end = i;
    std::int32_t found = -1;
    if (!has_boundary() || (i == 0 ? !part.starts_inside : stream[i - 1] == boundary_)) {
      StateId node = kRoot;
      for (std::size_t k = i; k < stream.size(); ++k) {
        node = child(node, stream[k]);
        if (node == kRoot) break;
        if (phrase_[node] < 0) continue;
        found = phrase_[node];
        end = k + 1;
      }
    }
    if (found < 0) {
      ++i;
      continue;
    }
    const std::size_t last = has_boundary() ? end - 2 : end - 1;
    matches.push_back(
        {found, origin[i], origin[last] + 1, rewards_[static_cast<std::size_t>(found)]});
    i = end;
  }
  return matches;
}

std::vector<Unit> Automaton::undecided(StateId s) const {
  std::vector<Unit> units;
  if (s == inside_) return units;
  while (s != kRoot) {
    units.push_back(labels_[s]);
    s = parent(s);
    if (s != kRoot && comes_after_boundary(units.back())) s = parent(s);
  }
  std::reverse(units.begin(), units.end());
  return units;
}

// The last node whose children begin at or before `s`: one without children has the beginning of
// those of the next.
StateId Automaton::parent(StateId s) const {
  const auto behind =
      std::upper_bound(nodes_.begin(), nodes_.end() - 1, s,
                       [](StateId one, const Node& node) { return one < node.first_child; });
  return static_cast<StateId>(behind - nodes_.begin() - 1);
}

double Automaton::total(const std::vector<Unit>& units) const {
  double running = 0;
  StateId state = kRoot;
  for (const Unit unit : units) running += advance(state, unit, &state);
  return running + end_score(state);
}

Trace Automaton::trace(const std::vector<Unit>& units) const {
  Trace trace;
  double running = 0;
  StateId state = kRoot;
  for (const Unit unit : units) {
    running += advance(state, unit, &state);
    trace.running.push_back(running);
    trace.ended.push_back(running + end_score(state));
  }
  return trace;
}

std::size_t Automaton::num_bytes() const {
  return sizeof(*this) + nodes_.capacity() * sizeof(Node) + labels_.capacity() * sizeof(Unit) +
         root_child_.capacity() * sizeof(StateId) + starts_word_.capacity() +
         (end_score_.capacity() + max_gain_.capacity()) * sizeof(float) +
         phrase_.capacity() * sizeof(std::int32_t) + rewards_.capacity() * sizeof(double);
}

void Automaton::check() const {
  const auto demand = [](bool holds, const char* what) {
    if (!holds) throw Error(ErrorKind::kHotword, std::string("broken automaton: ") + what);
  };
  const std::size_t last = nodes_.size() - 1;
  demand(nodes_[kRoot].phi == 0 && nodes_[kRoot].emit == 0, "the root lends or pays");
  demand(max_gain_.size() == last && end_score_.size() == last, "tables of different lengths");
  std::vector<std::size_t> depth(last, 0);
  for (std::size_t s = 0; s < last; ++s) {
    const StateId low = nodes_[s].first_child, high = nodes_[s + 1].first_child;
    demand(low <= high && high <= last, "children out of order");
    for (StateId c = low; c < high; ++c) {
      depth[c] = depth[s] + 1;
      demand(c > s, "a child before its parent");
      demand(c == low || labels_[c - 1] < labels_[c], "children not sorted");
    }
    if (s == kRoot || s == inside_ || low == high) continue;
    demand(nodes_[s].fail == inside_ || depth[nodes_[s].fail] < depth[s], "fail not shallower");
    demand(nodes_[s].phi >= nodes_[s].emit + nodes_[nodes_[s].fail].phi, "a fallback gains");
  }
}

std::vector<Phrase> split_phrases(const std::vector<Unit>& units,
                                  const std::vector<std::int64_t>& offsets,
                                  const std::vector<double>& bias,
                                  const std::vector<double>& word_bias,
                                  const std::vector<std::int32_t>& lengths) {
  const std::size_t count = bias.size();
  if (offsets.size() != count + 1 || word_bias.size() != count || offsets.front() != 0 ||
      offsets.back() != static_cast<std::int64_t>(units.size()) ||
      !std::is_sorted(offsets.begin(), offsets.end()) ||
      (!lengths.empty() && lengths.size() != units.size()))
    throw Error(ErrorKind::kHotword, "offsets, biases and units do not belong together",
                "Give one offset more than biases, from 0 to the number of units");
  std::vector<Phrase> phrases(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto begin = static_cast<std::ptrdiff_t>(offsets[i]);
    const auto end = static_cast<std::ptrdiff_t>(offsets[i + 1]);
    phrases[i].units.assign(units.begin() + begin, units.begin() + end);
    if (!lengths.empty()) phrases[i].lengths.assign(lengths.begin() + begin, lengths.begin() + end);
    phrases[i].bias = bias[i];
    phrases[i].word_bias = word_bias[i];
  }
  return phrases;
}

}  // namespace tlg::hotwords
