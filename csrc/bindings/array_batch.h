// A batch of utterances whose arrays belong to Python: they are kept until the utterance is taken.
// Not for: which threads decode what (decoder/batch.h).
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "bindings/frames.h"
#include "bindings/rows.h"
#include "bindings/signals.h"
#include "decoder/batch.h"

namespace tlg::bindings {

struct ArrayBatch {
  std::shared_ptr<const decoder::Decoder> decoder;
  decoder::Batch batch;
  std::map<std::int64_t, std::vector<pybind11::array>> kept;

  ArrayBatch(const std::shared_ptr<const decoder::Decoder>& shared,
             std::shared_ptr<const decoder::HotwordUse> hotwords, std::size_t threads,
             bool all_or_nothing)
      : decoder(shared), batch(shared, std::move(hotwords), threads, all_or_nothing) {}
  ~ArrayBatch() { stop(); }

  void add(std::int64_t number, const pybind11::object& input, bool logits, double tolerance) {
    decoder::Batch::Input one;
    std::vector<pybind11::array> arrays;
    const std::int32_t width = decoder->graph().options().num_tokens;
    one.is_dense = !pybind11::isinstance<pybind11::tuple>(input);
    if (one.is_dense) {
      arrays.push_back(input.cast<pybind11::array>());
      one.rows = rows_of(arrays.back(), logits, tolerance, 0);
      check_width(one.rows.num_tokens, width);
    } else {
      one.sparse = frames_of(input, width, &arrays);
    }
    kept[number] = std::move(arrays);
    batch.add(number, one);
  }

  std::int64_t wait(std::int64_t number) {
    const SignalPulse pulse;
    const pybind11::gil_scoped_release release;
    for (;;) {
      const std::int64_t found = batch.wait(number, SignalPulse::kInterval, pulse);
      if (found != decoder::Batch::kNone) return found;
      pulse();
    }
  }

  decoder::Hypothesis take(std::int64_t number) {
    decoder::Hypothesis found = batch.take(number);
    kept.erase(number);
    return found;
  }

  void stop() {
    const pybind11::gil_scoped_release release;
    batch.stop();
  }
};

}  // namespace tlg::bindings
