#include "util/number.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <locale>
#include <sstream>
#include <string>
#include <system_error>

namespace tlg {
namespace {

constexpr double kPower[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                             1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

constexpr char kPairs[] =
    "0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546"
    "474849"
    "5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596"
    "979899";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// A double in the middle between two float32 came from a decimal that may have been a little beside
// it; rounding twice could then go the wrong way.
bool is_midpoint(double value) {
  std::uint64_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return (bits & 0x1fffffffU) == 0x10000000U;
}

bool equals_ignoring_case(std::string_view text, const char* lower) {
  const std::size_t size = std::strlen(lower);
  if (text.size() != size) return false;
  for (std::size_t i = 0; i < size; ++i)
    if ((text[i] | 0x20) != lower[i]) return false;
  return true;
}

// The slow way: a correctly rounded library function, for numbers already known to be well formed.
float parse_slowly(std::string_view text) {
  float value = 0;
#ifdef __cpp_lib_to_chars
  const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end.ec == std::errc()) return value;
#endif
  std::istringstream stream{std::string(text)};
  stream.imbue(std::locale::classic());
  double wide = 0;
  stream >> wide;  // underflow gives 0, overflow the largest double: inf as float32
  return static_cast<float>(wide);
}

}  // namespace

bool parse_float(std::string_view text, float* value) {
  const char* p = text.data();
  const char* end = p + text.size();
  bool negative = false;
  if (p != end && (*p == '-' || *p == '+')) negative = *p++ == '-';
  const char* start = p;
  std::uint64_t mantissa = 0;
  int digits = 0, exponent = 0;
  bool any = false, exact = true;
  for (; p != end && is_digit(*p); ++p) {
    any = true;
    if (digits < 19) {
      mantissa = mantissa * 10 + static_cast<std::uint64_t>(*p - '0');
      if (mantissa) ++digits;
    } else {
      exact = false;
    }
  }
  if (p != end && *p == '.') {
    for (++p; p != end && is_digit(*p); ++p) {
      any = true;
      if (digits < 19) {
        mantissa = mantissa * 10 + static_cast<std::uint64_t>(*p - '0');
        if (mantissa) ++digits;
        --exponent;
      } else {
        exact = false;
      }
    }
  }
  if (!any) {
    const std::string_view rest(start, static_cast<std::size_t>(end - start));
    if (equals_ignoring_case(rest, "inf") || equals_ignoring_case(rest, "infinity")) {
      *value = negative ? -std::numeric_limits<float>::infinity()
                        : std::numeric_limits<float>::infinity();
      return true;
    }
    *value = std::numeric_limits<float>::quiet_NaN();
    return equals_ignoring_case(rest, "nan");
  }
  if (p != end && (*p == 'e' || *p == 'E')) {
    ++p;
    bool down = false;
    if (p != end && (*p == '-' || *p == '+')) down = *p++ == '-';
    if (p == end || !is_digit(*p)) return false;
    int written = 0;
    for (; p != end && is_digit(*p); ++p)
      if (written < 100000) written = written * 10 + (*p - '0');
    exponent += down ? -written : written;
  }
  if (p != end) return false;
  if (exact && mantissa <= (std::uint64_t{1} << 53) && exponent >= -22 && exponent <= 22) {
    const double wide = exponent < 0 ? static_cast<double>(mantissa) / kPower[-exponent]
                                     : static_cast<double>(mantissa) * kPower[exponent];
    if (!is_midpoint(wide) && (wide == 0 || (wide > 1e-37 && wide < 1e38))) {
      *value = static_cast<float>(negative ? -wide : wide);
      return true;
    }
  }
  const float size = parse_slowly({start, static_cast<std::size_t>(end - start)});
  *value = negative ? -size : size;
  return true;
}

bool parse_unsigned(std::string_view text, std::uint64_t* value) {
  const auto end = std::from_chars(text.data(), text.data() + text.size(), *value);
  return !text.empty() && end.ec == std::errc() && end.ptr == text.data() + text.size();
}

char* format_unsigned(char* out, std::uint64_t value) {
  return std::to_chars(out, out + 20, value).ptr;
}

namespace {

char* format_slowly(char* out, float value) {
#ifdef __cpp_lib_to_chars
  return std::to_chars(out, out + 16, value).ptr;
#else
  for (int digits = 1; digits <= 9; ++digits) {
    std::ostringstream stream;
    stream.imbue(std::locale::classic());
    stream.precision(digits);
    stream << value;
    const std::string text = stream.str();
    float back = 0;
    if (digits == 9 || (parse_float(text, &back) && back == value)) {
      std::memcpy(out, text.data(), text.size());
      return out + text.size();
    }
  }
  return out;
#endif
}

}  // namespace

char* format_float(char* out, float value) {
  const float size = std::fabs(value);
  if (value == 0) {
    *out++ = '0';
    return out;
  }
  if (!(size >= 1e-3f && size < 128.0f)) return format_slowly(out, value);
  // Decimals that always suffice: their spacing is below that of float32 at this size. Then fewer
  // while the nearest such decimal still reads back; a shorter one inside the rounding interval
  // implies all the longer ones, so the first failure ends the search.
  int decimals = size >= 16 ? 6 : size >= 1 ? 7 : size >= 0.125f ? 8 : 10;
  const double wide = size;
  auto scaled = static_cast<std::uint64_t>(wide * kPower[decimals] + 0.5);
  while (decimals > 0) {
    const auto shorter = static_cast<std::uint64_t>(wide * kPower[decimals - 1] + 0.5);
    const double back = static_cast<double>(shorter) / kPower[decimals - 1];
    if (static_cast<float>(back) != size || is_midpoint(back)) break;
    scaled = shorter;
    --decimals;
  }
  if (value < 0) *out++ = '-';
  // Two digits a step, from the right; zeros in front make up the decimals.
  char digits[24];
  char* first = digits + sizeof digits;
  for (; scaled >= 100; scaled /= 100) std::memcpy(first -= 2, kPairs + scaled % 100 * 2, 2);
  std::memcpy(first -= 2, kPairs + scaled * 2, 2);
  if (scaled < 10) ++first;
  char* const end = digits + sizeof digits;
  while (end - first <= decimals) *--first = '0';
  const auto whole = static_cast<std::size_t>(end - first - decimals);
  std::memcpy(out, first, whole);
  out += whole;
  if (decimals > 0) {
    *out++ = '.';
    std::memcpy(out, first + whole, static_cast<std::size_t>(decimals));
    out += decimals;
  }
  return out;
}

}  // namespace tlg
