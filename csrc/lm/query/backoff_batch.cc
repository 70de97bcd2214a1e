// Scoring many sequences at once: each lane follows one of them, and looks at one bucket before it
// is the next lane's turn. What a lane will look at next is fetched from memory in the meantime.
#include <algorithm>

#include "lm/query/backoff_model.h"
#include "lm/query/lanes.h"
#include "util/prefetch.h"

namespace tlg::lm {

struct BackoffModel::Lane : LanePlace {
  std::uint32_t context;
  WordId word;
  float score;  // what backing off from longer contexts has cost
  NgramTable::Place place;
};

class BackoffModel::Lanes : public LaneRunner<Lanes, Lane, 16> {
 public:
  Lanes(const BackoffModel& model, const LmBatch& batch) : LaneRunner(batch), model_(model) {}

  void start(Lane* lane, LmState state) { look(lane, static_cast<std::uint32_t>(state.id)); }

  // Begins with the word that the lane is at.
  void look(Lane* lane, std::uint32_t context) {
    lane->word = model_.word_or_unk(batch_.words[lane->at]);
    lane->score = 0;
    fetch(lane, context);
  }

  void fetch(Lane* lane, std::uint32_t context) {
    lane->context = context;
    if (context) {
      lane->place = model_.table_.place(context, lane->word);
      model_.table_.prefetch(lane->place);
      util::prefetch(&model_.nodes_.data()[context]);
    } else if (lane->word != kNoWord) {
      util::prefetch(&model_.unigrams_.data()[lane->word]);
    }
  }

  // One look; false if the lane has nothing more to do.
  bool step(Lane* lane) {
    NgramTable::Found found{kLog10Zero, 0};
    if (lane->word == kNoWord) {
      lane->context = 0;
    } else if (!lane->context) {
      const Unigram& unigram = model_.unigrams_.data()[lane->word];
      found = {unigram.log10_prob, unigram.to};
    } else if (!model_.table_.find(lane->place, &found)) {
      lane->score += nats(model_.nodes_.data()[lane->context].log10_backoff);
      fetch(lane, model_.shorter(lane->context));
      return true;
    }
    batch_.hits[lane->at] = {lane->score + nats(found.log10_prob),
                             static_cast<std::uint8_t>(model_.order_after(lane->context)),
                             found.log10_prob <= kLog10Zero};
    const std::uint32_t to = model_.checked(found.to);
    if (++lane->at < lane->end) {
      look(lane, to);
      return true;
    }
    batch_.states[lane->sequence] = {to};
    return take(lane);
  }

  const BackoffModel& model_;
};

void BackoffModel::score_all(const LmBatch& batch) const { Lanes(*this, batch).run(); }

}  // namespace tlg::lm
