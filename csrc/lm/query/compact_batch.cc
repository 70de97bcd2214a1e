// Scoring many sequences at once on a compact trie: each lane follows one of them and does half a
// step of its search before it is the next lane's turn. What a lane will read next is fetched from
// memory in the meantime.
#include "lm/query/compact_model.h"
#include "lm/query/lanes.h"
#include "util/prefetch.h"

namespace tlg::lm {

struct CompactModel::Lane : LanePlace {
  Context context, next;
  int k;  // next.node[k] is known
  std::uint32_t rank, ranks;
  ChildBits::Range range;  // the children of context.node[k], once `ranged`
  bool ranged;
};

class CompactModel::Lanes : public LaneRunner<Lanes, Lane, 8> {
 public:
  Lanes(const CompactModel& model, const LmBatch& batch)
      : LaneRunner(batch), model_(model), trie_(model.trie_) {}

  void start(Lane* lane, LmState state) {
    lane->context = model_.unpack(state);
    look(lane);
  }

  // Begins with the word that the lane is at.
  void look(Lane* lane) {
    const WordId word = model_.word_or_unk(batch_.words[lane->at]);
    lane->k = 1;
    lane->next.node[1] = lane->rank = word;
    lane->ranks = trie_.size(1);
    lane->ranged = false;
    if (word == kNoWord) return;
    util::prefetch(&trie_.unigrams.data()[word]);
    if (lane->context.length > 0) trie_.prefetch_children(1, lane->context.node[1]);
  }

  // Half a step; false if the lane has nothing more to do.
  bool step(Lane* lane) {
    Context& context = lane->context;
    if (lane->next.node[1] == kNoWord) {
      context = Context();
      return done(lane, {kLog10Zero * kLn10, 1, true});
    }
    if (lane->k > context.length) return finish(lane);
    if (!lane->ranged) {
      lane->range = trie_.children(lane->k, context.node[lane->k]);
      const Window window = window_of(lane->range, lane->rank, lane->ranks);
      if (window.size == 0) return finish(lane);
      trie_.level(lane->k + 1).prefetch(window.low + window.size / 2);
      lane->ranged = true;
      return true;
    }
    const std::uint32_t found = model_.search(lane->k + 1, lane->range, lane->rank, lane->ranks);
    if (found == lane->range.end) return finish(lane);
    lane->next.node[++lane->k] = found;
    lane->rank = found - lane->range.begin;
    lane->ranks = lane->range.end - lane->range.begin;
    lane->ranged = false;
    if (lane->k <= context.length) trie_.prefetch_children(lane->k, context.node[lane->k]);
    return true;
  }

  bool finish(Lane* lane) {
    return done(lane, model_.conclude(&lane->context, lane->next, lane->k));
  }

  bool done(Lane* lane, const Step& step) {
    batch_.hits[lane->at] = {step.score, static_cast<std::uint8_t>(step.order), step.zero};
    if (++lane->at < lane->end) {
      look(lane);
      return true;
    }
    batch_.states[lane->sequence] = model_.pack(lane->context);
    return take(lane);
  }

  const CompactModel& model_;
  const CompactTrie& trie_;
};

void CompactModel::score_all(const LmBatch& batch) const { Lanes(*this, batch).run(); }

}  // namespace tlg::lm
