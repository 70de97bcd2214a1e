// What each method takes from a count, learnt from how many n-grams have the count 1, 2, ...
// Not for: methods that take nothing from single counts (Witten-Bell, add-k, ...).
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "lm/smooth/smooth.h"

namespace tlg::lm {

// Takes nothing, or fixed amounts from small counts; in units of ContextTable::kUnit.
class Discounts {
 public:
  Discounts() = default;
  // `removed` from the counts 1, 2, ...; the last from all higher counts too.
  explicit Discounts(const std::vector<double>& removed) {
    for (const double one : removed)
      removed_.push_back(static_cast<std::uint64_t>(one * 4294967296.0 + 0.5));
  }

  std::uint64_t operator()(std::uint32_t count) const {
    return removed_[std::min<std::size_t>(count, removed_.size() - 1)];
  }

 private:
  std::vector<std::uint64_t> removed_ = {0};  // from the counts 0, 1, ...
};

struct FoundDiscounts {
  Discounts discounts;
  OrderReport report;
};

// Of order k, whose n-grams have these counts. `last` is CountTrie::last_raw_count of the order if
// it is to be used, else 0. `all_words`: k is 1 and every word the model will have occurs, so that
// nothing needs to be taken. Throws Error(kText) where discounts fail and there is no fallback.
FoundDiscounts find_discounts(const util::Array<std::uint32_t>& counts, int k, std::uint32_t last,
                              bool all_words, const SmoothingOptions& options);

}  // namespace tlg::lm
