// A backoff n-gram model in plain arrays: the form in which training leaves it, files are read and
// written, and models are pruned, mixed and turned into something to query.
// It is a trie over reversed n-grams: the children of a node are its one-word extensions to the
// LEFT, so the parent of "a b c" is its suffix "b c". Its context "a b" is found through `context`.
// log10 lives in ARPA files and in this struct alone; everything else in tlg uses nats.
// Not for: querying (lm/query), files (lm/files), training (lm/count, lm/smooth).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lm/word_table.h"
#include "util/array.h"

namespace tlg::lm {

// "Never": what SRILM writes for log 0. A file's -inf becomes this, so that no infinity is held.
inline constexpr float kLog10Zero = -99.0f;

using NodeId = std::uint32_t;

// All n-grams of one order k. Nodes are in suffix order: by the last word, then the word before it,
// and so on; that is the order of lmplz's files.
struct NgramLevel {
  util::Array<WordId> word;         // the oldest word; empty for k = 1, where node = word id
  util::Array<NodeId> context;      // without its last word, a node of order k - 1; empty for k = 1
  util::Array<NodeId> first_child;  // of each node and one past the end; empty for the top order
  util::Array<float> log10_prob;
  util::Array<float> log10_backoff;  // empty for the top order

  std::size_t size() const { return log10_prob.size(); }
};

// Invariants (check() walks them): nodes in suffix order, none twice; first_child of order k ends
// with the size of order k + 1; the suffix (parent) and the context of every n-gram are in the
// model; no value is NaN or infinite; log10_prob is at most 0.
struct NgramTrie {
  std::vector<std::string> vocabulary;  // the word of an id
  std::vector<NgramLevel> levels;       // levels[k - 1]
  // Ids of the special words, -1 where the model lacks them ("<s>", "</s>", "<unk>" or "<UNK>").
  std::int64_t bos = -1, eos = -1, unk = -1;

  int order() const { return static_cast<int>(levels.size()); }
  const NgramLevel& level(int k) const { return levels[static_cast<std::size_t>(k) - 1]; }
};

// Throws Error(kArpa) that names the first invariant that does not hold.
void check(const NgramTrie& trie);

// Finds `name` among the words and sets bos, eos and unk; "<UNK>" counts where there is no "<unk>".
void name_specials(NgramTrie* trie);

// Walks the nodes of one order from the first to the last, with the words of each.
//   for (LevelWalk at(trie, k); !at.done(); at.next()) use(at.node(), at.words());
class LevelWalk {
 public:
  // From the given node on, which may be one past the last.
  LevelWalk(const NgramTrie& trie, int k, std::size_t start = 0);

  bool done() const { return at_.back() == trie_->level(order_).size(); }
  void next();
  NodeId node() const { return at_.back(); }
  // The node of order k - 1 that is this one without its oldest word; only for k > 1.
  NodeId parent() const { return at_[at_.size() - 2]; }
  // k words, the oldest first.
  const WordId* words() const { return words_.data(); }

 private:
  void settle();

  const NgramTrie* trie_;
  int order_;
  std::vector<NodeId> at_;     // at_[j - 1]: the ancestor of order j; the last one is the node
  std::vector<WordId> words_;  // words_[order_ - j]: the oldest word of at_[j - 1]
};

}  // namespace tlg::lm
