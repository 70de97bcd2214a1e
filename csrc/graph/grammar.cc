#include "graph/grammar.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <unordered_map>

#include "fst/fst.h"
#include "graph/histories.h"
#include "util/error.h"

namespace tlg::graph {
namespace {

using fst::kInfinity;

std::uint32_t bits(float value) {
  std::uint32_t word;
  std::memcpy(&word, &value, sizeof word);
  return word;
}

// LM word -> lexicon word or class; fills the lists of words that only one side has.
std::vector<std::int32_t> classify(const lm::ArpaModel& model, const Lexicon& lexicon,
                                   bool keep_unk, GrammarReport* report) {
  std::unordered_map<std::string_view, std::int32_t> index;
  index.reserve(lexicon.words.size() * 2);
  for (std::size_t i = 0; i < lexicon.words.size(); ++i)
    index.emplace(lexicon.words[i], static_cast<std::int32_t>(i));
  std::vector<bool> in_model(lexicon.words.size(), false);
  std::vector<std::int32_t> classes(model.vocabulary.size(), kOov);
  for (std::size_t i = 0; i < classes.size(); ++i) {
    const auto id = static_cast<std::int64_t>(i);
    auto found = index.find(model.vocabulary[i]);
    // `<unk>` and `<UNK>` are one word.
    if (found == index.end() && id == model.unk) found = index.find("<unk>");
    if (found == index.end() && id == model.unk) found = index.find("<UNK>");
    if (id == model.bos) {
      classes[i] = kBos;
    } else if (id == model.eos) {
      classes[i] = kEos;
    } else if (found != index.end()) {
      classes[i] = found->second;
      in_model[static_cast<std::size_t>(found->second)] = true;
    } else if (id == model.unk) {
      classes[i] = keep_unk ? kUnkClass : kOov;
    } else {
      report->words_without_pronunciation.push_back(model.vocabulary[i]);
    }
  }
  for (std::size_t i = 0; i < in_model.size(); ++i)
    if (!in_model[i]) report->words_without_lm.push_back(lexicon.words[i]);
  return classes;
}

// Gives `<unk>` the probability of the words that the lexicon lacks, after every history that lists
// one.
void map_oov_to_unk(Histories& histories, std::uint32_t unk) {
  std::unordered_map<std::uint64_t, double> listed;
  std::unordered_map<std::int32_t, double>
      unk_mass;                     // history -> probability of unk and all OOV words
  std::vector<std::int32_t> order;  // histories with an OOV n-gram, shorter ones first
  for (const OovNgram& ngram : histories.oov)
    listed[pair_key(static_cast<std::uint32_t>(ngram.history), ngram.word)] = std::exp(-ngram.cost);
  for (const std::int32_t n : histories.by_depth)
    if (const std::int32_t node = histories.child(n, unk); node >= 0)
      listed[pair_key(static_cast<std::uint32_t>(n), unk)] =
          std::exp(-static_cast<double>(histories.cost[static_cast<std::size_t>(node)]));
  for (const TopNgram& ngram : histories.top)
    if (ngram.word == unk)
      listed[pair_key(static_cast<std::uint32_t>(ngram.history), unk)] =
          std::exp(-static_cast<double>(ngram.cost));
  const auto probability = [&](std::int32_t history, std::uint32_t word) {
    double scale = 1.0;
    for (;;) {
      const auto found = listed.find(pair_key(static_cast<std::uint32_t>(history), word));
      if (found != listed.end()) return scale * found->second;
      if (history == 0) return 0.0;
      scale *= std::exp(-static_cast<double>(histories.backoff[static_cast<std::size_t>(history)]));
      history = histories.suffix[static_cast<std::size_t>(history)];
    }
  };
  const auto mass = [&](std::int32_t history) {
    double scale = 1.0;
    for (;;) {
      const auto found = unk_mass.find(history);
      if (found != unk_mass.end()) return scale * found->second;
      if (history == 0) return scale * probability(0, unk);
      scale *= std::exp(-static_cast<double>(histories.backoff[static_cast<std::size_t>(history)]));
      history = histories.suffix[static_cast<std::size_t>(history)];
    }
  };
  std::unordered_map<std::int32_t, std::vector<std::uint32_t>> words;
  for (const auto& [key, value] : listed) {
    (void)value;
    words[static_cast<std::int32_t>(key >> 32)].push_back(static_cast<std::uint32_t>(key));
  }
  for (const std::int32_t n : histories.by_depth)
    if (words.count(n) != 0) order.push_back(n);
  for (const std::int32_t n : order) {
    std::vector<std::uint32_t>& here = words[n];
    std::sort(here.begin(), here.end());  // sums must not depend on the order of a hash table
    const auto node = static_cast<std::size_t>(n);
    double own = 0.0, below = 0.0;
    for (const std::uint32_t w : here) {
      own += probability(n, w);
      if (n != 0) below += probability(histories.suffix[node], w);
    }
    const double rest = n == 0 ? 0.0
                               : std::exp(-static_cast<double>(histories.backoff[node])) *
                                     std::max(0.0, mass(histories.suffix[node]) - below);
    unk_mass[n] = own + rest;
  }
  for (const std::int32_t n : order)
    if (unk_mass[n] > 0.0) histories.set_cost(n, unk, static_cast<float>(-std::log(unk_mass[n])));
  histories.link();
}

// G over all histories, before anything is removed. Targets and states are nodes of the trie.
struct Listed {
  std::vector<std::uint32_t> first;
  std::vector<GrammarArc> arcs;
};

class Builder {
 public:
  Builder(Histories& histories, const std::vector<std::int32_t>& classes, Grammar& grammar)
      : histories_(histories), classes_(classes), grammar_(grammar) {}

