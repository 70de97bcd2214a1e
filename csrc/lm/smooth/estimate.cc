#include "lm/smooth/estimate.h"

#include <array>
#include <cmath>
#include <utility>

#include "lm/smooth/log10.h"

namespace tlg::lm {
namespace {

constexpr std::size_t kAhead = 24;    // how far to prefetch in one pass over nodes
constexpr std::size_t kRange = 4096;  // parents, or nodes, that a thread takes at a time
// The least mass of a context that counts as some, and what SRILM calls so.
constexpr double kNothing = 1e-11, kLittle = 3e-6;

// Real is float for the interpolated forms; the backoff forms subtract sums of probabilities from
// 1, which takes doubles.
template <typename Real>
class Estimator {
 public:
  Estimator(Estimation* given, const SmoothingOptions& options, util::Job* job)
      : trie_(given->trie),
        given_(*given),
        options_(options),
        job_(*job),
        backoff_(options.backoff) {}

  std::vector<NgramLevel> run() {
    const int order = trie_.order();
    levels_.resize(static_cast<std::size_t>(order));
    estimate_unigrams();
    given_.contexts.resize(static_cast<std::size_t>(order));
    for (CountLevel& level : trie_.levels) level.raw = {};
    for (int k = 2; k <= order; ++k) {
      util::Array<std::uint32_t>& contexts = given_.contexts[k - 1];
      if (contexts.empty()) contexts = find_contexts(trie_, k, given_.contexts[k - 2], &job_);
      ContextTable table(trie_.levels[k - 2].first_child.size() - 1, &job_.workspace);
      if (job_.threads > 1) {
        add_up<true>(k, &table);
      } else {
        add_up<false>(k, &table);
      }
      weigh(k, &table);
      estimate_order(k, table);
    }
    for (int k = 1; k <= order; ++k) {
      NgramLevel& level = levels_[k - 1];
      level.word = std::move(trie_.levels[k - 1].word);
      level.first_child = std::move(trie_.levels[k - 1].first_child);
      level.context = std::move(given_.contexts[k - 1]);
    }
    return std::move(levels_);
  }

 private:
  bool cut() const { return !given_.cutoffs.empty(); }
  bool own(int k, std::size_t node) const {
    return !cut() || given_.cutoffs[k - 1][node] == Keep::kOwn;
  }
  static std::uint64_t fixed(std::uint32_t count) { return std::uint64_t{count} << 32; }

  // What the discount leaves of a count; 0 leaves the n-gram to its shorter context.
  double left(const Discounts& discounts, std::uint32_t count) const {
    return static_cast<double>(fixed(count) - discounts(count)) * ContextTable::kUnit;
  }

  ContextTable::Weights find_weights(int k, const ContextTable::Sums& sums) const {
    if (sums.total == 0) return {0, 1};  // never seen as a context
    double added = 0;                    // to the denominator: mass beyond what is removed
    switch (options_.smoothing) {
      case Smoothing::kWittenBell:
        added = sums.types;
        break;
      case Smoothing::kAddK:
        added = options_.k * given_.uniform_size;
        break;
      case Smoothing::kKatz:
        // Doug Paul's: no mass is left, though not all words were seen.
        if (sums.removed <= kLittle * sums.total && sums.types < given_.num_words) added = 1;
        break;
      case Smoothing::kJelinekMercer: {
        const double weight = given_.weights.find(k, sums.total);
        return {weight / sums.total, 1 - weight + weight * sums.removed / sums.total};
      }
      default:
        break;
    }
    return {1 / (sums.total + added), (added + sums.removed) / (sums.total + added)};
  }

