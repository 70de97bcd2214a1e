// Closing a model: every n-gram's prefix and suffix must be there, once.
#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <string>

#include "lm/files/ngram_index.h"
#include "lm/files/ngram_lists.h"
#include "util/error.h"

namespace tlg::lm {
namespace {

std::string ngram_text(const NgramLists& model, int order, std::size_t index) {
  const WordId* words = model.orders[order - 1].words.data() + index * order;
  std::string text;
  for (int i = 0; i < order; ++i) text += (i ? " " : "") + model.vocabulary[words[i]];
  return text;
}

// Strictly ascending by suffix (lmplz, tlg) or by prefix (SRILM): then nothing occurs twice.
bool strictly_sorted(const std::vector<WordId>& words, int order) {
  const std::size_t count = words.size() / order;
  bool by_suffix = true, by_prefix = true;
  for (std::size_t i = 1; i < count && (by_suffix || by_prefix); ++i) {
    const WordId* a = words.data() + (i - 1) * order;
    const WordId* b = a + order;
    if (by_suffix) {
      int j = order - 1;
      while (j >= 0 && a[j] == b[j]) --j;
      by_suffix = j >= 0 && a[j] < b[j];
    }
    if (by_prefix) {
      int j = 0;
      while (j < order && a[j] == b[j]) ++j;
      by_prefix = j < order && a[j] < b[j];
    }
  }
  return by_suffix || by_prefix;
}

void erase_ngrams(NgramList* ngrams, int order, const std::vector<std::uint32_t>& doomed) {
  std::size_t kept = 0, next = 0;
  for (std::size_t i = 0; i < ngrams->size(); ++i) {
    if (next < doomed.size() && doomed[next] == i) {
      ++next;
      continue;
    }
    std::copy_n(ngrams->words.begin() + i * order, order, ngrams->words.begin() + kept * order);
    ngrams->log10_prob[kept] = ngrams->log10_prob[i];
    if (!ngrams->log10_backoff.empty()) ngrams->log10_backoff[kept] = ngrams->log10_backoff[i];
    ++kept;
  }
  ngrams->words.resize(kept * order);
  ngrams->log10_prob.resize(kept);
  if (!ngrams->log10_backoff.empty()) ngrams->log10_backoff.resize(kept);
}

// The index of an order, its duplicates removed. Null for the highest order when sorting shows that
// it has none: nothing looks it up.
std::unique_ptr<NgramIndex> make_index(NgramLists* model, int order) {
  NgramList& ngrams = model->orders[order - 1];
  if (ngrams.size() >= kNoNgram)
    throw Error(ErrorKind::kArpa, "more than 4.29 billion n-grams of one order", "Prune the model");
  if (order == model->order() && strictly_sorted(ngrams.words, order)) return nullptr;
  auto index = std::make_unique<NgramIndex>(&ngrams.words, order);
  std::vector<std::uint32_t> doomed;
  constexpr std::size_t kBlock = 64;
  std::uint64_t hashes[kBlock];
  for (std::size_t begin = 0; begin < ngrams.size(); begin += kBlock) {
    const std::size_t end = std::min(begin + kBlock, ngrams.size());
    for (std::size_t i = begin; i < end; ++i) {
      hashes[i - begin] = index->hash(&ngrams.words[i * order]);
      index->prefetch(hashes[i - begin]);
    }
    for (std::size_t i = begin; i < end; ++i)
      if (index->insert(static_cast<std::uint32_t>(i), hashes[i - begin]) != kNoNgram)
        doomed.push_back(static_cast<std::uint32_t>(i));
  }
  if (doomed.empty()) return index;
  model->repairs.push_back(std::to_string(doomed.size()) + " of the " + std::to_string(order) +
                           "-grams occur more than once, the first: '" +
                           ngram_text(*model, order, doomed[0]) + "'. The first of each was kept");
  erase_ngrams(&ngrams, order, doomed);
  return make_index(model, order);
}

// Finds the neighbours of all n-grams of one order among those of the order below; what is missing
// there is appended with a NaN probability, to be filled in later.
class Linker {
 public:
  Linker(NgramLists* model, int order, NgramIndex* below)
      : order_(order), lower_(&model->orders[order - 2]), below_(below) {}

  std::size_t added() const { return added_; }