  void list_arcs(const std::vector<std::uint32_t>& missing_words) {
    const std::size_t count = histories_.size();
    listed_.first.assign(count + 1, 0);
    const auto each = [&](auto&& visit) {
      for (std::size_t n = 1; n < count; ++n)
        visit(histories_.parent[n], histories_.word[n], histories_.cost[n],
              static_cast<std::int32_t>(n));
      for (const TopNgram& ngram : histories_.top)
        visit(ngram.history, ngram.word, ngram.cost, std::int32_t{-1});
    };
    const auto is_arc = [&](std::uint32_t word, float cost) {
      return classes_[word] >= 0 && cost != kInfinity;
    };
    each([&](std::int32_t from, std::uint32_t word, float cost, std::int32_t) {
      if (is_arc(word, cost)) ++listed_.first[static_cast<std::size_t>(from) + 1];
    });
    listed_.first[1] += static_cast<std::uint32_t>(missing_words.size());
    for (std::size_t n = 0; n < count; ++n) listed_.first[n + 1] += listed_.first[n];
    listed_.arcs.resize(listed_.first[count]);
    std::vector<std::uint32_t> next(listed_.first.begin(), listed_.first.end() - 1);
    each([&](std::int32_t from, std::uint32_t word, float cost, std::int32_t node) {
      if (!is_arc(word, cost)) return;
      const std::int32_t target =
          node >= 0 ? node
                    : histories_.extend(histories_.suffix[static_cast<std::size_t>(from)], word);
      listed_.arcs[next[static_cast<std::size_t>(from)]++] = {
          static_cast<std::uint32_t>(classes_[word]), cost, target};
    });
    if (!missing_words.empty()) {
      const std::int32_t unk = unk_node();
      for (const std::uint32_t w : missing_words)
        listed_.arcs[next[0]++] = {w, histories_.cost[static_cast<std::size_t>(unk)], unk};
    }
    for (std::size_t n = 0; n < count; ++n)
      std::sort(listed_.arcs.begin() + listed_.first[n],
                listed_.arcs.begin() + listed_.first[n + 1],
                [](const GrammarArc& a, const GrammarArc& b) { return a.word < b.word; });
  }

  std::int32_t unk_word = -1;  // LM id
  std::int32_t unk_node() const {
    return histories_.child(0, static_cast<std::uint32_t>(unk_word));
  }

