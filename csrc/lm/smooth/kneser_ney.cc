#include "lm/smooth/kneser_ney.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "lm/files/ngram_index.h"
#include "lm/files/ngram_lists.h"
#include "util/error.h"

namespace tlg::lm {
namespace {

constexpr int kHighestOrder = 9;
constexpr std::size_t kAhead = 24;  // how far to prefetch in one pass over nodes

void check_options(const KneserNeyOptions& options, int order) {
  if (order < 1 || order > kHighestOrder)
    throw Error(ErrorKind::kOption, "order " + std::to_string(order) + " is not from 1 to 9");
  if (options.prune.size() > static_cast<std::size_t>(order))
    throw Error(ErrorKind::kOption,
                "prune has " + std::to_string(options.prune.size()) +
                    " thresholds for a model of order " + std::to_string(order),
                "Give one per order at most; the last repeats");
  if (!std::is_sorted(options.prune.begin(), options.prune.end()))
    throw Error(ErrorKind::kOption, "the thresholds of prune decrease",
                "Give them in non-decreasing order: an n-gram that is kept needs its parts");
  if (options.vocab_pad && !options.interpolate_unigrams)
    throw Error(ErrorKind::kOption, "vocab_pad needs interpolate_unigrams",
                "Leave out one of the two: without it there is no uniform distribution to pad");
  for (int j = 0; j < 3; ++j)
    if (!(options.fallback[j] >= 0 && options.fallback[j] <= j + 1))
      throw Error(ErrorKind::kOption, "the fallback discount for the count " +
                                          std::to_string(j + 1) + " is not from 0 to " +
                                          std::to_string(j + 1));
}

// t_1..t_4 and the discounts of one order; says why where the formula fails.
OrderReport find_discounts(const CountTrie& trie, int k, const KneserNeyOptions& options) {
  const CountLevel& level = trie.levels[k - 1];
  OrderReport report;
  std::array<std::uint64_t, 5> t{};  // t[0] takes all other counts
  for (const std::uint32_t count : level.count) ++t[count <= 4 ? count : 0];
  // Order 1: <s> is listed but not counted; see lm/count/count_trie.h.
  report.counted = level.count.size();
  if (options.count_of_counts == CountOfCounts::kLmplz && trie.last_raw_count[k - 1]) {
    // The last unigram is the last word that ends a window, not the last id.
    std::size_t last = level.count.size() - 1;
    while (level.count[last] == 0) --last;
    const std::uint32_t adjusted = level.count[last], raw = trie.last_raw_count[k - 1];
    --t[adjusted <= 4 ? adjusted : 0];
    ++t[raw <= 4 ? raw : 0];
  }
  for (int j = 0; j < 4; ++j) report.t[j] = t[j + 1];
  for (int j = 1; j <= 3 && report.fallback.empty(); ++j)
    if (t[j] == 0)
      report.fallback =
          "no " + std::to_string(k) + "-gram has the adjusted count " + std::to_string(j);
  if (report.fallback.empty()) {
    const double y =
        static_cast<double>(t[1]) / (static_cast<double>(t[1]) + 2.0 * static_cast<double>(t[2]));
    for (int j = 1; j <= 3; ++j) {
      const double d = j - (j + 1) * y * static_cast<double>(t[j + 1]) / static_cast<double>(t[j]);
      report.discount[j - 1] = d;
      if (d < 0 || d > j)
        report.fallback = "the discount of " + std::to_string(k) +
                          "-grams with the adjusted count " + std::to_string(j) + " would be " +
                          std::to_string(d);
    }
  }
  if (report.fallback.empty()) return report;
  if (!options.discount_fallback)
    throw Error(ErrorKind::kText,
                "no Kneser-Ney discounts for order " + std::to_string(k) + ": " + report.fallback,
                "The text is small or artificial: allow discount_fallback (--discount-fallback), "
                "or add text");
  report.discount = options.fallback;
  return report;
}

// Sums over the n-grams that share a context, then 1/sum and the backoff weight.
struct Context {
  double removed = 0;  // by discounts and pruning; later: gamma
  double sum = 0;      // later: 1 / sum
};

class Estimator {
 public:
  Estimator(CountTrie trie, const KneserNeyOptions& options)
      : trie_(std::move(trie)), options_(options) {}

