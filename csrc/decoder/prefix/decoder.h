// Prefix beam search for any number of threads: a model with options, and the searches it lends.
// Not for: posteriors that are not checked (the bindings and Python do), texts.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "decoder/prefix/result.h"

namespace tlg::decoder::prefix {

class Decoder {
 public:
  Decoder(std::shared_ptr<const Model> model, const Options& options)
      : model_(std::move(model)), options_(options) {}

  const Model& model() const { return *model_; }
  // The n best of each input, in their order; the same for any number of threads. Of no frames, the
  // empty hypothesis. `pulse` is called now and then by the caller's thread; what it throws ends
  // the work.
  std::vector<std::vector<Hypothesis>> decode_batch(
      const std::vector<Frames>& batch, const std::shared_ptr<const HotwordUse>& hotwords,
      std::size_t nbest, std::size_t threads, const std::function<void()>& pulse = {}) const;

  // A search, started; to be given back, or kept.
  std::unique_ptr<Search> borrow(const std::shared_ptr<const HotwordUse>& hotwords) const;
  void give_back(std::unique_ptr<Search> search) const;

 private:
  std::shared_ptr<const Model> model_;
  Options options_;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<Search>> idle_;
};

// An utterance that comes in pieces; the result does not depend on how it is cut. One thread at a
// time, which the caller sees to.
class Stream {
 public:
  Stream(std::shared_ptr<const Decoder> decoder, std::shared_ptr<const HotwordUse> hotwords)
      : decoder_(std::move(decoder)), search_(decoder_->borrow(hotwords)) {}

  void push(const Frames& frames) { search_->advance(frames); }
  // As if the utterance ended now.
  std::vector<Hypothesis> best(std::size_t nbest) { return read_best(search_.get(), nbest); }
  std::size_t num_nodes() const { return search_->tree().size(); }
  std::size_t num_traces() const { return search_->traces().size(); }

 private:
  std::shared_ptr<const Decoder> decoder_;
  std::unique_ptr<Search> search_;
};

}  // namespace tlg::decoder::prefix