  // Divides each history's scores by Z(h), the probability that the remaining words have after it:
  // p'(w | h) = p(w | h) / Z(h), and the backoff takes over Z(h') / Z(h).
  void renormalise() {
    std::vector<double> log_z(histories_.size(), 0.0);
    for (const std::int32_t n : histories_.by_depth) {
      const auto node = static_cast<std::size_t>(n);
      double own = std::exp(-static_cast<double>(histories_.final_cost[node])), below = 0.0;
      const std::int32_t shorter = histories_.suffix[node];
      if (n != 0 && histories_.final_cost[node] != kInfinity)
        below += std::exp(-final_cost(shorter));
      for (std::uint32_t i = listed_.first[node]; i < listed_.first[node + 1]; ++i) {
        own += std::exp(-static_cast<double>(listed_.arcs[i].cost));
        if (n != 0) below += std::exp(-word_cost(shorter, listed_.arcs[i].word));
      }
      if (n != 0)
        own += std::exp(-static_cast<double>(histories_.backoff[node])) *
               std::max(0.0, std::exp(log_z[static_cast<std::size_t>(shorter)]) - below);
      log_z[node] = own > 0.0 ? std::log(own) : 0.0;
    }
    for (std::size_t n = 0; n < histories_.size(); ++n) {
      const auto shift = static_cast<float>(log_z[n]);
      histories_.final_cost[n] += shift;
      if (n > 0)
        histories_.backoff[n] +=
            static_cast<float>(log_z[n] - log_z[static_cast<std::size_t>(histories_.suffix[n])]);
      for (std::uint32_t i = listed_.first[n]; i < listed_.first[n + 1]; ++i)
        listed_.arcs[i].cost += shift;
    }
  }

  // Removes states that only back off: what leads to one leads to where it backs off to, at its
  // price.
  void keep_states() {
    const std::size_t count = histories_.size();
    const std::int32_t start = std::max(histories_.start, 0);
    std::vector<std::int32_t> through(count), state(count, -1);
    std::vector<float> extra(count, 0.0f);
    for (const std::int32_t n : histories_.by_depth) {
      const auto node = static_cast<std::size_t>(n);
      const bool kept = n == 0 || n == start || listed_.first[node] != listed_.first[node + 1] ||
                        histories_.final_cost[node] != kInfinity ||
                        histories_.backoff[node] == kInfinity;
      const auto shorter = static_cast<std::size_t>(histories_.suffix[node]);
      through[node] = kept ? n : through[shorter];
      extra[node] = kept ? 0.0f : histories_.backoff[node] + extra[shorter];
      if (!kept) ++grammar_.report.backoff_only_states;
    }
    std::int32_t states = 0;
    for (std::size_t n = 0; n < count; ++n)
      if (through[n] == static_cast<std::int32_t>(n)) state[n] = states++;
    grammar_.first.assign(1, 0);
    for (std::size_t n = 0; n < count; ++n) {
      if (state[n] < 0) continue;  // it has no arcs
      grammar_.first.push_back(listed_.first[n + 1]);
      const auto shorter = static_cast<std::size_t>(histories_.suffix[n]);
      const bool backs_off = n != 0 && histories_.backoff[n] != kInfinity;
      grammar_.backoff.push_back(backs_off ? state[static_cast<std::size_t>(through[shorter])]
                                           : -1);
      grammar_.backoff_cost.push_back(backs_off ? histories_.backoff[n] + extra[shorter] : 0.0f);
      grammar_.final_cost.push_back(histories_.final_cost[n]);
    }
    for (GrammarArc& arc : listed_.arcs) {
      const auto node = static_cast<std::size_t>(arc.target);
      arc.cost += extra[node];
      arc.target = state[static_cast<std::size_t>(through[node])];
    }
    grammar_.arcs = std::move(listed_.arcs);
    start_ = state[static_cast<std::size_t>(start)];
    grammar_.empty = state[0];
    fold_final_costs();
  }

  // States that say the same become one; each round finds those whose successors became equal
  // before.
  void merge_equal() {
    const std::size_t count = grammar_.num_states();
    std::vector<std::int32_t> same(count);
    for (std::size_t s = 0; s < count; ++s) same[s] = static_cast<std::int32_t>(s);
    for (bool changed = true; changed;) {
      changed = false;
      PairTable table(count);
      for (std::size_t s = 0; s < count; ++s) {
        if (same[s] != static_cast<std::int32_t>(s)) continue;
        const std::int32_t first = table.insert(hash(s), static_cast<std::int32_t>(s));
        if (first == static_cast<std::int32_t>(s) || !equal(static_cast<std::size_t>(first), s))
          continue;
        same[s] = first;
        ++grammar_.report.merged_states;
        changed = true;
      }
      if (!changed) break;
      const auto to = [&](std::int32_t s) {
        while (s >= 0 && same[static_cast<std::size_t>(s)] != s)
          s = same[static_cast<std::size_t>(s)];
        return s;
      };
      for (GrammarArc& arc : grammar_.arcs) arc.target = to(arc.target);
      for (std::int32_t& target : grammar_.backoff) target = to(target);
      start_ = to(start_);
      grammar_.empty = to(grammar_.empty);
    }
  }

