// A graph with options, shared by any number of threads: each utterance borrows a Search and gives
// it back. Not for: utterances that come in pieces (stream.h).
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "decoder/lattice/lattice_result.h"
#include "decoder/path.h"
#include "decoder/search.h"

namespace tlg::decoder {

class Decoder {
 public:
  // `request`: what decode() adds to the best path; with any of it options.lattice_beam must be
  // above 0. Throws Error(kOption) for a value out of its range.
  Decoder(std::shared_ptr<const SearchGraph> graph, const SearchOptions& options,
          const SpanOptions& spans, const std::string& kernel = "auto",
          const LatticeRequest& request = {});

  const SearchGraph& graph() const { return *graph_; }
  const SearchOptions& options() const { return options_; }
  const SpanOptions& spans() const { return spans_; }
  // What results have beside the best path.
  const LatticeRequest& request() const { return request_; }
  // `pulse` is called now and then while a long utterance is searched; what it throws ends the
  // work.
  Hypothesis decode(const Frames& frames, const std::shared_ptr<const HotwordUse>& hotwords,
                    const std::function<void()>& pulse = {}) const;

  // A search of this graph for a while; to be given back.
  std::unique_ptr<Search> borrow() const;
  void give_back(std::unique_ptr<Search> search) const;
  // What the request adds to the best path of an utterance that is at its end. `frames` as
  // PendingLattice takes them.
  std::shared_ptr<const PendingLattice> examine(const Utterance& utterance, KeptFrames frames,
                                                const std::vector<std::int32_t>& best_words) const;

 private:
  Hypothesis decode_with(Search& search, const Frames& frames,
                         const std::shared_ptr<const HotwordUse>& hotwords,
                         const std::function<void()>& pulse = {}) const;
  // The best path and what the request adds.
  Hypothesis decode_more(Search& search, const Frames& frames,
                         const std::shared_ptr<const HotwordUse>& hotwords,
                         const std::function<void()>& pulse) const;
  std::shared_ptr<const PendingLattice> examine(RawLattice raw, KeptFrames frames,
                                                const std::shared_ptr<const HotwordUse>& hotwords,
                                                const std::vector<std::int32_t>& best_words) const;

  std::shared_ptr<const SearchGraph> graph_;
  SearchOptions options_;
  SpanOptions spans_;
  LatticeRequest request_;
  AdvanceFunction kernel_;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<Search>> idle_;
};

}  // namespace tlg::decoder
