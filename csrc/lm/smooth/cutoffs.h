// Which n-grams a model will have: thresholds on counts, limited and closed vocabularies.
// Not for: entropy pruning (lm/change).
#pragma once

#include <cstdint>
#include <vector>

#include "lm/count/count_trie.h"
#include "lm/smooth/smooth.h"
#include "util/array.h"

namespace tlg::lm {

enum class Keep : std::uint8_t {
  kDropped,
  kListed,  // in the model because it is a part of another n-gram, but without its own count
  kOwn,
};

// For each order, one for each node; empty if all n-grams are kept with their counts.
// Invariant: the context and the parent of what is not dropped are not dropped; <s> and </s> are
// kept, and so is <unk> where the vocabulary is open.
using Cutoffs = std::vector<util::Array<Keep>>;

// Of a trie made from this corpus. `occurs`: the trie holds occurrences (it may have been changed
// so), not adjusted counts. `contexts[k - 1]` are those of order k; needed only for
// PruneCounts::kAdjusted.
Cutoffs find_cutoffs(const CountTrie& trie, bool occurs, const Corpus& corpus,
                     const std::vector<util::Array<std::uint32_t>>& contexts,
                     const SmoothingOptions& options);

// Leaves what is dropped out of a model whose nodes are those of the count trie.
void leave_out(const Cutoffs& cutoffs, util::Workspace* workspace, NgramTrie* trie);

}  // namespace tlg::lm