  // Numbers the states that can be reached, breadth first from the start, and leaves out the
  // others.
  void number_states() {
    const std::size_t count = grammar_.num_states();
    std::vector<std::int32_t> number(count, -1), queue;
    const auto reach = [&](std::int32_t s) {
      if (s < 0 || number[static_cast<std::size_t>(s)] >= 0) return;
      number[static_cast<std::size_t>(s)] = static_cast<std::int32_t>(queue.size());
      queue.push_back(s);
    };
    reach(start_);
    std::size_t arcs = 0;
    for (std::size_t i = 0; i < queue.size(); ++i) {
      const auto s = static_cast<std::size_t>(queue[i]);
      arcs += grammar_.first[s + 1] - grammar_.first[s];
      for (std::uint32_t k = grammar_.first[s]; k < grammar_.first[s + 1]; ++k)
        reach(grammar_.arcs[k].target);
      reach(grammar_.backoff[s]);
    }
    Grammar old = std::move(grammar_);
    grammar_ = Grammar{};
    grammar_.report = std::move(old.report);
    grammar_.report.unreachable_states =
        static_cast<std::int64_t>(count - queue.size()) - grammar_.report.merged_states;
    grammar_.arcs.reserve(arcs);
    grammar_.first.push_back(0);
    for (const std::int32_t id : queue) {
      const auto s = static_cast<std::size_t>(id);
      for (std::uint32_t k = old.first[s]; k < old.first[s + 1]; ++k) {
        GrammarArc arc = old.arcs[k];
        arc.target = number[static_cast<std::size_t>(arc.target)];
        grammar_.arcs.push_back(arc);
      }
      grammar_.first.push_back(static_cast<std::uint32_t>(grammar_.arcs.size()));
      const std::int32_t backoff = old.backoff[s];
      grammar_.backoff.push_back(backoff < 0 ? -1 : number[static_cast<std::size_t>(backoff)]);
      grammar_.backoff_cost.push_back(old.backoff_cost[s]);
      grammar_.final_cost.push_back(old.final_cost[s]);
    }
    grammar_.empty = number[static_cast<std::size_t>(old.empty)];
  }

 private:
  // p(word | history) by the rule, as a cost; used for words that are listed somewhere below.
  double word_cost(std::int32_t history, std::uint32_t word) const {
    double total = 0.0;
    for (;; history = histories_.suffix[static_cast<std::size_t>(history)]) {
      const auto node = static_cast<std::size_t>(history);
      const auto begin = listed_.arcs.begin() + listed_.first[node];
      const auto end = listed_.arcs.begin() + listed_.first[node + 1];
      const auto found = std::lower_bound(
          begin, end, word, [](const GrammarArc& arc, std::uint32_t w) { return arc.word < w; });
      if (found != end && found->word == word) return total + found->cost;
      if (history == 0) return static_cast<double>(kInfinity);
      total += histories_.backoff[node];
    }
  }

  double final_cost(std::int32_t history) const {
    double total = 0.0;
    for (;; history = histories_.suffix[static_cast<std::size_t>(history)]) {
      const auto node = static_cast<std::size_t>(history);
      if (histories_.final_cost[node] != kInfinity) return total + histories_.final_cost[node];
      if (history == 0) return static_cast<double>(kInfinity);
      total += histories_.backoff[node];
    }
  }

  // A state ends a sentence at the cheapest price over its backoffs, so that a decoder need not
  // follow them after the last frame. Backoffs lead to shorter histories: no cycle.
  void fold_final_costs() {
    std::vector<bool> done(grammar_.num_states(), false);
    std::vector<std::size_t> chain;
    for (std::size_t s = 0; s < grammar_.num_states(); ++s) {
      chain.clear();
      for (std::size_t at = s; !done[at]; at = static_cast<std::size_t>(grammar_.backoff[at])) {
        chain.push_back(at);
        done[at] = true;
        if (grammar_.backoff[at] < 0) break;
      }
      for (auto at = chain.rbegin(); at != chain.rend(); ++at) {
        const std::int32_t to = grammar_.backoff[*at];
        if (to >= 0)
          grammar_.final_cost[*at] = std::min(
              grammar_.final_cost[*at],
              grammar_.backoff_cost[*at] + grammar_.final_cost[static_cast<std::size_t>(to)]);
      }
    }
  }