  void link(const std::vector<WordId>& words, bool suffix, std::vector<std::uint32_t>* out) {
    const std::size_t count = words.size() / order_;
    const int width = order_ - 1;
    out->resize(count);
    if (width == 1) {
      for (std::size_t i = 0; i < count; ++i) (*out)[i] = words[i * order_ + (suffix ? 1 : 0)];
      return;
    }
    constexpr std::size_t kBlock = 64;
    std::uint64_t hashes[kBlock];
    const WordId* before = nullptr;
    for (std::size_t begin = 0; begin < count; begin += kBlock) {
      const std::size_t end = std::min(begin + kBlock, count);
      for (std::size_t i = begin; i < end; ++i) {
        hashes[i - begin] = below_->hash(&words[i * order_ + (suffix ? 1 : 0)]);
        below_->prefetch(hashes[i - begin]);
      }
      for (std::size_t i = begin; i < end; ++i) {
        const WordId* wanted = &words[i * order_ + (suffix ? 1 : 0)];
        // In a sorted file neighbours share a suffix or a prefix.
        (*out)[i] = before && std::equal(wanted, wanted + width, before)
                        ? (*out)[i - 1]
                        : find_or_add(wanted, hashes[i - begin]);
        before = wanted;
      }
    }
  }

 private:
  std::uint32_t find_or_add(const WordId* wanted, std::uint64_t hash) {
    const std::uint32_t found = below_->find(wanted, hash);
    if (found != kNoNgram) return found;
    const auto index = static_cast<std::uint32_t>(lower_->size());
    lower_->words.insert(lower_->words.end(), wanted, wanted + order_ - 1);
    lower_->log10_prob.push_back(std::numeric_limits<float>::quiet_NaN());
    lower_->log10_backoff.push_back(0.0f);
    below_->insert(index, hash);
    ++added_;
    return index;
  }

  int order_;
  NgramList* lower_;
  NgramIndex* below_;
  std::size_t added_ = 0;
};

void settle_backoffs(NgramLists* model, const NgramLinks& links, int order) {
  NgramList& ngrams = model->orders[order - 1];
  std::vector<bool> missing(ngrams.size());
  bool any = false;
  for (std::size_t i = 0; i < ngrams.size(); ++i) {
    if (!std::isnan(ngrams.log10_backoff[i])) continue;
    ngrams.log10_backoff[i] = 0;
    missing[i] = any = true;
  }
  if (!any) return;
  std::size_t count = 0, first = 0;
  for (const std::uint32_t context : links.prefix[order]) {
    if (!missing[context]) continue;
    missing[context] = false;
    if (count++ == 0) first = context;
  }
  if (count)
    model->repairs.push_back(std::to_string(count) + " of the " + std::to_string(order) +
                             "-grams begin a longer n-gram but have no backoff, one of them: '" +
                             ngram_text(*model, order, first) + "'. Taken as 0");
}

}  // namespace

NgramLinks close_and_link(NgramLists* model) {
  NgramLinks links;
  const int top = model->order();
  links.prefix.resize(top);
  links.suffix.resize(top);
  std::vector<std::size_t> added(top + 1, 0);
  // From the top, for what is inserted at one order needs neighbours in the order below.
  std::unique_ptr<NgramIndex> index = top > 1 ? make_index(model, top) : nullptr;
  for (int order = top; order > 1; --order) {
    std::unique_ptr<NgramIndex> below = order > 2 ? make_index(model, order - 1) : nullptr;
    Linker linker(model, order, below.get());
    const std::vector<WordId>& words = model->orders[order - 1].words;
    linker.link(words, true, &links.suffix[order - 1]);
    linker.link(words, false, &links.prefix[order - 1]);
    added[order - 1] = linker.added();
    index = std::move(below);
  }
  for (int order = 1; order < top; ++order) {
    NgramList& ngrams = model->orders[order - 1];
    for (std::size_t i = ngrams.size() - added[order]; i < ngrams.size(); ++i) {
      const std::size_t context = links.prefix[order - 1][i], shorter = links.suffix[order - 1][i];
      const NgramList& lower = model->orders[order - 2];
      ngrams.log10_prob[i] =
          std::max(kLog10Zero, lower.log10_backoff[context] + lower.log10_prob[shorter]);
    }
    if (added[order])
      model->repairs.push_back(
          std::to_string(added[order]) + " of the " + std::to_string(order) +
          "-grams are missing though longer n-grams contain them, the first: '" +
          ngram_text(*model, order, ngrams.size() - added[order]) +
          "'. Added with the probability that backing off gives");
    settle_backoffs(model, links, order);
  }
  return links;
}

}  // namespace tlg::lm
