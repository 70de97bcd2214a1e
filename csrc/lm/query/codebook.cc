#include "lm/query/codebook.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <iterator>
#include <utility>

#include "lm/ngram_trie.h"

namespace tlg::lm {
namespace {

constexpr int kMaxRounds = 100;
// Numbers that mean something of their own.
constexpr float kKept[] = {kLog10Zero, 0.0f};

bool is_kept(float value) {
  return std::find(std::begin(kKept), std::end(kKept), value) != std::end(kKept);
}

std::uint32_t pattern_of(float value) {
  std::uint32_t pattern;
  std::memcpy(&pattern, &value, 4);
  return pattern;
}

std::size_t home(std::uint32_t pattern, std::size_t slots) {
  return static_cast<std::size_t>(pattern * 0x9e3779b97f4a7c15ULL >> 20) & (slots - 1);
}

std::size_t slots_for(std::size_t count) {
  std::size_t slots = 16;
  while (slots < count * 2) slots *= 2;
  return slots;
}

// Where each of at most `count` bins ends: widths in proportion to density^(-1/3), which is near
// the best for many bins (Panter and Dite 1951) and leaves far values to bins of their own.
std::vector<std::size_t> first_bins(const std::vector<float>& sorted, std::size_t count) {
  std::vector<std::size_t> ends;
  if (sorted.empty()) return ends;
  constexpr std::size_t kCells = 4096;
  const double least = sorted.front(), range = sorted.back() - least;
  std::vector<std::size_t> cells(kCells, 0);
  const auto cell_of = [&](float value) {
    return range > 0 ? std::min(kCells - 1, static_cast<std::size_t>((value - least) / range *
                                                                     static_cast<double>(kCells)))
                     : 0;
  };
  for (const float value : sorted) ++cells[cell_of(value)];
  double total = 0;
  for (const std::size_t cell : cells) total += std::cbrt(static_cast<double>(cell));
  double share = 0;
  std::size_t begin = 0;
  for (const std::size_t cell : cells) {
    if (cell == 0) continue;
    const double weight = std::cbrt(static_cast<double>(cell));
    // Borders within a cell cut it evenly.
    for (double border = std::floor(share / total * static_cast<double>(count)) + 1;
         border < static_cast<double>(count) &&
         border * total <= (share + weight) * static_cast<double>(count);
         ++border) {
      const double part = (border * total / static_cast<double>(count) - share) / weight;
      const auto end = begin + static_cast<std::size_t>(part * static_cast<double>(cell));
      if (end > (ends.empty() ? 0 : ends.back())) ends.push_back(end);
    }
    share += weight;
    begin += cell;
  }
  if (ends.empty() || ends.back() < sorted.size()) ends.push_back(sorted.size());
  return ends;
}

}  // namespace

std::vector<float> distinct_values(const util::Array<float>& values, std::size_t limit) {
  std::vector<std::uint32_t> found;
  std::vector<std::uint32_t> slots(16, 0);  // places in `found` plus 1
  for (const float value : values) {
    const std::uint32_t pattern = pattern_of(value);
    std::size_t at = home(pattern, slots.size());
    while (slots[at] && found[slots[at] - 1] != pattern) at = (at + 1) & (slots.size() - 1);
    if (slots[at]) continue;
    if (found.size() == limit) return {};
    found.push_back(pattern);
    slots[at] = static_cast<std::uint32_t>(found.size());
    if (found.size() * 2 <= slots.size()) continue;
    slots.assign(slots_for(found.size() * 2), 0);
    for (std::size_t i = 0; i < found.size(); ++i) {
      at = home(found[i], slots.size());
      while (slots[at]) at = (at + 1) & (slots.size() - 1);
      slots[at] = static_cast<std::uint32_t>(i + 1);
    }
  }
  std::sort(found.begin(), found.end());
  std::vector<float> distinct(found.size());
  if (!found.empty()) std::memcpy(distinct.data(), found.data(), found.size() * sizeof(float));
  return distinct;
}

std::vector<float> quantise(const util::Array<float>& values, std::size_t size) {
  std::vector<float> sorted(values.begin(), values.end());
  std::vector<float> codes;
  for (const float kept : kKept) {
    const auto end = std::remove(sorted.begin(), sorted.end(), kept);
    if (end == sorted.end()) continue;
    sorted.erase(end, sorted.end());
    codes.push_back(kept);
    --size;
  }
  std::sort(sorted.begin(), sorted.end());
  std::vector<double> sum(sorted.size() + 1, 0);
  for (std::size_t i = 0; i < sorted.size(); ++i) sum[i + 1] = sum[i] + sorted[i];
  // The mean of a bin is its code, and the middles between codes are the borders of new bins.
  std::vector<std::size_t> ends = first_bins(sorted, size);
  std::vector<double> means;
  for (int round = 0; round < kMaxRounds; ++round) {
    std::size_t begin = 0;
    means.clear();
    for (const std::size_t end : ends) {
      if (end > begin) means.push_back((sum[end] - sum[begin]) / static_cast<double>(end - begin));
      begin = end;
    }
    std::vector<std::size_t> next;
    for (std::size_t b = 0; b + 1 < means.size(); ++b) {
      const double border = (means[b] + means[b + 1]) / 2;
      const auto end = std::upper_bound(sorted.begin(), sorted.end(), border,
                                        [](double x, float y) { return x < y; });
      next.push_back(static_cast<std::size_t>(end - sorted.begin()));
    }
    if (!means.empty()) next.push_back(sorted.size());
    if (next == ends) break;
    ends = std::move(next);
  }
  for (const double mean : means) {
    const auto code = static_cast<float>(mean);
    codes.push_back(is_kept(code) ? std::nextafter(code, -1.0f) : code);
  }
  std::sort(codes.begin(), codes.end());
  codes.erase(std::unique(codes.begin(), codes.end()), codes.end());
  return codes;
}

CodeFinder::CodeFinder(const std::vector<float>& codebook, bool exact) : exact_(exact) {
  if (exact) {
    slots_.assign(slots_for(codebook.size()), 0);
    for (std::size_t i = 0; i < codebook.size(); ++i) {
      patterns_.push_back(pattern_of(codebook[i]));
      std::size_t at = home(patterns_[i], slots_.size());
      while (slots_[at]) at = (at + 1) & (slots_.size() - 1);
      slots_[at] = static_cast<std::uint32_t>(i + 1);
    }
    return;
  }
  for (std::size_t i = 0; i < codebook.size(); ++i) {
    const auto place = static_cast<std::uint32_t>(i);
    if (is_kept(codebook[i])) {
      kept_.emplace_back(codebook[i], place);
    } else {
      numbers_.push_back(codebook[i]);
      places_.push_back(place);
    }
  }
}

std::uint32_t CodeFinder::operator()(float value) const {
  if (exact_) {
    const std::uint32_t pattern = pattern_of(value);
    std::size_t at = home(pattern, slots_.size());
    while (patterns_[slots_[at] - 1] != pattern) at = (at + 1) & (slots_.size() - 1);
    return slots_[at] - 1;
  }
  for (const auto& [kept, place] : kept_)
    if (value == kept) return place;
  const auto next = std::lower_bound(numbers_.begin(), numbers_.end(), value);
  auto place = static_cast<std::size_t>(next - numbers_.begin());
  if (place == numbers_.size() || (place > 0 && static_cast<double>(value) - numbers_[place - 1] <=
                                                    static_cast<double>(numbers_[place]) - value))
    --place;
  return places_[place];
}

}  // namespace tlg::lm
