#include "lm/files/model_check.h"

#include <algorithm>
#include <cmath>

#include "lm/ngram_sums.h"

namespace tlg::lm {

std::string node_text(const NgramTrie& trie, int k, std::size_t node) {
  std::string text;
  for (; k > 1; --k) {
    text += trie.vocabulary[trie.level(k).word[node]] + " ";
    const util::Array<NodeId>& first = trie.level(k - 1).first_child;
    node = static_cast<std::size_t>(std::upper_bound(first.begin(), first.end(), node) -
                                    first.begin() - 1);
  }
  return text + trie.vocabulary[node];
}

std::vector<ContextSums> check_sums(const NgramTrie& trie, double tolerance) {
  check(trie);
  const std::vector<util::Array<double>> sums = context_sums(trie);
  std::vector<ContextSums> out;
  for (int length = 0; length < trie.order(); ++length) {
    ContextSums one;
    one.length = length;
    const auto take = [&](std::size_t node) {
      const double sum = sums[static_cast<std::size_t>(length)][node];
      ++one.contexts;
      one.off += std::fabs(sum - 1) > tolerance;
      if (std::fabs(sum - 1) <= std::fabs(one.worst - 1) && one.contexts > 1) return;
      one.worst = sum;
      if (length > 0) one.worst_context = node_text(trie, length, node);
    };
    if (length == 0) {
      take(0);
    } else {
      std::vector<bool> begins(trie.level(length).size(), false);
      for (const NodeId context : trie.level(length + 1).context) begins[context] = true;
      for (std::size_t node = 0; node < begins.size(); ++node)
        if (begins[node]) take(node);
    }
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace tlg::lm
