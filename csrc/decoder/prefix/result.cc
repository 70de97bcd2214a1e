#include "decoder/prefix/result.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <unordered_set>
#include <utility>

#include "decoder/prefix/scaled.h"

namespace tlg::decoder::prefix {
namespace {

struct Last {
  std::size_t place;   // in the beam
  std::uint32_t ends;  // the word that ends with the utterance
  bool complete;
  double score;
};

std::vector<Last> all_ends(Search* search) {
  const Scorer& scorer = search->scorer();
  Tree& tree = search->tree();
  std::vector<Last> found;
  bool any_complete = false;
  for (std::size_t place = 0; place < search->beam().size(); ++place) {
    const Entry& entry = search->beam()[place];
    const double so_far = search->sums()[place].am + entry.bonus;
    if (!(so_far > -INFINITY)) continue;
    bool can_end = false;
    scorer.for_each_last(tree[entry.node], [&](std::uint32_t ends) {
      const double score = so_far + scorer.finish(&tree, entry.node, ends);
      if (!(score > -INFINITY)) return;
      can_end = any_complete = true;
      found.push_back({place, ends, true, score});
    });
    if (!can_end)
      found.push_back({place, kNoEnd, false, so_far - scorer.expected(tree[entry.node])});
  }
  if (any_complete)
    found.erase(
        std::remove_if(found.begin(), found.end(), [](const Last& l) { return !l.complete; }),
        found.end());
  // Equal scores: the order of the beam.
  std::stable_sort(found.begin(), found.end(),
                   [](const Last& a, const Last& b) { return a.score > b.score; });
  return found;
}

// The words of a path, told by where they end.
std::vector<Word> read_words(const Search& search, const Tree& tree,
                             const std::vector<NodeId>& path, const Last& last) {
  const ModelOptions& options = search.scorer().model().options();
  std::vector<Word> words;
  const auto size = static_cast<std::int32_t>(path.size());
  if (options.mode == WordMode::kTokens) {
    for (std::int32_t i = 0; i < size; ++i) words.push_back({-1, i, i + 1, false});
    return words;
  }
  std::int32_t first = 0;
  const auto end = [&](std::uint32_t ends, std::int32_t behind) {
    if (ends == kNoEnd) return;
    words.push_back(
        {ends == kOpenEnd ? -1 : static_cast<std::int32_t>(ends - 1), first, behind, false});
  };
  for (std::int32_t i = 0; i < size; ++i) {
    const Node& node = tree[path[static_cast<std::size_t>(i)]];
    if (options.mode == WordMode::kLexicon) {
      end(node.ends, i + 1);
      if (node.ends != kNoEnd) first = i + 1;
      continue;
    }
    if (!search.scorer().model().ends_word(node.token)) continue;
    end(node.ends, i);
    first = node.token == options.separator ? i + 1 : i;
  }
  if (last.complete)
    end(last.ends, size);
  else if (first < size)
    words.push_back({-1, first, size, false});
  return words;
}

// Two hypotheses with the same text have the same key.
std::string text_key(const Search& search, const Tree& tree, const std::vector<NodeId>& path,
                     const std::vector<Word>& words) {
  const Model& model = search.scorer().model();
  std::string key;
  for (const Word& word : words) {
    if (word.id >= 0) {
      key += model.lexicon().words()[static_cast<std::size_t>(word.id)];
    } else {
      for (std::int32_t i = word.first_token; i < word.end_token; ++i)
        key += model.options()
                   .texts[static_cast<std::size_t>(tree[path[static_cast<std::size_t>(i)]].token)];
    }
    key += '\n';
  }
  return key;
}

// The spans of the best alignment, from the traces.
std::vector<Span> read_spans(const Search& search, std::size_t place, std::size_t size) {
  const Entry& entry = search.beam()[place];
  const Sums& sums = search.sums()[place];
  std::vector<Span> spans(size);
  if (size == 0) return spans;
  const bool after_blank = sums.best_b >= sums.best_nb;
  std::size_t at = size - 1;
  spans[at] =
      after_blank ? Span{entry.b_start, entry.b_end} : Span{entry.nb_start, search.num_frames()};
  std::uint32_t trace = after_blank ? entry.b_trace : entry.nb_trace;
  while (at-- > 0) {
    const Trace& one = search.traces()[trace];
    spans[at] = {one.start, one.end};
    trace = one.previous;
  }
  return spans;
}

void add_terms(const Search& search, const Tree& tree, const std::vector<NodeId>& path,
               const Last& last, Hypothesis* found) {
  const Scorer& scorer = search.scorer();
  lm::LmState lm = scorer.lm_start();
  std::size_t number = 0;
  const auto add = [&](const Terms& terms) {
    found->lm_score += terms.lm;
    found->word_score += terms.words;
    found->unk_score += terms.unknown;
  };
  const auto add_word = [&](NodeId from, std::uint32_t ends) {
    const Terms terms = scorer.word_terms(tree, from, ends, &lm);
    add(terms);
    if (ends != kNoEnd) found->words[number++].unknown = terms.is_unknown;
  };
  for (const NodeId id : path) {
    add_word(tree[id].parent, tree[id].ends);
    add(scorer.token_terms(tree[id].token, &lm));
  }
  if (last.complete) {
    add_word(search.beam()[last.place].node, last.ends);
    found->lm_score += scorer.lm_finish(lm);
  }
}

Hypothesis read(Search* search, const Last& last, const std::vector<NodeId>& path,
                std::vector<Word> words) {
  const Tree& tree = search->tree();
  const Sums& sums = search->sums()[last.place];
  Hypothesis found;
  for (const NodeId id : path) found.tokens.push_back(tree[id].token);
  found.token_spans = read_spans(*search, last.place, path.size());
  found.words = std::move(words);
  found.partial = !last.complete || search->is_dead();
  found.num_frames = search->num_frames();
  found.search_score = last.score;
  found.am_score = std::log(sums.b + sums.nb) + sums.exponent * kStepLog;
  add_terms(*search, tree, path, last, &found);
  if (const HotwordUse* use = search->scorer().hotwords()) {
    std::vector<hotwords::Unit> units;
    if (use->words) {
      for (const Word& word : found.words)
        if (word.id >= 0) units.push_back(word.id);
    } else {
      units.assign(found.tokens.begin(), found.tokens.end());
    }
    found.hotwords = use->automaton->find(units);
    for (const hotwords::Match& match : found.hotwords) found.hotword_score += match.reward;
  }
  found.score =
      found.am_score + found.lm_score + found.word_score + found.unk_score + found.hotword_score;
  return found;
}

}  // namespace

std::vector<Hypothesis> read_best(Search* search, std::size_t nbest) {
  std::vector<Hypothesis> best;
  std::unordered_set<std::string> texts;
  const Tree& tree = search->tree();
  for (const Last& last : all_ends(search)) {
    if (best.size() >= nbest) break;
    std::vector<NodeId> path;
    for (NodeId id = search->beam()[last.place].node; tree[id].token >= 0; id = tree[id].parent)
      path.push_back(id);
    std::reverse(path.begin(), path.end());
    std::vector<Word> words = read_words(*search, tree, path, last);
    if (nbest > 1 && !texts.insert(text_key(*search, tree, path, words)).second) continue;
    best.push_back(read(search, last, path, std::move(words)));
  }
  return best;
}

}  // namespace tlg::decoder::prefix
