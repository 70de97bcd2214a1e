// What the Python class NgramModel holds: a model as a trie, as a query structure, or as both, and
// what follows each context. Each is made from another when it is first asked for.
// Not for: algorithms.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "lm/ngram_trie.h"
#include "lm/query/backoff_model.h"
#include "lm/query/query_model.h"
#include "lm/query/successors.h"

namespace tlg::lm {

class NgramModel {
 public:
  explicit NgramModel(NgramTrie trie, std::vector<std::string> repairs = {})
      : trie_(std::make_unique<NgramTrie>(std::move(trie))), repairs_(std::move(repairs)) {
    std::call_once(expanded_, [] {});
  }
  explicit NgramModel(std::unique_ptr<const QueryModel> queries) : queries_(std::move(queries)) {
    std::call_once(built_, [] {});
    counts_.assign(queries_->counts().begin(), queries_->counts().end());
  }

  const NgramTrie& trie() const {
    std::call_once(expanded_, [&] { trie_ = std::make_unique<NgramTrie>(queries_->expand()); });
    return *trie_;
  }
  const QueryModel& queries() const {
    std::call_once(built_, [&] { queries_ = std::make_unique<BackoffModel>(*trie_); });
    return *queries_;
  }
  // The query structure that it came as; empty if it came as a trie.
  std::string structure() const { return counts_.empty() ? "" : queries_->structure(); }
  const Successors& successors() const {
    std::call_once(listed_, [&] { successors_ = make_successors(queries()); });
    return *successors_;
  }
  // What the reader of its file mended, one sentence each, with its line.
  const std::vector<std::string>& repairs() const { return repairs_; }
  std::vector<std::size_t> counts() const {
    if (!counts_.empty()) return counts_;
    std::vector<std::size_t> sizes;
    for (const NgramLevel& one : trie_->levels) sizes.push_back(one.size());
    return sizes;
  }
  std::vector<std::string> vocabulary() const {
    return counts_.empty() ? trie_->vocabulary : queries_->words().words();
  }

 private:
  std::vector<std::size_t> counts_;  // of a model that came as a query structure
  mutable std::once_flag built_, expanded_, listed_;
  mutable std::unique_ptr<const NgramTrie> trie_;
  mutable std::unique_ptr<const QueryModel> queries_;
  mutable std::unique_ptr<const Successors> successors_;
  std::vector<std::string> repairs_;
};

}  // namespace tlg::lm
