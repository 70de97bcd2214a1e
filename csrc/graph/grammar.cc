#include "graph/grammar.h"

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "fst/fst.h"
#include "graph/hash.h"
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

// Whether a word looks like the name of a class.
bool names_class(const std::string& word) {
  return word.size() > 2 && word.front() == '<' && word.back() == '>';
}

// LM word -> lexicon word, slot or other kind; fills the lists of words that only one side has.
std::vector<std::int32_t> classify(const lm::NgramTrie& model, const Lexicon& lexicon,
                                   std::vector<std::string>* slot_words, GrammarReport* report) {
  std::unordered_map<std::string_view, std::int32_t> index;
  index.reserve(lexicon.words.size() * 2);
  for (std::size_t i = 0; i < lexicon.words.size(); ++i)
    index.emplace(lexicon.words[i], static_cast<std::int32_t>(i));
  std::vector<bool> in_model(lexicon.words.size(), false);
  std::vector<std::int32_t> classes(model.vocabulary.size(), kOov);
  const auto add_slot = [slot_words](const std::string& word) {
    slot_words->push_back(word);
    return kFirstSlot - static_cast<std::int32_t>(slot_words->size() - 1);
  };
  if (model.unk >= 0) add_slot("<unk>");
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
      classes[i] = kFirstSlot;
    } else {
      report->words_without_pronunciation.push_back(model.vocabulary[i]);
      if (names_class(model.vocabulary[i])) classes[i] = add_slot(model.vocabulary[i]);
    }
  }
  for (std::size_t i = 0; i < in_model.size(); ++i)
    if (!in_model[i]) report->words_without_lm.push_back(lexicon.words[i]);
  return classes;
}

// Notes what `<unk>` costs; with `for_missing`, words that the model lacks get it after any
// history.
void add_unk(const lm::NgramTrie& model, const Lexicon& lexicon, bool for_missing,
             Histories* histories, GrammarReport* report) {
  const auto place = static_cast<std::size_t>(model.unk);
  report->unk_cost = -2.302585092994045684 * model.level(1).log10_prob[place];
  if (!for_missing) return;
  for (const std::string& word : report->words_without_lm) {
    const auto index =
        std::lower_bound(lexicon.words.begin(), lexicon.words.end(), word) - lexicon.words.begin();
    histories->ngrams.push_back({0, static_cast<std::uint32_t>(index),
                                 static_cast<float>(report->unk_cost),
                                 static_cast<std::int32_t>(place) + 1});
  }
}

class Builder {
 public:
  Builder(Histories& histories, Grammar& grammar) : histories_(histories), grammar_(grammar) {}

