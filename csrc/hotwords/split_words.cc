#include "hotwords/split_words.h"

#include <algorithm>
#include <utility>

#include "util/error.h"

namespace tlg::hotwords {

// One text: which words go from each place to which, and how many words can follow.
struct WordSplitter::Search {
  std::size_t size = 0, most = 0, found = 0;
  std::vector<std::int32_t> word;     // start * (size + 1) + end -> its id, or -1
  std::vector<std::uint64_t> counts;  // place -> bit n: n words lead from there to the end
  std::vector<std::int32_t> path;
  Ways* ways = nullptr;
  std::int32_t owner = 0;

  void go(std::size_t start, std::size_t left) {
    if (start == size) {
      if (++found > most) return;
      ways->words.insert(ways->words.end(), path.begin(), path.end());
      ways->sizes.push_back(static_cast<std::int32_t>(path.size()));
      ways->owners.push_back(owner);
      return;
    }
    for (std::size_t end = start + 1; end <= size && found <= most; ++end) {
      const std::int32_t id = word[start * (size + 1) + end];
      if (id < 0 || ((counts[end] >> (left - 1)) & 1) == 0) continue;
      path.push_back(id);
      go(end, left - 1);
      path.pop_back();
    }
  }
};

void check_texts(const Texts& texts) {
  if (texts.offsets.empty() || texts.offsets.front() != 0 ||
      texts.offsets.back() != static_cast<std::int64_t>(texts.characters.size()) ||
      !std::is_sorted(texts.offsets.begin(), texts.offsets.end()))
    throw Error(ErrorKind::kHotword, "offsets do not belong to the characters",
                "Give one offset more than texts");
}

WordSplitter::WordSplitter(Texts words, const std::vector<std::int32_t>& ids)
    : words_(std::move(words)) {
  check_texts(words_);
  if (ids.size() != words_.size())
    throw Error(ErrorKind::kHotword, "ids do not belong to the words", "Give one for each");
  ids_.reserve(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    ids_.emplace(words_[i], ids[i]);
    longest_ = std::max(longest_, words_[i].size());
  }
}

Ways WordSplitter::split(const Texts& texts, std::size_t most) const {
  check_texts(texts);
  Ways ways;
  Search search;
  search.ways = &ways;
  search.most = most;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const std::u32string_view text = texts[i];
    const std::size_t size = text.size();
    if (size == 0 || size > kMaxLength) continue;
    search.size = size;
    search.found = 0;
    search.owner = static_cast<std::int32_t>(i);
    search.word.assign((size + 1) * (size + 1), -1);
    search.counts.assign(size + 1, 0);
    search.counts[size] = 1;
    for (std::size_t start = size; start-- > 0;) {
      for (std::size_t end = start + 1; end <= std::min(size, start + longest_); ++end) {
        if (search.counts[end] == 0) continue;
        const auto at = ids_.find(text.substr(start, end - start));
        if (at == ids_.end()) continue;
        search.word[start * (size + 1) + end] = at->second;
        search.counts[start] |= search.counts[end] << 1;
      }
    }
    for (std::size_t count = 1; count <= size && search.found <= most; ++count)
      if ((search.counts[0] >> count) & 1) search.go(0, count);
    if (search.found > most) ways.cut.push_back(search.owner);
  }
  return ways;
}

}  // namespace tlg::hotwords