  template <bool kShared>
  void add_up(int k, ContextTable* table) const {
    const util::Array<std::uint32_t>& counts = trie_.levels[k - 1].count;
    const std::uint32_t* const contexts = given_.contexts[k - 1].data();
    const Discounts& discounts = given_.discounts[k - 1];
    const std::size_t size = counts.size();
    in_ranges(&job_, size, 16 * kRange, [&](std::size_t begin, std::size_t end) {
      for (std::size_t node = begin; node < end; ++node) {
        if (node + kAhead < size) table->prefetch(contexts[node + kAhead]);
        const std::uint32_t count = counts[node];
        table->template add<kShared>(contexts[node], count,
                                     own(k, node) ? discounts(count) : fixed(count));
      }
      return end - begin;
    });
  }

  // Sums to weights, and the backoffs of order k - 1.
  void weigh(int k, ContextTable* table) {
    util::Array<float>& backoff = levels_[k - 2].log10_backoff;
    backoff = job_.workspace.make<float>(table->size());
    const util::Array<std::uint64_t> seen =
        backoff_ ? add_up_seen(k) : util::Array<std::uint64_t>();
    in_ranges(&job_, table->size(), kRange, [&](std::size_t begin, std::size_t end) {
      std::array<double, kRange> gamma;
      for (std::size_t context = begin; context < end; ++context) {
        ContextTable::Weights weights = find_weights(k, table->sums(context));
        if (backoff_ && weights.scale > 0) spread(seen[context], &weights);
        table->set(context, weights);
        gamma[context - begin] = weights.gamma;
      }
      log10_block(gamma.data(), backoff.data() + begin, end - begin);
      return std::size_t{0};
    });
  }

  // Backoff: what is left over goes to the words not seen, in the shorter context's proportions.
  static void spread(std::uint64_t seen, ContextTable::Weights* weights) {
    const double unseen = static_cast<double>(kAll - std::min(seen, kAll)) / kAll;
    if (unseen > kNothing) {
      weights->gamma /= unseen;
    } else {  // to nobody else: those that were seen share it
      weights->scale /= 1 - weights->gamma;
      weights->gamma = 0;
    }
  }

  // For each context, the sum of the shorter context's probabilities of the words that keep their
  // own: whole numbers, so that the order of adding does not matter.
  static constexpr std::uint64_t kAll = std::uint64_t{1} << 62;
  util::Array<std::uint64_t> add_up_seen(int k) const {
    const util::Array<std::uint32_t>& counts = trie_.levels[k - 1].count;
    const util::Array<std::uint32_t>& children = trie_.levels[k - 2].first_child;
    const util::Array<std::uint32_t>& contexts = given_.contexts[k - 1];
    const Discounts& discounts = given_.discounts[k - 1];
    auto seen = job_.workspace.make_zeroed<std::uint64_t>(children.size() - 1);
    in_ranges(&job_, seen.size(), kRange, [&](std::size_t begin, std::size_t end) {
      for (std::size_t parent = begin; parent < end; ++parent) {
        const auto lower = static_cast<std::uint64_t>(static_cast<double>(prob_[parent]) * kAll);
        for (std::uint32_t node = children[parent]; node < children[parent + 1]; ++node)
          if (own(k, node) && left(discounts, counts[node]) > 0)
            add_shared(&seen[contexts[node]], lower);
      }
      return std::size_t{0};
    });
    return seen;
  }

