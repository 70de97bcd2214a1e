// Prefix beam search over one utterance, frame by frame: for each prefix alive, the sum over all
// its alignments so far, apart for those that end with blank and those that do not, and its best
// alignment, for the frames of its tokens. Not for: texts and n-best lists (result.h).
//
// Exact where nothing is pruned: two ways to the same prefix always meet in one node. Of equal
// scores, the prefix that was reached first wins; prefixes are reached in the order of their
// parents, then of token ids, then of word ids.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "decoder/prefix/frame_row.h"
#include "decoder/prefix/scorer.h"
#include "decoder/prefix/tree.h"

namespace tlg::decoder::prefix {

inline constexpr std::uint32_t kNoTrace = 0xffffffffu;

// The frames of a token, and those before it in the same prefix.
struct Trace {
  std::uint32_t previous;
  std::uint32_t start, end;
};

// How likely a prefix is. Sums over its alignments that end with blank (b) and with its last token
// (nb), times 2^(300 * exponent); and the greatest term of each, with an exponent of its own,
// because in time a sum outgrows its terms by any factor.
struct Sums {
  double b = 0, nb = 0;
  double best_b = 0, best_nb = 0;
  std::int32_t exponent = 0, best_exponent = 0;
  double am = 0;  // log of b + nb
};

// A prefix that is alive: what does not change with every frame.
struct Entry {
  double bonus;  // of the node
  NodeId node, parent;
  std::int32_t token;                     // of the node
  std::uint32_t nb_trace, nb_start;       // of best_nb: the tokens before; where the last begins
  std::uint32_t b_trace, b_start, b_end;  // of best_b
  std::uint32_t b_record;                 // a Trace of b_trace, b_start, b_end, or kNoTrace
  float gains[4];                         // Scorer::bounds
  float most_gain;                        // the greatest of them
};

class Search {
 public:
  // Both must outlive the search, and the model what start() is given.
  Search(const Model& model, const Options& options);

  // Begins an utterance.
  void start(std::shared_ptr<const HotwordUse> hotwords);
  // Frames of `num_tokens` columns, checked. What follows a frame that no prefix survives is not
  // searched.
  void advance(const Frames& frames);
  // Drops what the utterance holds on to.
  void forget();

  // The prefixes alive, and how likely each of them is.
  const std::vector<Entry>& beam() const { return beam_; }
  const std::vector<Sums>& sums() const { return sums_; }
  Tree& tree() { return tree_; }
  const Scorer& scorer() const { return *scorer_; }
  const Options& options() const { return options_; }
  const std::vector<Trace>& traces() const { return traces_; }
  std::int64_t num_frames() const { return frame_; }
  // Whether no prefix survived the frame behind these.
  bool is_dead() const { return dead_; }

 private:
  // A prefix with a new token.
  struct Candidate {
    double score;
    std::size_t place;  // of its parent
    NodeId node;        // kNoNode: `child` is to be added to the tree
    Node child;
  };
  // Where the best alignments of a prefix that stays come from.
  struct Origin {
    std::uint32_t parent;  // nb_enters: place
    bool b_from_nb, nb_enters;
  };

  void advance_frame(const Frames& frames, std::int32_t t);
  double keep_all();
  void extend_all();
  void extend(std::size_t place, std::int32_t token, double token_score);
  void extend_hotword(std::size_t place, std::uint32_t state);
  void try_end(std::size_t place, std::int32_t token, std::uint32_t ends, double am);
  void know_end(std::size_t place);
  void set_bounds(Entry* entry) const;
  void select();
  void move_traces(std::size_t place);
  void add(const Candidate& one);
  // Whether the best alignment that goes on with `token` has a blank before it.
  bool after_blank(std::size_t place, std::int32_t token) const {
    return beam_[place].token == token || sums_[place].best_b >= sums_[place].best_nb;
  }
  std::uint32_t record(std::size_t place, bool after_blank);
  void compact();
  // The place of a node in the beam; kNowhere if it is not there.
  static constexpr std::size_t kNowhere = ~std::size_t{0};
  std::size_t place_of(NodeId node) const {
    const std::size_t place = tree_.place(node);
    return place < beam_.size() && beam_[place].node == node ? place : kNowhere;
  }

  const Model& model_;
  Options options_;
  std::shared_ptr<const HotwordUse> hotwords_;
  std::unique_ptr<Scorer> scorer_;
  Tree tree_;
  std::vector<Entry> beam_;
  std::vector<Sums> sums_;   // of the frame before
  std::vector<Sums> stays_;  // one frame on, without a new token
  std::vector<Origin> origins_;
  std::vector<double> stay_scores_;
  std::vector<Candidate> candidates_;  // the first spare_ count
  std::size_t spare_ = 0;
  std::vector<Entry> added_;
  std::vector<Sums> added_sums_;
  std::vector<Trace> traces_;
  std::uint32_t frame_ = 0;
  bool dead_ = false;
  std::size_t compact_at_ = 0;

  // The frame in hand.
  FrameRow row_;
  std::vector<std::uint8_t> token_kinds_;
  double best_of_kind_[4];
  double threshold_ = 0, best_ = 0;
  std::vector<double> scratch_;
  std::vector<std::uint32_t> nb_record_;  // place -> record made in this frame
  std::vector<std::uint8_t> stays_kept_;
};

}  // namespace tlg::decoder::prefix
