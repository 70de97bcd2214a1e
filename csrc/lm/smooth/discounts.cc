#include "lm/smooth/discounts.h"

#include <cmath>
#include <string>

#include "util/error.h"

namespace tlg::lm {
namespace {

// result[j]: how many of the counts are j, for j in 1 .. highest.
std::vector<std::uint64_t> count_counts(const util::Array<std::uint32_t>& counts, int highest,
                                        std::uint32_t last) {
  const auto size = static_cast<std::uint32_t>(highest) + 1;
  std::vector<std::uint64_t> t(size + 1);
  // Most are small; higher ones share the last place.
  for (const std::uint32_t count : counts) ++t[std::min(count, size)];
  if (last) {
    // The last unigram is the last word that ends a window, not the last id.
    std::size_t at = counts.size() - 1;
    while (counts[at] == 0) --at;
    --t[std::min(counts[at], size)];
    ++t[std::min(last, size)];
  }
  t.pop_back();
  return t;
}

std::string grams(int k) { return std::to_string(k) + "-gram"; }

// Chen and Goodman 1998, eq. 26; a single discount: Ney, Essen and Kneser 1994.
std::string fail_kneser_ney(const std::vector<std::uint64_t>& t, int k, const char* what,
                            std::size_t wanted, std::vector<double>* discount) {
  const auto named = [&](std::size_t j) { return what + std::to_string(j); };
  for (std::size_t j = 1; j <= std::max<std::size_t>(wanted, 2); ++j)
    if (t[j] == 0) return "no " + grams(k) + " has " + named(j);
  const auto n = [&](std::size_t j) { return static_cast<double>(t[j]); };
  const double y = n(1) / (n(1) + 2.0 * n(2));
  for (std::size_t j = 1; j <= wanted; ++j) {
    const auto whole = static_cast<double>(j);
    const double d = wanted == 1 ? y : whole - (whole + 1) * y * n(j + 1) / n(j);
    discount->push_back(d);
    if (d < 0 || d > whole)
      return "the discount of " + grams(k) + "s with " + named(j) + " would be " +
             std::to_string(d);
  }
  return "";
}

// The count r becomes d_r * r; Katz 1987, with SRILM's treatment of what does not work out.
std::string good_turing(const std::vector<std::uint64_t>& t, int k, int highest,
                        std::vector<double>* ratio) {
  constexpr double kSmallest = 3e-6;
  // d_1 would be 0 whatever the text: nothing is discounted.
  if (highest == 1) return "";
  std::string failed;
  const auto fail = [&](const std::string& why) { failed += (failed.empty() ? "" : "; ") + why; };
  const auto n = [&](int r) { return static_cast<double>(t[static_cast<std::size_t>(r)]); };
  int high = t[1] ? highest : 0;
  if (!high) fail("no " + grams(k) + " occurs once: nothing is discounted");
  while (high > 0 && n(high + 1) == 0) --high;
  if (t[1] && high < highest)
    fail("no " + grams(k) + " occurs " + std::to_string(high + 2) +
         " times: higher counts are not discounted");
  const double a = high ? (high + 1) * n(high + 1) / n(1) : 0;
  for (int r = 1; r <= high; ++r) {
    const double whole = (r + 1) * n(r + 1) / (r * n(r));
    double d = (whole - a) / (1 - a);
    if (!std::isfinite(d) || d <= kSmallest || d > 1 || whole > 1) {
      fail("d_" + std::to_string(r) + " of " + grams(k) + "s is out of range");
      d = 1;
    }
    ratio->push_back(d);
  }
  return failed;
}

[[noreturn]] void refuse(const std::string& what, int k, const std::string& why) {
  throw Error(ErrorKind::kText,
              "no " + what + " discounts for order " + std::to_string(k) + ": " + why,
              "The text is small or artificial: allow discount_fallback (--discount-fallback), "
              "or add text");
}

}  // namespace

FoundDiscounts find_discounts(const util::Array<std::uint32_t>& counts, int k, std::uint32_t last,
                              bool all_words, const SmoothingOptions& options) {
  FoundDiscounts found;
  OrderReport& report = found.report;
  report.counted = counts.size();
  const bool modified = options.smoothing == Smoothing::kModifiedKneserNey;
  const bool katz = options.smoothing == Smoothing::kKatz;
  if (!modified && !katz && options.smoothing != Smoothing::kKneserNey &&
      options.smoothing != Smoothing::kAbsolute)
    return found;
  const int gt_max =
      katz ? options
                 .gt_max[std::min<std::size_t>(static_cast<std::size_t>(k), options.gt_max.size()) -
                         1]
           : 0;
  const std::vector<std::uint64_t> t = count_counts(counts, katz ? gt_max + 1 : 4, last);
  report.t.assign(t.begin() + 1, t.end());
  std::vector<double>& discount = report.discount;
  if (katz) {
    report.fallback = good_turing(t, k, gt_max, &discount);
    if (!report.fallback.empty() && !options.discount_fallback)
      refuse("Good-Turing", k, report.fallback);
    std::vector<double> removed;
    for (std::size_t r = 1; r <= discount.size(); ++r)
      removed.push_back(static_cast<double>(r) * (1 - discount[r - 1]));
    removed.push_back(0);
    found.discounts = Discounts(removed);
    return found;
  }
  const bool adjusted =
      counts_adjusted(options.smoothing) && options.count_of_counts != CountOfCounts::kRaw;
  const std::size_t wanted = modified ? 3 : 1;
  if (!modified && all_words && t[1] == 0) {
    discount = {0};  // unigrams as they are: no word needs a share
  } else {
    report.fallback =
        fail_kneser_ney(t, k, adjusted ? "the adjusted count " : "the count ", wanted, &discount);
  }
  if (!report.fallback.empty()) {
    if (!options.discount_fallback)
      refuse(modified || adjusted ? "Kneser-Ney" : "absolute", k, report.fallback);
    discount = options.fallback;
  }
  found.discounts = Discounts(discount);
  return found;
}

}  // namespace tlg::lm