  // Removes states that only back off: what leads to one leads to where it backs off to, at its
  // price.
  void keep_states(const std::vector<std::uint32_t>& first,
                   const std::vector<std::uint32_t>& first_slot) {
    const std::size_t count = histories_.size();
    const auto start = static_cast<std::size_t>(std::max(histories_.start, 0));
    std::vector<std::int32_t> state(
        count);  // of the history, or of the first kept one it backs off to
    std::vector<float> extra(count, 0.0f);  // the price of getting there
    grammar_.first.assign(1, 0);
    grammar_.first_slot.assign(1, 0);
    for (std::size_t h = 0; h < count; ++h) {
      const auto shorter = static_cast<std::size_t>(histories_.suffix[h]);
      const bool backs_off = h != 0 && histories_.backoff[h] != kInfinity;
      const bool says_something = first[h] != first[h + 1] || first_slot[h] != first_slot[h + 1] ||
                                  histories_.final_cost[h] != kInfinity;
      if (backs_off && h != start && !says_something) {
        state[h] = state[shorter];
        extra[h] = histories_.backoff[h] + extra[shorter];
        ++grammar_.report.backoff_only_states;
        continue;
      }
      state[h] = static_cast<std::int32_t>(grammar_.num_states());
      grammar_.first.push_back(first[h + 1]);
      grammar_.first_slot.push_back(first_slot[h + 1]);
      grammar_.backoff.push_back(backs_off ? state[shorter] : -1);
      grammar_.backoff_cost.push_back(backs_off ? histories_.backoff[h] + extra[shorter] : 0.0f);
      // A sentence may end at the cheapest price over the backoffs, so that a decoder need not
      // follow them after the last frame.
      float final_cost = histories_.final_cost[h];
      if (backs_off)
        final_cost =
            std::min(final_cost, grammar_.backoff_cost.back() +
                                     grammar_.final_cost[static_cast<std::size_t>(state[shorter])]);
      grammar_.final_cost.push_back(final_cost);
    }
    const auto as_arcs = [&](const std::vector<Ngram>& ngrams, std::vector<GrammarArc>* arcs) {
      arcs->reserve(ngrams.size());
      for (const Ngram& ngram : ngrams) {
        const auto target = static_cast<std::size_t>(ngram.target);
        arcs->push_back({ngram.word, ngram.cost + extra[target], state[target]});
      }
    };
    as_arcs(histories_.ngrams, &grammar_.arcs);
    as_arcs(histories_.slots, &grammar_.slots);
    start_ = state[start];
    grammar_.empty = state[0];
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
      for (GrammarArc& slot : grammar_.slots) slot.target = to(slot.target);
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
    std::size_t arcs = 0, with_slots = 0;
    for (std::size_t i = 0; i < queue.size(); ++i) {
      const auto s = static_cast<std::size_t>(queue[i]);
      arcs += grammar_.first[s + 1] - grammar_.first[s];
      for (std::uint32_t k = grammar_.first[s]; k < grammar_.first[s + 1]; ++k)
        reach(grammar_.arcs[k].target);
      reach(grammar_.backoff[s]);
      for (; i + 1 == queue.size() && with_slots < queue.size(); ++with_slots) {
        const auto q = static_cast<std::size_t>(queue[with_slots]);
        for (std::uint32_t k = grammar_.first_slot[q]; k < grammar_.first_slot[q + 1]; ++k)
          reach(grammar_.slots[k].target);
      }
    }
    Grammar old = std::move(grammar_);
    grammar_ = Grammar{};
    grammar_.report = std::move(old.report);
    grammar_.slot_words = std::move(old.slot_words);
    grammar_.report.unreachable_states =
        static_cast<std::int64_t>(count - queue.size()) - grammar_.report.merged_states;
    grammar_.arcs.reserve(arcs);
    grammar_.first.push_back(0);
    grammar_.first_slot.push_back(0);
    const auto take = [&](const std::vector<GrammarArc>& from, std::uint32_t begin,
                          std::uint32_t end, std::vector<GrammarArc>* to) {
      for (; begin < end; ++begin) {
        GrammarArc arc = from[begin];
        arc.target = number[static_cast<std::size_t>(arc.target)];
        to->push_back(arc);
      }
      return static_cast<std::uint32_t>(to->size());
    };
    for (const std::int32_t id : queue) {
      const auto s = static_cast<std::size_t>(id);
      grammar_.first.push_back(take(old.arcs, old.first[s], old.first[s + 1], &grammar_.arcs));
      grammar_.first_slot.push_back(
          take(old.slots, old.first_slot[s], old.first_slot[s + 1], &grammar_.slots));
      const std::int32_t backoff = old.backoff[s];
      grammar_.backoff.push_back(backoff < 0 ? -1 : number[static_cast<std::size_t>(backoff)]);
      grammar_.backoff_cost.push_back(old.backoff_cost[s]);
      grammar_.final_cost.push_back(old.final_cost[s]);
    }
    grammar_.empty = number[static_cast<std::size_t>(old.empty)];
  }

