#include "lm/change/project.h"

#include <algorithm>
#include <cmath>

#include "lm/context_index.h"
#include "lm/word_table.h"

namespace tlg::lm {

WordMap map_words(const NgramTrie& from, const NgramTrie& to, UnknownWords unknown) {
  WordTable table;
  for (const std::string& word : to.vocabulary) table.insert(word);
  const auto special = [](std::int64_t id) { return id < 0 ? kNoWord : static_cast<WordId>(id); };
  const WordId unk = special(to.unk);
  WordMap map;
  map.id.resize(from.vocabulary.size());
  map.log10_share.assign(map.id.size(), 0.0f);
  std::size_t unknowns = 0;
  for (std::size_t i = 0; i < map.id.size(); ++i) {
    const auto id = static_cast<std::int64_t>(i);
    WordId found;
    if (id == from.bos) {
      found = special(to.bos);
    } else if (id == from.eos) {
      found = special(to.eos);
    } else if (id == from.unk) {
      found = unk;
    } else {
      found = table.find(from.vocabulary[i]);
      // A word that only here is a special one is a word like any other there, and the reverse.
      if (found == kNoWord || found == unk) {
        found = unk;
        ++unknowns;
        map.log10_share[i] = kLog10Zero;
      }
    }
    map.id[i] = found;
  }
  if (unknown == UnknownWords::kShare && unk != kNoWord) {
    const float share = -static_cast<float>(std::log10(static_cast<double>(unknowns + 1)));
    for (std::size_t i = 0; i < map.id.size(); ++i)
      if (map.id[i] == unk) map.log10_share[i] = share;
  }
  return map;
}

Projection project(const NgramTrie& trie, const NgramTrie& model, UnknownWords unknown) {
  const WordMap words = map_words(trie, model, unknown);
  Projection made;
  util::Array<NodeId> image, image_below;  // the node of the model that is the same n-gram
  for (int k = 1; k <= trie.order(); ++k) {
    const NgramLevel& level = trie.level(k);
    const std::size_t size = level.size();
    util::Array<float> prob(size);
    image = util::Array<NodeId>(size);
    if (k == 1) {
      for (std::size_t i = 0; i < size; ++i) {
        image[i] = words.id[i] == kNoWord ? kNoNode : words.id[i];
        prob[i] = image[i] == kNoNode ? kLog10Zero
                                      : model.level(1).log10_prob[image[i]] + words.log10_share[i];
      }
    } else {
      const util::Array<float>& below = made.log10_prob.back();
      const util::Array<float>& backoff = made.log10_backoff.back();
      const util::Array<NodeId>& first_child = trie.level(k - 1).first_child;
      for (WordId last = 0; last < trie.level(1).size(); ++last) {
        const NodeRange from = ending_with(trie, k - 1, last);
        for (std::size_t parent = from.begin; parent < from.end; ++parent) {
          const bool there = k <= model.order() && image_below[parent] != kNoNode;
          for (NodeId i = first_child[parent]; i < first_child[parent + 1]; ++i) {
            const WordId word = words.id[level.word[i]];
            image[i] = there && word != kNoWord ? find_child(model, k, image_below[parent], word)
                                                : kNoNode;
            prob[i] = image[i] == kNoNode
                          ? backoff[level.context[i]] + below[parent]
                          : model.level(k).log10_prob[image[i]] + words.log10_share[last];
          }
        }
      }
    }
    for (float& one : prob) one = std::min(std::max(one, kLog10Zero), 0.0f);
    made.log10_prob.push_back(std::move(prob));
    if (k < trie.order()) {
      util::Array<float> backoff(size);
      for (std::size_t i = 0; i < size; ++i)
        backoff[i] = image[i] == kNoNode || k >= model.order()
                         ? 0.0f
                         : model.level(k).log10_backoff[image[i]];
      made.log10_backoff.push_back(std::move(backoff));
    }
    image_below = std::move(image);
  }
  return made;
}

}  // namespace tlg::lm
