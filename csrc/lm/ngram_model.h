// What the Python class NgramModel holds: a model's arrays, and the query structure, which is built
// when the first query comes. Not for: algorithms.
#pragma once

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "lm/arpa.h"
#include "lm/model.h"

namespace tlg::lm {

class NgramModel {
 public:
  NgramModel(ArpaModel arpa, NgramLinks links) : arpa_(std::move(arpa)), links_(std::move(links)) {}

  const ArpaModel& arpa() const { return arpa_; }
  std::vector<std::size_t> counts() const {
    std::vector<std::size_t> sizes;
    for (const NgramOrder& one : arpa_.orders) sizes.push_back(one.size());
    return sizes;
  }
  const NgramLinks& links() const { return links_; }
  const BackoffModel& queries() const {
    std::call_once(built_, [&] { queries_ = std::make_unique<BackoffModel>(arpa_, links_); });
    return *queries_;
  }

 private:
  ArpaModel arpa_;
  NgramLinks links_;
  mutable std::once_flag built_;
  mutable std::unique_ptr<const BackoffModel> queries_;
};

}  // namespace tlg::lm