  TrainedModel run(const WordTable& words) {
    const int order = trie_.order();
    for (int k = 1; k <= order; ++k) model_.orders.push_back(find_discounts(trie_, k, options_));
    choose(words);
    context_.resize(static_cast<std::size_t>(order) + 1);
    lists_.orders.resize(static_cast<std::size_t>(order));
    contexts_.resize(static_cast<std::size_t>(order));
    for (int k = 1; k < order; ++k) contexts_[k].resize(trie_.levels[k - 1].count.size());
    for (int k = 2; k <= order; ++k) find_contexts(k);
    for (int k = 1; k < order; ++k)
      for (Context& one : contexts_[k])
        if (one.sum > 0) one = {one.removed / one.sum, 1 / one.sum};
    estimate_unigrams(words);
    for (int k = 2; k <= order; ++k) estimate(k);
    for (int k = 1; k <= order; ++k) model_.orders[k - 1].kept = lists_.orders[k - 1].size();
    model_.trie = make_trie(&lists_);
    return std::move(model_);
  }

 private:
  bool kept(int k, std::size_t node) const { return kept_.empty() || kept_[k - 1][node]; }

  // Which n-grams stay. kept_ stays empty if all do. Thresholds do not decrease and an outside word
  // strikes out all that contains it, so the prefix and the suffix of what is kept are kept.
  void choose(const WordTable& words) {
    const bool cut = !options_.prune.empty() && options_.prune.back() > 0;
    if (!cut && !options_.limit_vocab) return;
    std::vector<bool> inside(words.size(), !options_.limit_vocab);
    for (const std::string& word : options_.vocab) {
      const WordId id = words.find(word);
      if (id != kNoWord) inside[id] = true;
    }
    inside[kUnkId] = inside[kBosId] = inside[kEosId] = true;
    const auto raw = raw_counts(trie_);
    kept_.resize(trie_.levels.size());
    for (int k = 1; k <= trie_.order(); ++k) {
      const std::uint64_t threshold =
          cut ? options_.prune[std::min<std::size_t>(k, options_.prune.size()) - 1] : 0;
      const CountLevel& level = trie_.levels[k - 1];
      std::vector<std::uint8_t>& kept = kept_[k - 1];
      kept.resize(level.count.size());
      if (k == 1) {
        for (std::size_t word = 0; word < kept.size(); ++word)
          kept[word] = word <= kEosId || (inside[word] && raw[0][word] > threshold);
        continue;
      }
      const util::Array<std::uint32_t>& first = trie_.levels[k - 2].first_child;
      for (std::size_t parent = 0; parent + 1 < first.size(); ++parent)
        for (std::uint32_t node = first[parent]; node < first[parent + 1]; ++node)
          kept[node] =
              raw[k - 1][node] > threshold && kept_[k - 2][parent] && inside[level.word[node]];
    }
  }