  std::uint64_t hash(std::size_t s) const {
    std::uint64_t h = mix(
        pair_key(static_cast<std::uint32_t>(grammar_.backoff[s]), bits(grammar_.backoff_cost[s])) ^
        (std::uint64_t{bits(grammar_.final_cost[s])} << 16));
    for (std::uint32_t i = grammar_.first[s]; i < grammar_.first[s + 1]; ++i) {
      const GrammarArc& arc = grammar_.arcs[i];
      h = mix(h ^ pair_key(arc.word, bits(arc.cost))) + static_cast<std::uint32_t>(arc.target);
    }
    return mix(h) >> 1;  // never PairTable's reserved key
  }

  bool equal(std::size_t a, std::size_t b) const {
    const std::uint32_t count = grammar_.first[a + 1] - grammar_.first[a];
    if (count != grammar_.first[b + 1] - grammar_.first[b] ||
        grammar_.backoff[a] != grammar_.backoff[b] ||
        grammar_.backoff_cost[a] != grammar_.backoff_cost[b] ||
        grammar_.final_cost[a] != grammar_.final_cost[b])
      return false;
    const GrammarArc *x = &grammar_.arcs[grammar_.first[a]], *y = &grammar_.arcs[grammar_.first[b]];
    return std::equal(x, x + count, y, [](const GrammarArc& p, const GrammarArc& q) {
      return p.word == q.word && p.cost == q.cost && p.target == q.target;
    });
  }

  Histories& histories_;
  const std::vector<std::int32_t>& classes_;
  Grammar& grammar_;
  Listed listed_;
  std::int32_t start_ = 0;
};

}  // namespace

Grammar build_grammar(const lm::ArpaModel& model, const Lexicon& lexicon,
                      const GrammarOptions& options, const std::string& name) {
  Grammar grammar;
  grammar.report.repairs = model.repairs;
  const bool map = options.unknown == Unknown::kMap;
  if ((map || options.missing_as_unk) && model.unk < 0)
    throw Error(ErrorKind::kArpa, "has no <unk>",
                "Train the model with <unk>, or leave unknown words out", name);
  const auto classes = classify(model, lexicon, options.missing_as_unk, &grammar.report);
  if (map && classes[static_cast<std::size_t>(model.unk)] < 0)
    throw Error(ErrorKind::kLexicon, "mapping unknown words to <unk> needs <unk> in the lexicon",
                "Add a line for <unk> with the tokens that stand for it");
  {
    Histories histories(model, classes, map, &grammar.report);
    if (map) map_oov_to_unk(histories, static_cast<std::uint32_t>(model.unk));
    grammar.report.has_sentence_start = histories.start >= 0;
    Builder builder(histories, classes, grammar);
    builder.unk_word = static_cast<std::int32_t>(model.unk);
    if (model.unk >= 0 && !model.orders.empty()) {
      const lm::NgramOrder& unigrams = model.orders.front();
      for (std::size_t i = 0; i < unigrams.size(); ++i)
        if (unigrams.words[i] == static_cast<std::uint32_t>(model.unk))
          grammar.report.unk_cost = -2.302585092994045684 * unigrams.log10_prob[i];
    }
    std::vector<std::uint32_t> missing;
    if (options.missing_as_unk)
      for (const std::string& word : grammar.report.words_without_lm)
        missing.push_back(static_cast<std::uint32_t>(
            std::lower_bound(lexicon.words.begin(), lexicon.words.end(), word) -
            lexicon.words.begin()));
    builder.list_arcs(missing);
    if (options.unknown == Unknown::kRenormalise) builder.renormalise();
    builder.keep_states();
    builder.merge_equal();
    builder.number_states();
  }
  if (grammar.arcs.empty())
    throw Error(ErrorKind::kArpa, "no word of the model is in the lexicon",
                "Check that both spell words alike (upper and lower case, script)", name);
  bool can_end = false;
  for (const float cost : grammar.final_cost) can_end |= cost != kInfinity;
  if (!can_end)
    throw Error(ErrorKind::kArpa, "has no </s>: no sentence could end",
                "Train the model with sentence ends", name);
  return grammar;
}

}  // namespace tlg::graph
