// Utterances decoded on several threads: added in any order and number, taken one by one as they
// are done. A thread that is free, the caller's too, takes the utterance that has waited longest,
// so that none is idle while there is work. Not for: in which order to add them and how many at a
// time, nor Python's objects, which the arrays belong to.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "decoder/decoder.h"
#include "decoder/intake.h"

namespace tlg::decoder {

class Batch {
 public:
  struct Input {
    bool is_dense = true;
    Rows rows;      // dense: still to be checked
    Frames sparse;  // sparse: has been
  };

  // On at most `threads` threads, the caller's among them: it works in wait(). `all_or_nothing`:
  // once an utterance has failed, those with lower numbers are only checked, not decoded; those
  // with higher numbers are dropped in any case.
  Batch(std::shared_ptr<const Decoder> decoder, std::shared_ptr<const HotwordUse> hotwords,
        std::size_t threads, bool all_or_nothing);
  // stop()s.
  ~Batch();
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  // Each number once, 0 or more. The arrays must live until the utterance is taken, or stop()
  // returns.
  void add(std::int64_t number, const Input& input);
  // Returns the number of a finished utterance that was not taken yet; kNone if there was none
  // after the caller's thread has decoded one or, where there was none to decode, waited for
  // `patience`. `number` asks for one utterance, kNone for any. `pulse` is called now and then;
  // what it throws comes through.
  std::int64_t wait(std::int64_t number, std::chrono::milliseconds patience,
                    const std::function<void()>& pulse = {});
  // Of any, as in wait(); without waiting.
  bool is_done(std::int64_t number) const;
  // Utterances that no thread has taken up.
  std::size_t num_waiting() const;
  // Gives up the result of a finished utterance, or throws what went wrong with it.
  Hypothesis take(std::int64_t number);
  // Drops what waits, breaks off what is under way, and returns when no thread works any more.
  void stop();

  static constexpr std::int64_t kNone = -1;

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with the threads
};

}  // namespace tlg::decoder
