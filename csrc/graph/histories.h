// The histories of a backoff model as a trie, read from an ArpaModel: the first step towards G.
// Costs are in nats. Not for: anything after the graph is built.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "graph/grammar.h"
#include "graph/hash.h"
#include "graph/lexicon.h"
#include "lm/arpa.h"

namespace tlg::graph {

// Word classes of LM words; values >= 0 are lexicon words.
constexpr std::int32_t kOov = -1, kBos = -2, kEos = -3, kUnkClass = -4;

struct TopNgram {  // an n-gram of the highest order
  std::int32_t history;
  std::uint32_t word;
  float cost;
};

struct OovNgram {  // an n-gram that ends in a word the lexicon lacks
  std::int32_t history;
  std::uint32_t word;
  double cost;
};

// Node 0 is the empty history. Invariant: parent(n) < n; after link(), suffix(n) is the longest
// proper suffix of n that is a node, and by_depth lists shorter histories first.
class Histories {
 public:
  Histories(const lm::ArpaModel& model, const std::vector<std::int32_t>& classes, bool keep_oov,
            GrammarReport* report);

  std::size_t size() const { return parent.size(); }
  std::int32_t child(std::int32_t node, std::uint32_t word) const;
  // The node of `word` after `node`, or after the longest suffix of it that has one; 0 if none has.
  std::int32_t extend(std::int32_t node, std::uint32_t word) const;
  // Sets the cost of `word` after `node`, adding the n-gram if it is not there. Call link()
  // afterwards.
  void set_cost(std::int32_t node, std::uint32_t word, float cost);
  void link();

  std::vector<std::int32_t> parent, suffix;
  std::vector<std::uint32_t> word;  // LM id of the last word
  std::vector<float> cost;          // of that word after parent
  std::vector<float> backoff;
  std::vector<float> final_cost;  // of `</s>` where listed, else kInfinity
  std::vector<std::uint8_t> depth;
  std::vector<std::int32_t> by_depth;
  std::vector<TopNgram> top;
  std::vector<OovNgram> oov;
  std::int32_t start = -1;  // the history `<s>`, -1 without one

 private:
  void add_order(const lm::NgramOrder& order, int k);
  std::int32_t add_node(std::int32_t history, std::uint32_t last, float node_cost,
                        float node_backoff);
  std::int32_t find(const std::uint32_t* words, int count) const;
  std::int32_t find_or_create(const std::uint32_t* words, int count);
  double backed_off_cost(const std::uint32_t* words, int count) const;

  const lm::ArpaModel& model_;
  const std::vector<std::int32_t>& classes_;
  const bool keep_oov_;
  GrammarReport* report_;
  std::vector<std::int32_t> unigram_;  // node of an LM word, -1 if it has none
  PairTable children_;                 // (node, word) -> node, for nodes deeper than the unigrams
};

}  // namespace tlg::graph
