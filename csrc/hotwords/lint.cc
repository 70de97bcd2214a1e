#include "hotwords/lint.h"

#include <algorithm>
#include <cstddef>
#include <limits>

#include "hotwords/automaton.h"
#include "util/error.h"

namespace tlg::hotwords {
namespace {

using Index = std::int32_t;
using Hash = std::uint64_t;

Hash mixed(Hash value) {  // of splitmix64
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
  return value ^ (value >> 31);
}

struct Keyed {
  Hash key;
  Index phrase;
  Index at;  // the unit that is left out or may be any
};

bool operator<(const Keyed& a, const Keyed& b) {
  if (a.key != b.key) return a.key < b.key;
  return a.phrase != b.phrase ? a.phrase < b.phrase : a.at < b.at;
}

// Hashes of a phrase without one of its units, from those of its beginnings: a polynomial in an odd
// number, modulo 2^64. What has the same hash is compared unit by unit.
class Finder {
 public:
  Finder(const std::vector<Unit>& units, const std::vector<std::int64_t>& offsets,
         std::size_t shortest)
      : units_(units), offsets_(offsets), shortest_(shortest) {
    const std::size_t count = offsets.size() - 1;
    found_.nearest.assign(count, -1);
    found_.distance.assign(count, -1);
    found_.counts.assign(count, 0);
  }

  Neighbours find() {
    std::size_t longest = 0;
    for (Index i = 0; i < num_phrases(); ++i) longest = std::max(longest, size(i));
    powers_.assign(longest + 1, 1);
    for (std::size_t k = 1; k <= longest; ++k) powers_[k] = powers_[k - 1] * kBase;
    for (Index i = 0; i < num_phrases(); ++i)
      if (size(i) >= shortest_) whole_.push_back({prefixes(i).back(), i, 0});
    std::sort(whole_.begin(), whole_.end());
    find_same();
    find_shorter();
    find_changed();
    return found_;
  }

 private:
  static constexpr Hash kBase = 0x9e3779b97f4a7c15u;

  Index num_phrases() const { return static_cast<Index>(offsets_.size()) - 1; }
  std::size_t size(Index phrase) const {
    const auto i = static_cast<std::size_t>(phrase);
    return static_cast<std::size_t>(offsets_[i + 1] - offsets_[i]);
  }
  const Unit* begin(Index phrase) const {
    return units_.data() + offsets_[static_cast<std::size_t>(phrase)];
  }

  const std::vector<Hash>& prefixes(Index phrase) {
    prefix_.assign(1, 0);
    for (std::size_t k = 0; k < size(phrase); ++k)
      prefix_.push_back(prefix_.back() * kBase +
                        mixed(static_cast<Hash>(begin(phrase)[k]) + kBase));
    return prefix_;
  }
  // Of the phrase whose prefixes() are at hand, without its unit k.
  Hash without(std::size_t size, std::size_t k) const {
    const std::size_t behind = size - k - 1;
    return prefix_[k] * powers_[behind] + (prefix_[size] - prefix_[k + 1] * powers_[behind]);
  }

  void note(Index phrase, Index other, Index distance) {
    const auto i = static_cast<std::size_t>(phrase);
    ++found_.counts[i];
    const bool nearer = found_.nearest[i] < 0 || distance < found_.distance[i] ||
                        (distance == found_.distance[i] && other < found_.nearest[i]);
    if (!nearer) return;
    found_.nearest[i] = other;
    found_.distance[i] = distance;
  }

  bool agree(Index a, Index b, std::size_t from_a, std::size_t from_b, std::size_t count) const {
    return std::equal(begin(a) + from_a, begin(a) + from_a + count, begin(b) + from_b);
  }

  // Groups are told of their first two: a group of a thousand has a million pairs.
  template <typename Same>
  void note_group(const Keyed* first, const Keyed* behind, Index distance, Same same) {
    std::vector<Index> members;
    for (const Keyed* key = first; key < behind; ++key)
      if (same(*first, *key)) members.push_back(key->phrase);
    if (members.size() < 2) return;
    const Index others = static_cast<Index>(members.size()) - 1;
    for (const Index member : members) {
      note(member, member == members[0] ? members[1] : members[0], distance);
      found_.counts[static_cast<std::size_t>(member)] += others - 1;
    }
  }

  template <typename Same>
  void note_groups(const std::vector<Keyed>& keys, Index distance, Same same) {
    for (std::size_t i = 0; i < keys.size();) {
      std::size_t end = i + 1;
      while (end < keys.size() && keys[end].key == keys[i].key) ++end;
      if (end - i > 1) note_group(&keys[i], keys.data() + end, distance, same);
      i = end;
    }
  }

