#include "lm/query/compact_model.h"

#include <utility>

namespace tlg::lm {
namespace {

constexpr float kLn10 = 2.302585093f;
constexpr float kZero = kLog10Zero * kLn10;
constexpr unsigned kLengthBits = 4;

WordId word_id(std::int64_t id) { return id < 0 ? kNoWord : static_cast<WordId>(id); }

}  // namespace

CompactModel::CompactModel(CompactTrie trie)
    : trie_(std::move(trie)), eos_(word_id(trie_.eos)), unk_(word_id(trie_.unk)) {
  fields_.resize(static_cast<std::size_t>(trie_.order()));
  for (int n = 1; n < trie_.order(); ++n) {
    unsigned shift = kLengthBits;
    for (int j = n; j > 0; --j) {
      // A node of order 1 is the word of the one of order 2.
      unsigned width = j == 1 && n > 1 ? 0 : width_of(trie_.size(j));
      if (shift + width > 64) break;
      fields_[n][j] = {shift, width};
      shift += width;
    }
  }
  if (trie_.bos >= 0) {
    Context context;
    advance(&context, static_cast<WordId>(trie_.bos));
    start_ = pack(context);
  }
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
  context.length = static_cast<int>(state.id & ((1U << kLengthBits) - 1));
  if (context.length >= trie_.order()) context.length = trie_.order() - 1;
  const auto& fields = fields_[context.length];
  for (int j = context.length; j > 0; --j) {
    const std::uint32_t size = trie_.size(j);
    if (size == 0) return Context();
    std::uint64_t node;
    if (fields[j].width)
      node = state.id >> fields[j].shift & ((std::uint64_t{1} << fields[j].width) - 1);
    else if (j < context.length)
      node = trie_.suffix(j + 1, context.node[j + 1]);
    else
      node = 0;  // one node alone needs no bits
    context.node[j] = node < size ? static_cast<std::uint32_t>(node) : size - 1;
  }
  return context;
}

// The child of that rank; range.end if there is none. Ranks rise within the range.
std::uint32_t CompactModel::search(int k, ChildBits::Range range, std::uint32_t rank,
                                   std::uint32_t ranks) const {
  const CompactLevel& level = trie_.level(k);
  std::uint32_t low = range.begin, high = range.end;
  // Children that are all there lie at their ranks; else about in proportion: that guess, and one
  // more, before halving.
  for (int guess = 0; high - low > 4; ++guess) {
    std::uint32_t middle = low + (high - low) / 2;
    if (guess == 0 && ranks)
      middle = low + static_cast<std::uint32_t>(std::uint64_t{rank} * (high - low) / ranks);
    if (middle >= high) middle = high - 1;
    const std::uint32_t found = level.rank(middle);
    if (found == rank) return middle;
    if (found < rank)
      low = middle + 1;
    else
      high = middle;
  }
  for (; low < high; ++low) {
    const std::uint32_t found = level.rank(low);
    if (found >= rank) return found == rank ? low : range.end;
  }
  return range.end;
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

LmHit CompactModel::advance(Context* context, WordId word) const {
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
  LmHit hit;
  for (int j = context->length; j >= k; --j)
    hit.score += trie_.log10_backoff(j, context->node[j]) * kLn10;
  const float score = trie_.log10_prob(k, next.node[k]) * kLn10;
  hit.score += score;
  hit.zero = score <= kZero;
  hit.order = k;
  next.length = k < trie_.order() ? k : trie_.order() - 1;
  shorten(&next);
  *context = next;
  return hit;
}

LmHit CompactModel::hit(LmState from, WordId word) const {
  if (word == kNoWord) word = unk_;
  if (word >= trie_.size(1)) return {kZero, 1, LmState(), true};
  Context context = unpack(from);
  LmHit found = advance(&context, word);
  found.to = pack(context);
  return found;
}

LmHit CompactModel::hit_end(LmState from) const {
  return eos_ == kNoWord ? LmHit{kZero, 1, LmState(), true} : hit(from, eos_);
}

float CompactModel::log10_backoff(LmState state) const {
  const Context at = unpack(state);
  return at.length == 0 ? 0 : trie_.log10_backoff(at.length, at.node[at.length]);
}

LmState CompactModel::suffix(LmState state) const {
  Context at = unpack(state);
  if (at.length) --at.length;
  shorten(&at);
  return pack(at);
}

}  // namespace tlg::lm