  void estimate_unigrams() {
    const util::Array<std::uint32_t>& counts = trie_.levels[0].count;
    const Discounts& discounts = given_.discounts[0];
    ContextTable one(1, &job_.workspace);
    std::size_t seen = 0;
    for (std::size_t word = 0; word < counts.size(); ++word) {
      one.add<false>(0, counts[word], own(1, word) ? discounts(counts[word]) : fixed(counts[word]));
      seen += own(1, word) && left(discounts, counts[word]) > 0;
    }
    ContextTable::Weights weights = find_weights(1, one.sums(0));
    const double unseen = given_.num_words - static_cast<double>(seen);
    double share = weights.gamma / given_.uniform_size;
    bool to_all = options_.interpolate_unigrams;
    if (backoff_) {
      to_all = unseen == 0;
      share = weights.gamma / (to_all ? given_.num_words : unseen);
      if (to_all && options_.smoothing == Smoothing::kMaximumLikelihood) {
        weights.scale /= 1 - weights.gamma;
        share = 0;
      }
    }
    util::Array<double> prob(counts.size());
    for (std::size_t word = 0; word < counts.size(); ++word) {
      const double rest = own(1, word) ? left(discounts, counts[word]) : 0;
      prob[word] = rest * weights.scale;
      if (to_all || (backoff_ && rest == 0)) prob[word] += share;
      if (!backoff_ && !to_all && word == kUnkId) prob[word] += weights.gamma;
      if (word == kBosId) prob[word] = 1;
    }
    levels_[0].log10_prob = job_.workspace.make<float>(counts.size());
    put(0, counts.size(), prob.data(), &levels_[0].log10_prob);
    prob[kBosId] = 0;  // never predicted
    prob_ = job_.workspace.make<Real>(prob.size());
    for (std::size_t word = 0; word < prob.size(); ++word)
      prob_[word] = static_cast<Real>(prob[word]);
  }

  static void put(std::size_t begin, std::size_t size, const double* prob,
                  util::Array<float>* out) {
    float* const first = out->data() + begin;
    log10_block(prob, first, size);
    for (std::size_t i = 0; i < size; ++i) first[i] = std::min(first[i], 0.0f);
  }

  // Parents are nodes of order k - 1.
  void estimate_order(int k, const ContextTable& table) {
    CountLevel& level = trie_.levels[k - 1];
    const util::Array<std::uint32_t>& children = trie_.levels[k - 2].first_child;
    const util::Array<std::uint32_t>& contexts = given_.contexts[k - 1];
    const Discounts& discounts = given_.discounts[k - 1];
    const bool top = k == trie_.order();
    const std::size_t size = level.count.size();
    const std::uint32_t* const counts = level.count.data();
    // A block's logarithms replace its counts.
    util::Array<float>& out = levels_[k - 1].log10_prob;
    out = std::move(level.count).template reuse<float>();
    auto prob = job_.workspace.make<Real>(top ? 0 : size);
    in_ranges(&job_, prob_.size(), kRange, [&](std::size_t begin, std::size_t end) {
      std::array<double, 512> block;
      std::size_t used = 0;
      std::uint32_t node = children[begin];
      for (std::size_t parent = begin; parent < end; ++parent) {
        const auto lower = static_cast<double>(prob_[parent]);
        for (const std::uint32_t last = children[parent + 1]; node < last; ++node) {
          if (node + kAhead < size) table.prefetch(contexts[node + kAhead]);
          const ContextTable::Weights weights = table.weights(contexts[node]);
          const double rest = own(k, node) ? left(discounts, counts[node]) : 0;
          double p = rest * weights.scale;
          if (!backoff_ || rest == 0) p += weights.gamma * lower;
          if (!top) prob[node] = static_cast<Real>(p);
          block[used++] = p;
          if (used < block.size()) continue;
          put(node + 1 - used, used, block.data(), &out);
          used = 0;
        }
      }
      put(node - used, used, block.data(), &out);
      return node - children[begin];
    });
    prob_ = std::move(prob);
  }

  CountTrie& trie_;
  Estimation& given_;
  const SmoothingOptions& options_;
  util::Job& job_;
  const bool backoff_;
  std::vector<NgramLevel> levels_;
  util::Array<Real> prob_;  // of the order below
};

}  // namespace

std::vector<NgramLevel> estimate(Estimation* given, const SmoothingOptions& options,
                                 util::Job* job) {
  std::size_t ngrams = 0;
  for (const CountLevel& level : given->trie.levels) ngrams += level.word.size();
  job->progress.begin("estimate", 3 * ngrams);  // contexts, sums, probabilities
  if (options.backoff) return Estimator<double>(given, options, job).run();
  return Estimator<float>(given, options, job).run();
}

}  // namespace tlg::lm