  // The context of "w1 .. wk" is "w1 .. w(k-1)": the child w1 of its parent's context. Both lists
  // of children are sorted, and the parent's are a subset.
  void find_contexts(int k) {
    const CountLevel& level = trie_.levels[k - 1];
    const std::array<double, 3> discount = model_.orders[k - 1].discount;
    std::vector<Context>& sums = contexts_[k - 1];
    std::vector<std::uint32_t>& context = context_[k];
    const auto add = [&](std::size_t node) {
      Context& one = sums[context[node]];
      const std::uint32_t count = level.count[node];
      one.sum += count;
      one.removed += kept(k, node) ? discount[std::min<std::uint32_t>(count, 3) - 1] : count;
    };
    if (k == 2) {
      context.assign(level.word.begin(), level.word.end());
      for (std::size_t node = 0; node < context.size(); ++node) add(node);
      return;
    }
    context.resize(level.word.size());
    const util::Array<std::uint32_t>& children = trie_.levels[k - 2].first_child;
    const std::vector<std::uint32_t>& parent_context = context_[k - 1];
    const util::Array<std::uint32_t>& cousins = trie_.levels[k - 3].first_child;
    const util::Array<WordId>& words = trie_.levels[k - 2].word;
    // In blocks, so that each step's cache misses overlap.
    constexpr std::size_t kBlock = 64;
    for (std::size_t begin = 0; begin < parent_context.size(); begin += kBlock) {
      const std::size_t end = std::min(begin + kBlock, parent_context.size());
      for (std::size_t parent = begin; parent < end; ++parent)
        TLG_PREFETCH(&cousins[parent_context[parent]]);
      for (std::size_t parent = begin; parent < end; ++parent) {
        const std::uint32_t low = cousins[parent_context[parent]],
                            high = cousins[parent_context[parent] + 1];
        TLG_PREFETCH(words.data() + low);
        TLG_PREFETCH(words.data() + low + (high - low) / 2);
      }
      for (std::size_t parent = begin; parent < end; ++parent) {
        const WordId* at = words.data() + cousins[parent_context[parent]];
        const WordId* const stop = words.data() + cousins[parent_context[parent] + 1];
        std::size_t left = children[parent + 1] - children[parent];
        for (std::uint32_t node = children[parent]; left; ++node, --left, ++at) {
          const WordId wanted = level.word[node];
          if (static_cast<std::size_t>(stop - at) < left * 6) {
            while (*at != wanted) ++at;
          } else {
            at = lower_bound(at, static_cast<std::size_t>(stop - at), wanted);
          }
          context[node] = static_cast<std::uint32_t>(at - words.data());
          TLG_PREFETCH(&sums[context[node]]);
        }
      }
      for (std::uint32_t node = children[begin]; node < children[end]; ++node) add(node);
    }
  }

  static const WordId* lower_bound(const WordId* at, std::size_t size, WordId wanted) {
    while (size > 1) {
      const std::size_t half = size / 2;
      at += at[half - 1] < wanted ? half : 0;
      size -= half;
    }
    return at;
  }

  void estimate_unigrams(const WordTable& words) {
    const CountLevel& level = trie_.levels[0];
    const std::array<double, 3> discount = model_.orders[0].discount;
    double removed = 0, sum = 0;
    std::size_t listed = 0;
    for (std::size_t word = 0; word < level.count.size(); ++word) {
      const std::uint32_t count = level.count[word];
      listed += kept(1, word);
      if (!count) continue;
      sum += count;
      removed += kept(1, word) ? discount[std::min<std::uint32_t>(count, 3) - 1] : count;
    }
    const double gamma = removed / sum;
    const double size =
        static_cast<double>(std::max<std::uint64_t>(options_.vocab_pad, listed - 1));
    NgramList& out = lists_.orders[0];
    NgramLists& arpa = lists_;
    prob_.assign(level.count.size(), 0.0f);
    index_.assign(level.count.size(), 0);
    for (WordId word = 0; word < level.count.size(); ++word) {
      if (!kept(1, word)) continue;
      double p = options_.interpolate_unigrams ? gamma / size : word == kUnkId ? gamma : 0;
      const std::uint32_t count = level.count[word];
      if (count) p += (count - discount[std::min<std::uint32_t>(count, 3) - 1]) / sum;
      if (word == kBosId) p = 1;
      prob_[word] = static_cast<float>(p);
      index_[word] = static_cast<std::uint32_t>(arpa.vocabulary.size());
      arpa.vocabulary.emplace_back(words.word(word));
      out.words.push_back(index_[word]);
      out.log10_prob.push_back(log10_of(p));
    }
    word_index_ = index_;
    if (trie_.order() > 1) put_backoffs(1);
  }

  static float log10_of(double p) {
    return p > 0 ? std::min(0.0f, std::log10(static_cast<float>(p))) : kLog10Zero;
  }