  void find_same() {
    note_groups(whole_, 0, [this](const Keyed& a, const Keyed& b) {
      return size(a.phrase) == size(b.phrase) && agree(a.phrase, b.phrase, 0, 0, size(a.phrase));
    });
  }

  // One unit left out of a phrase makes another: that of a run counts once.
  void find_shorter() {
    for (Index i = 0; i < num_phrases(); ++i) {
      const std::size_t length = size(i);
      if (length <= shortest_) continue;
      prefixes(i);
      for (std::size_t k = 0; k < length; ++k) {
        if (k > 0 && begin(i)[k] == begin(i)[k - 1]) continue;
        const Keyed wanted{without(length, k), 0, 0};
        for (auto key = std::lower_bound(whole_.begin(), whole_.end(), wanted);
             key != whole_.end() && key->key == wanted.key; ++key) {
          const Index other = key->phrase;
          if (size(other) + 1 != length || !agree(i, other, 0, 0, k) ||
              !agree(i, other, k + 1, k, length - k - 1))
            continue;
          note(i, other, 1);
          note(other, i, 1);
        }
      }
    }
  }

  // Phrases that differ in one unit are the same with that unit left open.
  void find_changed() {
    std::vector<Keyed> open;
    for (Index i = 0; i < num_phrases(); ++i) {
      const std::size_t length = size(i);
      if (length < shortest_) continue;
      prefixes(i);
      for (std::size_t k = 0; k < length; ++k)
        open.push_back(
            {mixed(without(length, k) + mixed(k * kBase + length)), i, static_cast<Index>(k)});
    }
    std::sort(open.begin(), open.end());
    note_groups(open, 1, [this](const Keyed& a, const Keyed& b) {
      const auto k = static_cast<std::size_t>(a.at);
      if (a.at != b.at || size(a.phrase) != size(b.phrase)) return false;
      // The same in full is not one unit apart.
      if (a.phrase != b.phrase && begin(a.phrase)[k] == begin(b.phrase)[k]) return false;
      return agree(a.phrase, b.phrase, 0, 0, k) &&
             agree(a.phrase, b.phrase, k + 1, k + 1, size(a.phrase) - k - 1);
    });
  }

  const std::vector<Unit>& units_;
  const std::vector<std::int64_t>& offsets_;
  const std::size_t shortest_;
  std::vector<Hash> powers_, prefix_;
  std::vector<Keyed> whole_;  // phrases by their hash
  Neighbours found_;
};

}  // namespace

Hidden find_hidden(const PhraseTable& table, const Options& options) {
  const SortedPhrases phrases(table, options);
  const auto automaton = Automaton::compile(table, options);
  Hidden hidden{std::vector<Index>(table.num_phrases, -1),
                std::vector<Index>(table.num_phrases, -1)};
  for (std::size_t place = 0; place < phrases.size(); ++place) {
    const std::uint32_t longer = phrases.phrase(place);
    const Unit* const begin = phrases.begin(longer);
    const Unit* const end = phrases.end(longer);
    for (const Unit* start = begin; start < end; ++start) {
      if (options.boundary >= 0 && start > begin && start[-1] != options.boundary) continue;
      automaton->for_each_match(start, end, [&](std::int32_t phrase, const Unit*, float) {
        const auto inside = static_cast<std::size_t>(phrase);
        if (inside == longer || hidden.by[inside] >= 0) return;
        if (phrases.reward(static_cast<std::uint32_t>(phrase)) <= phrases.reward(longer)) return;
        hidden.by[inside] = static_cast<Index>(longer);
        hidden.at[inside] = static_cast<Index>(start - begin);
      });
    }
  }
  return hidden;
}

Neighbours find_neighbours(const std::vector<Unit>& units, const std::vector<std::int64_t>& offsets,
                           std::size_t shortest) {
  if (offsets.empty() || offsets.front() != 0 || !std::is_sorted(offsets.begin(), offsets.end()) ||
      offsets.back() != static_cast<std::int64_t>(units.size()) ||
      offsets.size() > static_cast<std::size_t>(std::numeric_limits<Index>::max()))
    throw Error(ErrorKind::kHotword, "offsets do not belong to the units",
                "Give one offset more than phrases, from 0 to the number of units");
  return Finder(units, offsets, shortest).find();
}

}  // namespace tlg::hotwords