 private:
  std::uint64_t hash(std::size_t s) const {
    std::uint64_t h = mix(
        pair_key(static_cast<std::uint32_t>(grammar_.backoff[s]), bits(grammar_.backoff_cost[s])) ^
        (std::uint64_t{bits(grammar_.final_cost[s])} << 16));
    const auto add = [&h](const GrammarArc& arc) {
      h = mix(h ^ pair_key(arc.word, bits(arc.cost))) + static_cast<std::uint32_t>(arc.target);
    };
    std::for_each(begin(grammar_.arcs, grammar_.first, s), end(grammar_.arcs, grammar_.first, s),
                  add);
    std::for_each(begin(grammar_.slots, grammar_.first_slot, s),
                  end(grammar_.slots, grammar_.first_slot, s), add);
    return mix(h) >> 1;  // never PairTable's reserved key
  }

  bool equal(std::size_t a, std::size_t b) const {
    if (grammar_.backoff[a] != grammar_.backoff[b] ||
        grammar_.backoff_cost[a] != grammar_.backoff_cost[b] ||
        grammar_.final_cost[a] != grammar_.final_cost[b])
      return false;
    const auto same = [a, b](const std::vector<GrammarArc>& arcs,
                             const std::vector<std::uint32_t>& first) {
      return std::equal(begin(arcs, first, a), end(arcs, first, a), begin(arcs, first, b),
                        end(arcs, first, b), [](const GrammarArc& p, const GrammarArc& q) {
                          return p.word == q.word && p.cost == q.cost && p.target == q.target;
                        });
    };
    return same(grammar_.arcs, grammar_.first) && same(grammar_.slots, grammar_.first_slot);
  }
  static const GrammarArc* begin(const std::vector<GrammarArc>& arcs,
                                 const std::vector<std::uint32_t>& first, std::size_t s) {
    return arcs.data() + first[s];
  }
  static const GrammarArc* end(const std::vector<GrammarArc>& arcs,
                               const std::vector<std::uint32_t>& first, std::size_t s) {
    return arcs.data() + first[s + 1];
  }

  Histories& histories_;
  Grammar& grammar_;
  std::int32_t start_ = 0;
};

}  // namespace

Grammar build_grammar(const lm::NgramTrie& model, const std::vector<std::string>& repairs,
                      const Lexicon& lexicon, const GrammarOptions& options,
                      const std::string& name) {
  Grammar grammar;
  GrammarReport& report = grammar.report;
  report.repairs = repairs;
  const bool map = options.unknown == Unknown::kMap;
  if ((map || options.missing_as_unk) && model.unk < 0)
    throw Error(ErrorKind::kArpa, "has no <unk>",
                "Train the model with <unk>, or leave unknown words out", name);
  const auto classes = classify(model, lexicon, &grammar.slot_words, &report);
  const auto unk = static_cast<std::size_t>(model.unk);
  if (map && classes[unk] < 0)
    throw Error(ErrorKind::kLexicon, "mapping unknown words to <unk> needs <unk> in the lexicon",
                "Add a line for <unk> with the tokens that stand for it");
  {
    Histories histories = list_histories(model, classes, map, &report);
    report.has_sentence_start = histories.start >= 0;
    if (model.unk >= 0) add_unk(model, lexicon, options.missing_as_unk, &histories, &report);
    if (map) map_oov_to_unk(static_cast<std::uint32_t>(classes[unk]), &histories);
    if (model.unk >= 0 && classes[unk] >= 0) {  // the lexicon has `<unk>`, as any other word
      for (const Ngram& ngram : histories.ngrams)
        if (ngram.word == static_cast<std::uint32_t>(classes[unk]))
          histories.slots.push_back({ngram.history, 0, ngram.cost, ngram.target});
    }
    const auto first = sort_ngrams(histories.size(), &histories.ngrams);
    const auto first_slot = sort_ngrams(histories.size(), &histories.slots);
    if (options.unknown == Unknown::kRenormalise) renormalise(first, &histories);
    Builder builder(histories, grammar);
    builder.keep_states(first, first_slot);
    histories = Histories();
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
