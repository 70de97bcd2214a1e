// A graph with options, shared by any number of threads: each utterance borrows a Search and gives
// it back. Not for: utterances that come in pieces (stream.h).
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "decoder/path.h"
#include "decoder/search.h"

namespace tlg::decoder {

class Decoder {
 public:
  // Throws Error(kOption) for a value out of its range.
  Decoder(std::shared_ptr<const SearchGraph> graph, const SearchOptions& options,
          const SpanOptions& spans, const std::string& kernel = "auto");

  const SearchGraph& graph() const { return *graph_; }
  const SearchOptions& options() const { return options_; }
  const SpanOptions& spans() const { return spans_; }
  Hypothesis decode(const Frames& frames, const std::shared_ptr<const HotwordUse>& hotwords) const;
  // Results in the order of the inputs, the same for any number of threads.
  std::vector<Hypothesis> decode_batch(const std::vector<Frames>& batch,
                                       const std::shared_ptr<const HotwordUse>& hotwords,
                                       std::size_t threads) const;

  // A search of this graph for a while; to be given back.
  std::unique_ptr<Search> borrow() const;
  void give_back(std::unique_ptr<Search> search) const;

 private:
  Hypothesis decode_with(Search& search, const Frames& frames,
                         const std::shared_ptr<const HotwordUse>& hotwords) const;

  std::shared_ptr<const SearchGraph> graph_;
  SearchOptions options_;
  SpanOptions spans_;
  AdvanceFunction kernel_;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<Search>> idle_;
};

}  // namespace tlg::decoder
