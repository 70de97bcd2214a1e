#include "lm/change/unite.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <utility>

#include "lm/context_index.h"
#include "lm/word_table.h"
#include "util/error.h"

namespace tlg::lm {
namespace {

// The ids of a model's words among all words.
std::vector<WordId> ids_among(const NgramTrie& all, const WordTable& table,
                              const NgramTrie& model) {
  std::vector<WordId> ids(model.vocabulary.size());
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = table.find(model.vocabulary[i]);
  const auto same = [&](std::int64_t here, std::int64_t there) {
    if (here >= 0) ids[static_cast<std::size_t>(here)] = static_cast<WordId>(there);
  };
  same(model.bos, all.bos);
  same(model.eos, all.eos);
  same(model.unk, all.unk);
  return ids;
}

void set_level(NgramTrie* all, int k, std::size_t size) {
  NgramLevel& level = all->levels[static_cast<std::size_t>(k) - 1];
  level.log10_prob = util::Array<float>(size, 0.0f);
  if (k < all->order()) level.log10_backoff = util::Array<float>(size, 0.0f);
  if (k > 1) {
    level.word = util::Array<WordId>(size);
    level.context = util::Array<NodeId>(size);
  }
}

}  // namespace

NgramTrie unite_words(const Models& models) {
  NgramTrie all;
  WordTable table;
  const auto special = [&](std::int64_t NgramTrie::* which) {
    for (const NgramTrie* model : models)
      if (model->*which >= 0) return model->vocabulary[static_cast<std::size_t>(model->*which)];
    return std::string();
  };
  const std::string bos = special(&NgramTrie::bos), eos = special(&NgramTrie::eos),
                    unk = special(&NgramTrie::unk);
  for (const NgramTrie* model : models)
    for (std::size_t i = 0; i < model->vocabulary.size(); ++i) {
      const auto id = static_cast<std::int64_t>(i);
      const std::string& word = id == model->bos   ? bos
                                : id == model->eos ? eos
                                : id == model->unk ? unk
                                                   : model->vocabulary[i];
      if (table.insert(word) == all.vocabulary.size()) all.vocabulary.push_back(word);
    }
  const auto id_of = [&](const std::string& word) {
    return word.empty() ? std::int64_t{-1} : static_cast<std::int64_t>(table.find(word));
  };
  all.bos = id_of(bos);
  all.eos = id_of(eos);
  all.unk = id_of(unk);
  all.levels.resize(1);
  set_level(&all, 1, all.vocabulary.size());
  return all;
}

NgramTrie unite(const Models& models) {
  NgramTrie all = unite_words(models);
  int order = 1;
  for (const NgramTrie* model : models) order = std::max(order, model->order());
  all.levels.resize(static_cast<std::size_t>(order));
  set_level(&all, 1, all.vocabulary.size());
  WordTable table;
  for (const std::string& word : all.vocabulary) table.insert(word);
  std::vector<std::vector<WordId>> words;
  for (const NgramTrie* model : models) words.push_back(ids_among(all, table, *model));
  std::vector<std::vector<NodeId>> below = words;  // [model][node]: the node of all, one order down
  for (int k = 2; k <= order; ++k) {
    // A node is its parent and its oldest word.
    std::vector<std::uint64_t> keys, own, both;
    for (std::size_t m = 0; m < models.size(); ++m) {
      if (k > models[m]->order()) continue;
      const NgramLevel& level = models[m]->level(k);
      const util::Array<NodeId>& first_child = models[m]->level(k - 1).first_child;
      own.clear();
      own.reserve(level.size());
      for (std::size_t parent = 0; parent + 1 < first_child.size(); ++parent)
        for (NodeId i = first_child[parent]; i < first_child[parent + 1]; ++i)
          own.push_back(std::uint64_t{below[m][parent]} << 32 | words[m][level.word[i]]);
      if (!std::is_sorted(own.begin(), own.end())) std::sort(own.begin(), own.end());
      both.clear();
      both.reserve(keys.size() + own.size());
      std::set_union(keys.begin(), keys.end(), own.begin(), own.end(), std::back_inserter(both));
      keys.swap(both);
    }
    if (keys.size() >= kNoNode)
      throw Error(ErrorKind::kOption, "more than 4 billion n-grams of one order",
                  "Prune the models first");
    set_level(&all, k, keys.size());
    NgramLevel& level = all.levels[static_cast<std::size_t>(k) - 1];
    NgramLevel& parents_level = all.levels[static_cast<std::size_t>(k) - 2];
    util::Array<NodeId> first_child(parents_level.size() + 1, 0);
    for (std::size_t i = 0; i < keys.size(); ++i) {
      level.word[i] = static_cast<WordId>(keys[i]);
      ++first_child[(keys[i] >> 32) + 1];
    }
    for (std::size_t i = 1; i < first_child.size(); ++i) first_child[i] += first_child[i - 1];
    parents_level.first_child = std::move(first_child);
    for (std::size_t m = 0; m < models.size(); ++m) {
      if (k > models[m]->order()) continue;
      const NgramLevel& from = models[m]->level(k);
      const util::Array<NodeId>& children = models[m]->level(k - 1).first_child;
      std::vector<NodeId> here(from.size());
      for (std::size_t parent = 0; parent + 1 < children.size(); ++parent)
        for (NodeId i = children[parent]; i < children[parent + 1]; ++i) {
          here[i] = find_child(all, k, below[m][parent], words[m][from.word[i]]);
          level.context[here[i]] = below[m][from.context[i]];
        }
      below[m].swap(here);
    }
  }
  return all;
}

}  // namespace tlg::lm
