// The prefixes of one utterance: nodes of a tree in one array, found by (parent, token, word).
// Not for: what they are worth (scorer.h), which of them are alive (search.h).
#pragma once

#include <cstdint>
#include <vector>

#include "decoder/prefix/lexicon.h"
#include "lm/lm_model.h"

namespace tlg::decoder::prefix {

using NodeId = std::uint32_t;
inline constexpr NodeId kNoNode = 0xffffffffu;

// The word that ends with a token, or in front of it: word + 1, or one of these.
inline constexpr std::uint32_t kNoEnd = 0;
inline constexpr std::uint32_t kOpenEnd = 0xffffffffu;  // a word that the lexicon lacks

// A prefix: that of `parent` and one token more. Plain data, within a cache line.
struct Node {
  NodeId parent = kNoNode;
  std::int32_t token = -1;  // -1: the empty prefix
  std::uint32_t ends = kNoEnd;
  LexState lex = kRoot;       // of the word that has not ended yet
  std::uint32_t hotword = 0;  // automaton state
  bool end_known = false;     // end_gain, end_lm: of the one word that can end here
  lm::LmState lm;
  double bonus = 0;  // all that is not sound: language model, words, hotwords with loans, lookahead
  double end_gain = 0;
  lm::LmState end_lm;
};
static_assert(sizeof(Node) <= 64);

// Invariant: a parent has a lower number than its children; node 0 is the empty prefix; no two
// nodes have the same parent, token and ending word.
class Tree {
 public:
  // Forgets all; in the time that one node takes.
  void clear();
  NodeId find(NodeId parent, std::int32_t token, std::uint32_t ends) const;
  // Must not be there yet. Throws Error(kOption) beyond 4 billion nodes.
  NodeId add(const Node& node);

  Node& operator[](NodeId id) { return nodes_[id]; }
  const Node& operator[](NodeId id) const { return nodes_[id]; }
  std::size_t size() const { return nodes_.size(); }

  // Where a node is in the beam; anything for a node that is not: look there whether it is.
  std::uint32_t& place(NodeId id) { return places_[id]; }
  std::uint32_t place(NodeId id) const { return places_[id]; }

  // Drops the nodes that neither are `alive` nor lead to one that is, keeps the order of the others
  // and renumbers them, also in *alive.
  void compact(std::vector<NodeId*>* alive);

 private:
  struct Slot {
    std::uint32_t epoch = 0;  // empty unless it is the tree's
    NodeId node = 0;
  };
  std::size_t slot_of(NodeId parent, std::int32_t token, std::uint32_t ends) const;
  void insert(NodeId id);
  void grow();

  std::vector<Node> nodes_;
  std::vector<std::uint32_t> places_;
  std::vector<Slot> slots_;  // a power of two of them, at most half full
  std::uint32_t epoch_ = 0;
};

}  // namespace tlg::decoder::prefix
