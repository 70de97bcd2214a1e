#include "lm/query/compact_model.h"

#include <utility>

#include "lm/query/compact_file.h"

namespace tlg::lm {
namespace {

constexpr unsigned kLengthBits = 4;
constexpr std::uint64_t kLengthMask = (1U << kLengthBits) - 1;
static_assert(CompactTrie::kMaxOrder <= kLengthMask);

}  // namespace

CompactModel::CompactModel(const NgramTrie& trie, const CompactOptions& options)
    : QueryModel(trie), trie_(build_compact(trie, options)) {
  lay_out();
}

CompactModel::CompactModel(const LmFile& file)
    : QueryModel(file), trie_(read_compact(file, counts())) {
  lay_out();
}

void CompactModel::add_to(LmFileWriter* writer) const {
  add_common(writer);
  write_compact(trie_, writer);
}

void CompactModel::lay_out() {
  fields_.resize(static_cast<std::size_t>(trie_.order()));
  for (int n = 1; n < trie_.order(); ++n) {
    unsigned shift = kLengthBits;
    for (int j = n; j > 0; --j) {
      // A node of order 1 is what the one of order 2 has for a rank.
      const unsigned width = j == 1 && n > 1 ? 0 : width_of(trie_.size(j));
      if (shift + width > 64) break;
      fields_[n][j] = {shift, width};
      shift += width;
    }
  }
  if (bos() == kNoWord) return;
  Context context;
  advance(&context, bos());
  set_start(pack(context));
}

LmState CompactModel::pack(const Context& context) const {
  LmState state;
  if (context.length == 0) return state;
  const auto& fields = fields_[context.length];
  state.id = static_cast<std::uint64_t>(context.length);
  for (int j = context.length; j > 0; --j)
    if (fields[j].width) state.id |= std::uint64_t{context.node[j]} << fields[j].shift;
  return state;
}

CompactModel::Context CompactModel::unpack(LmState state) const {
  Context context;
  context.length = static_cast<int>(state.id & kLengthMask);
  if (context.length >= trie_.order()) context.length = trie_.order() - 1;
  const auto& fields = fields_[context.length];
  for (int j = context.length; j > 0; --j) {
    const std::uint32_t size = trie_.size(j);
    if (size == 0) return Context();
    std::uint64_t node = 0;  // where there is but one, it needs no bits
    if (fields[j].width)
      node = state.id >> fields[j].shift & ((std::uint64_t{1} << fields[j].width) - 1);
    else if (j < context.length)
      node = trie_.suffix(j + 1, context.node[j + 1]);
    context.node[j] = node < size ? static_cast<std::uint32_t>(node) : size - 1;
  }
  return context;
}

bool CompactModel::valid(LmState state) const {
  const Context context = unpack(state);
  for (int j = context.length; j > 1; --j)
    if (trie_.suffix(j, context.node[j]) != context.node[j - 1]) return false;
  Context shortest = context;
  shorten(&shortest);
  return shortest.length == context.length && pack(context) == state;
}

// The child of that rank, out of `ranks`; range.end if there is none. Ranks rise within the range.
std::uint32_t CompactModel::search(int k, ChildBits::Range range, std::uint32_t rank,
                                   std::uint32_t ranks) const {
  const CompactLevel& level = trie_.level(k);
  const Window window = window_of(range, rank, ranks);
  std::uint32_t low = window.low, size = window.size;
  // No branch that depends on what is read: it would be guessed wrongly half of the time.
  while (size > 1) {
    const std::uint32_t half = size / 2;
    low += level.rank(low + half) <= rank ? half : 0;
    size -= half;
  }
  return size == 1 && level.rank(low) == rank ? low : range.end;
}

// What begins nothing and costs nothing is as good as its suffix: states stay few.
void CompactModel::shorten(Context* context) const {
  for (; context->length > 0; --context->length) {
    const std::uint32_t node = context->node[context->length];
    if (trie_.log10_backoff(context->length, node) != 0) return;
    const ChildBits::Range range = trie_.children(context->length, node);
    if (range.begin != range.end) return;
  }
}

CompactModel::Step CompactModel::advance(Context* context, WordId word) const {
  Context next;
  std::uint32_t rank = word, ranks = trie_.size(1);
  int k = 1;
  next.node[1] = word;
  for (; k <= context->length; ++k) {
    const ChildBits::Range range = trie_.children(k, context->node[k]);
    const std::uint32_t found = search(k + 1, range, rank, ranks);
    if (found == range.end) break;
    next.node[k + 1] = found;
    rank = found - range.begin;
    ranks = range.end - range.begin;
  }
  return conclude(context, next, k);
}

// The word's n-gram of order k is the longest there is: next.node[k], and next.node[1] to that.
CompactModel::Step CompactModel::conclude(Context* context, const Context& next, int k) const {
  Step step{0, k, false};
  for (int j = context->length; j >= k; --j)
    step.score += nats(trie_.log10_backoff(j, context->node[j]));
  const float log10_prob = trie_.log10_prob(k, next.node[k]);
  step.score += nats(log10_prob);
  step.zero = log10_prob <= kLog10Zero;
  *context = next;
  context->length = k < trie_.order() ? k : trie_.order() - 1;
  shorten(context);
  return step;
}

LmHit CompactModel::hit(LmState from, WordId word) const {
  word = word_or_unk(word);
  if (word == kNoWord) return {kLog10Zero * kLn10, 1, LmState(), true};
  Context context = unpack(from);
  const Step step = advance(&context, word);
  return {step.score, step.order, pack(context), step.zero};
}

float CompactModel::log10_backoff(LmState state) const {
  const Context at = unpack(state);
  return at.length == 0 ? 0 : trie_.log10_backoff(at.length, at.node[at.length]);
}

LmState CompactModel::suffix(LmState state) const {
  Context at = unpack(state);
  if (at.length > 0) --at.length;
  shorten(&at);
  return pack(at);
}

}  // namespace tlg::lm
