// One utterance whose frames come in pieces. It keeps its tokens and the last few frames; the rest
// of a Search, which is large, it borrows from its decoder for each piece. Any number of streams
// can share a decoder, from any threads; one stream serves one thread at a time, which the caller
// sees to. Not for: checking the posteriors (the bindings do), endpoint rules (Python).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "decoder/decoder.h"
#include "decoder/lattice/stream_lattice.h"
#include "decoder/traceback.h"

namespace tlg::decoder {

struct FiredHotword {
  std::int32_t phrase;
  Span span;
  double reward;
};

// The best path so far, as if the utterance ended now but for the final cost.
struct PartialPath {
  Hypothesis path;  // of its tokens and words those from these on:
  std::int64_t first_token = 0, first_word = 0;
  std::int64_t num_stable_words = 0;  // of all, from the first on
  // Those from first_hotword on; the others, and the words before first_word, Stream::words() and
  // its like tell: their frames are known for good.
  std::vector<FiredHotword> hotwords;
  std::int64_t first_hotword = 0, num_stable_hotwords = 0;
  std::int64_t sound_end = 0;  // the frame behind the last token that is no silence; 0: none
  double relative_cost = 0;    // what ending here would cost, beyond this path's cost
};

class Stream {
 public:
  // `silence`: columns beside blank that count as silence.
  Stream(std::shared_ptr<const Decoder> decoder, std::shared_ptr<const HotwordUse> hotwords,
         const std::vector<std::int32_t>& silence);

  void push(const Frames& frames);
  PartialPath partial();
  // The end of the utterance: the result of Decoder::decode for all frames. Only reset() may
  // follow.
  Hypothesis finish();
  void reset(std::shared_ptr<const HotwordUse> hotwords);
  // Another list for the frames to come (hotwords/swap.h). Its phrases are numbered behind those of
  // the lists before. Throws Error(kOption): see Traceback::change_hotwords; or lattices are kept.
  void change_hotwords(std::shared_ptr<const HotwordUse> hotwords);

  std::int64_t num_pushed() const { return num_pushed_; }  // frames
  // What can no longer change, frames included: to what a partial's first_word and first_hotword
  // say.
  std::vector<std::int32_t> words(std::int64_t from, std::int64_t to) const;
  std::vector<Span> word_spans(std::int64_t from, std::int64_t to) const;
  std::vector<FiredHotword> hotwords(std::int64_t from, std::int64_t to) const;
  // What is kept, for tests of what bounds it. Of lattices it grows with them.
  std::size_t num_traces() const { return utterance_.traces.size(); }
  std::int32_t num_kept_frames() const { return window_.num_frames; }

 private:
  void search(Search* search, const Frames& frames);
  void keep(const Frames& frames);
  void settle(const Frames& frames, Utterance* utterance);
  // Whose traces are those of the best paths alone.
  const Utterance& paths();
  std::int64_t num_placed_hotwords() const;
  std::int64_t sound_end(const PartialPath& partial) const;

  std::shared_ptr<const Decoder> decoder_;
  std::vector<std::uint8_t> is_silence_;  // by column
  Utterance utterance_;
  Traceback traceback_;
  std::unique_ptr<StreamLattice> lattice_;  // null: the best path alone is asked for
  std::int64_t num_pushed_ = 0;
  // The frames since traceback_.settled_until(), of one kind, and their memory.
  Frames window_;
  std::vector<float> dense_, log_probs_, rest_;
  std::vector<std::int32_t> ids_;
};

}  // namespace tlg::decoder