  void put_backoffs(int k) {
    NgramList& out = lists_.orders[k - 1];
    const std::vector<Context>& contexts = contexts_[k];
    out.log10_backoff.reserve(out.size());
    for (std::size_t node = 0; node < contexts.size(); ++node) {
      if (!kept(k, node)) continue;
      const Context& one = contexts[node];
      // One that never was a context has no mass to give.
      const bool used = one.sum > 0;
      out.log10_backoff.push_back(!used             ? 0.0f
                                  : one.removed > 0 ? std::log10(static_cast<float>(one.removed))
                                                    : kLog10Zero);
    }
  }

  // p(w | h) = (c - D) / sum + gamma(h) p(w | h'); parents are nodes of order k - 1.
  void estimate(int k) {
    const CountLevel& level = trie_.levels[k - 1];
    const util::Array<std::uint32_t>& children = trie_.levels[k - 2].first_child;
    const std::vector<std::uint32_t>& context = context_[k];
    const std::vector<Context>& contexts = contexts_[k - 1];
    const std::array<double, 3> discount = model_.orders[k - 1].discount;
    const bool top = k == trie_.order();
    NgramList& out = lists_.orders[k - 1];
    const NgramList& lower = lists_.orders[k - 2];
    const bool all = kept_.empty();  // then a node's index in the model is its number
    const auto size = static_cast<std::size_t>(
        all ? level.word.size() : std::count(kept_[k - 1].begin(), kept_[k - 1].end(), 1));
    out.words.resize(size * k);
    out.log10_prob.resize(size);
    std::vector<float> prob(top ? 0 : level.word.size());
    std::vector<std::uint32_t> index(top || all ? 0 : level.word.size());
    std::uint32_t at = 0;  // in the model
    for (std::size_t parent = 0; parent + 1 < children.size(); ++parent) {
      const std::uint32_t shorter = all ? static_cast<std::uint32_t>(parent) : index_[parent];
      const WordId* rest = lower.words.data() + static_cast<std::size_t>(shorter) * (k - 1);
      for (std::uint32_t node = children[parent]; node < children[parent + 1]; ++node) {
        if (!kept(k, node)) continue;
        if (node + kAhead < context.size()) TLG_PREFETCH(&contexts[context[node + kAhead]]);
        const Context& one = contexts[context[node]];
        const std::uint32_t count = level.count[node];
        const double p = (count - discount[std::min<std::uint32_t>(count, 3) - 1]) * one.sum +
                         one.removed * static_cast<double>(prob_[parent]);
        if (!top) prob[node] = static_cast<float>(p);
        WordId* words = out.words.data() + static_cast<std::size_t>(at) * k;
        words[0] = all ? level.word[node] : word_index_[level.word[node]];
        for (int i = 1; i < k; ++i) words[i] = rest[i - 1];
        out.log10_prob[at] = log10_of(p);
        if (!all) {
          if (!top) index[node] = at;
        }
        ++at;
      }
    }
    if (!top) put_backoffs(k);
    prob_ = std::move(prob);
    index_ = std::move(index);
    std::vector<std::uint32_t>().swap(context_[k]);
    std::vector<Context>().swap(contexts_[k - 1]);
    trie_.levels[k - 2].first_child = {};
    trie_.levels[k - 1].count = {};
    trie_.levels[k - 1].word = {};
  }

  CountTrie trie_;
  const KneserNeyOptions& options_;
  TrainedModel model_;
  NgramLists lists_;
  std::vector<std::vector<std::uint8_t>> kept_;
  std::vector<std::vector<std::uint32_t>>
      context_;                                 // by order: of each node, a node of the order below
  std::vector<std::vector<Context>> contexts_;  // by order of the context
  std::vector<float> prob_;                     // of the order below
  std::vector<std::uint32_t> index_;            // in the model, of nodes of the order below
  std::vector<std::uint32_t> word_index_;       // in the model, of words
};

}  // namespace

TrainedModel train_kneser_ney(Corpus* corpus, int order, const KneserNeyOptions& options) {
  check_options(options, order);
  if (corpus->num_sentences() == 0)
    throw Error(ErrorKind::kText, "the text is empty: there is no sentence to train on",
                "Give some text");
  Estimator estimator(count_ngrams(corpus, order), options);
  return estimator.run(corpus->words());
}

}  // namespace tlg::lm
