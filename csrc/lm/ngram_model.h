// What the Python class NgramModel holds: a model's arrays, and the query structures, which are
// built when the first query comes. Not for: algorithms.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "lm/ngram_trie.h"
#include "lm/query/backoff_model.h"
#include "lm/query/successors.h"

namespace tlg::lm {

class NgramModel {
 public:
  explicit NgramModel(NgramTrie trie, std::vector<std::string> repairs = {})
      : trie_(std::move(trie)), repairs_(std::move(repairs)) {}

  const NgramTrie& trie() const { return trie_; }
  // What the reader of its file mended, one sentence each, with its line.
  const std::vector<std::string>& repairs() const { return repairs_; }
  std::vector<std::size_t> counts() const {
    std::vector<std::size_t> sizes;
    for (const NgramLevel& one : trie_.levels) sizes.push_back(one.size());
    return sizes;
  }
  const BackoffModel& queries() const {
    std::call_once(built_, [&] { queries_ = std::make_unique<BackoffModel>(trie_); });
    return *queries_;
  }
  const Successors& successors() const {
    std::call_once(listed_, [&] { successors_ = std::make_unique<Successors>(trie_); });
    return *successors_;
  }

 private:
  NgramTrie trie_;
  std::vector<std::string> repairs_;
  mutable std::once_flag built_, listed_;
  mutable std::unique_ptr<const BackoffModel> queries_;
  mutable std::unique_ptr<const Successors> successors_;
};

}  // namespace tlg::lm
