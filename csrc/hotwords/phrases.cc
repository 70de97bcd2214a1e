#include "hotwords/phrases.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>

#include "util/error.h"

namespace tlg::hotwords {
namespace {

constexpr double kMaxReward = 4096.0;  // nats; far beyond any evidence, far below what is exact

[[noreturn]] void refuse(std::size_t phrase, const std::string& what, const std::string& remedy) {
  throw Error(ErrorKind::kHotword, "phrase " + std::to_string(phrase) + " " + what, remedy);
}

bool starts_word(const Options& options, Unit unit) {
  return static_cast<std::size_t>(unit) < options.starts_word.size() &&
         options.starts_word[static_cast<std::size_t>(unit)];
}

}  // namespace

void check_columns(const PhraseTable& table, const ColumnSizes& sizes) {
  const std::size_t count = table.num_phrases;
  const auto spans = [](const std::int64_t* offsets, std::size_t size, std::size_t end) {
    return size > 0 && offsets[0] == 0 && offsets[size - 1] == static_cast<std::int64_t>(end) &&
           std::is_sorted(offsets, offsets + size);
  };
  const auto no_owner = [&](std::int32_t owner) {
    return owner < 0 || static_cast<std::size_t>(owner) + 1 >= sizes.text_offsets;
  };
  if (sizes.offsets != count + 1 || !spans(table.offsets, sizes.offsets, table.num_units) ||
      sizes.word_bias != count || (sizes.lengths != 0 && sizes.lengths != table.num_units))
    throw Error(ErrorKind::kHotword, "offsets, biases and units do not belong together",
                "Give one offset more than biases, from 0 to the number of units");
  if (table.owners == nullptr) return;
  if (!spans(table.text_offsets, sizes.text_offsets, sizes.texts) || sizes.owners != count ||
      std::any_of(table.owners, table.owners + count, no_owner))
    throw Error(ErrorKind::kHotword, "owners and texts do not belong together",
                "Give each phrase the number of its text");
}

SortedPhrases::SortedPhrases(const PhraseTable& table, const Options& options) : table_(table) {
  check(options);
  store(options);
  add_rewards();
  sort(options.num_units);
}

void SortedPhrases::check(const Options& options) const {
  const std::size_t count = table_.num_phrases;
  const std::int64_t* offsets = table_.offsets;
  // Nodes and phrases are numbered in 31 bits.
  const std::size_t most = std::numeric_limits<std::int32_t>::max() / 4;
  if (table_.num_units > most || count > most)
    throw Error(ErrorKind::kHotword,
                "the list has " + std::to_string(count) + " phrases of " +
                    std::to_string(table_.num_units) + " units together",
                "At most " + std::to_string(most) + " units fit");
  for (std::size_t i = 0; i < count; ++i) {
    const Unit* begin = table_.units + offsets[i];
    const Unit* end = table_.units + offsets[i + 1];
    if (begin == end) refuse(i, "has no units", "Leave it out");
    for (const Unit* unit = begin; unit < end; ++unit)
      if (*unit < 0 || *unit >= options.num_units)
        refuse(i, "has unit " + std::to_string(*unit) + " of " + std::to_string(options.num_units),
               "Units are numbered from 0");
    if (options.boundary >= 0 && (*begin == options.boundary || end[-1] == options.boundary))
      refuse(i, "begins or ends with the word boundary", "Boundaries go between its words alone");
  }
}

// Without boundaries the caller's units are stored as they are.
void SortedPhrases::store(const Options& options) {
  const std::size_t count = table_.num_phrases;
  units_ = table_.units;
  offsets_ = table_.offsets;
  const bool bounded = options.boundary >= 0;
  if (bounded || table_.lengths != nullptr) {
    const std::size_t most = table_.num_units * (options.starts_word.empty() ? 1 : 2) + count;
    lengths_.reserve(bounded ? most : table_.num_units);
    if (bounded) {
      own_units_.reserve(most);
      own_offsets_.reserve(count + 1);
      own_offsets_.push_back(0);
    }
    for (std::size_t i = 0; i < count; ++i) {
      std::int32_t length = 0;
      const auto push = [&](Unit unit) {
        if (bounded) own_units_.push_back(unit);
        lengths_.push_back(length);
      };
      for (std::int64_t k = table_.offsets[i]; k < table_.offsets[i + 1]; ++k) {
        if (k > table_.offsets[i] && starts_word(options, table_.units[k])) push(options.boundary);
        length += table_.lengths == nullptr ? 1 : table_.lengths[k];
        push(table_.units[k]);
      }
      if (!bounded) continue;
      push(options.boundary);
      own_offsets_.push_back(static_cast<std::int64_t>(own_units_.size()));
    }
    if (bounded) {
      units_ = own_units_.data();
      offsets_ = own_offsets_.data();
    }
  }
  for (std::size_t i = 0; i < count; ++i)
    longest_ = std::max(longest_, static_cast<std::size_t>(offsets_[i + 1] - offsets_[i]));
}

void SortedPhrases::add_rewards() {
  std::int64_t greatest = 0;
  rewards_.reserve(table_.num_phrases);
  for (std::uint32_t i = 0; i < table_.num_phrases; ++i) {
    const double bias = table_.bias[i], word_bias = table_.word_bias[i];
    if (!std::isfinite(bias) || !std::isfinite(word_bias))
      refuse(i, "has a bias that is not finite", "Give nats");
    const double reward =
        length(i, static_cast<std::size_t>(offsets_[i + 1] - offsets_[i])) * bias + word_bias;
    if (std::abs(reward) > kMaxReward)
      refuse(i, "is worth " + std::to_string(reward) + " nats, more than 4096 up or down",
             "20 nats outweigh nearly any evidence");
    rewards_.push_back(static_cast<Grid>(std::lround(reward * kGridPerNat)));
    greatest = std::max<std::int64_t>(greatest, std::abs(rewards_.back()));
  }
  // Every total inside the automaton is a sum of at most `longest_` rewards.
  if (static_cast<std::int64_t>(longest_ + 1) * greatest > std::numeric_limits<Grid>::max() / 4)
    throw Error(ErrorKind::kHotword,
                "a reward of " + std::to_string(static_cast<double>(greatest) / kGridPerNat) +
                    " nats is too large beside a phrase of " + std::to_string(longest_) + " units",
                "20 nats outweigh nearly any evidence");
}

// As many units as fit into 64 bits are compared at once; phrases that agree in all of them are
// sorted by the next ones.
void SortedPhrases::sort(Unit num_units) {
  int bits = 1;
  while ((static_cast<std::int64_t>(num_units) >> bits) != 0) ++bits;
  const std::size_t at_once = static_cast<std::size_t>(64 / bits);
  const std::uint64_t last = (std::uint64_t{1} << bits) - 1;
  const std::size_t count = table_.num_phrases;
  keys_.resize(count);
  for (std::uint32_t i = 0; i < count; ++i) keys_[i].phrase = i;
  order_.reserve(count);
  std::vector<Range> open;
  if (count > 0) open.push_back({0, count, 0});
  while (!open.empty()) {
    const Range range = open.back();
    open.pop_back();
    const auto first = keys_.begin() + static_cast<std::ptrdiff_t>(range.begin);
    const auto behind = keys_.begin() + static_cast<std::ptrdiff_t>(range.end);
    if (range.end - range.begin == 1) {
      order_.push_back(first->phrase);
      continue;
    }
    // All of them ended within the units compared last.
    if (range.depth > 0 && (first->units & last) == 0) {
      const auto best = std::min_element(
          first, behind, [this](const Key& a, const Key& b) { return wins(a.phrase, b.phrase); });
      order_.push_back(best->phrase);
      for (auto key = first; key < behind; ++key) {
        if (key == best) continue;
        same_.push_back(best->phrase);
        same_.push_back(key->phrase);
      }
      continue;
    }
    for (auto key = first; key < behind; ++key) {
      const Unit* unit = begin(key->phrase) + range.depth;
      const Unit* stop = end(key->phrase);
      key->units = 0;
      for (std::size_t k = 0; k < at_once; ++k, ++unit)
        key->units =
            (key->units << bits) | (unit < stop ? static_cast<std::uint64_t>(*unit) + 1 : 0);
    }
    std::sort(first, behind, [](const Key& a, const Key& b) { return a.units < b.units; });
    // Pushed from the last, so that the first is taken next.
    for (std::size_t stop = range.end; stop > range.begin;) {
      std::size_t start = stop - 1;
      while (start > range.begin && keys_[start - 1].units == keys_[start].units) --start;
      open.push_back({start, stop, range.depth + at_once});
      stop = start;
    }
  }
  keys_ = {};
}

bool SortedPhrases::wins(std::uint32_t a, std::uint32_t b) const {
  if (rewards_[a] != rewards_[b]) return rewards_[a] > rewards_[b];
  if (table_.bias[a] != table_.bias[b]) return table_.bias[a] > table_.bias[b];
  const std::string_view text_a = text(a), text_b = text(b);
  if (text_a != text_b) return text_a < text_b;
  if (owner(a) != owner(b)) return owner(a) < owner(b);
  return a < b;
}

std::int64_t SortedPhrases::owner(std::uint32_t phrase) const {
  return table_.owners == nullptr ? phrase : table_.owners[phrase];
}

std::string_view SortedPhrases::text(std::uint32_t phrase) const {
  if (table_.texts == nullptr) return {};
  const std::int64_t* at = table_.text_offsets + owner(phrase);
  return {table_.texts + at[0], static_cast<std::size_t>(at[1] - at[0])};
}

std::vector<std::int32_t> SortedPhrases::winners() const {
  std::vector<std::int32_t> winners(table_.num_phrases);
  for (std::size_t i = 0; i < winners.size(); ++i) winners[i] = static_cast<std::int32_t>(i);
  for (std::size_t i = 0; i < same_.size(); i += 2)
    winners[same_[i + 1]] = static_cast<std::int32_t>(same_[i]);
  return winners;
}

}  // namespace tlg::hotwords
