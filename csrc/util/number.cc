#include "util/number.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <locale>
#include <sstream>
#include <string>
#include <system_error>

#include "util/swar.h"

namespace tlg {
namespace {

constexpr double kPower[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                             1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

constexpr std::uint64_t kTens[] = {1,       10,       100,       1000,       10000,      100000,
                                   1000000, 10000000, 100000000, 1000000000, 10000000000};

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

bool parse_padded_float(const char* text, std::size_t size, float* value) {
  const auto slowly = [&] { return parse_float({text, size}, value); };
  if (!util::kFirstByteIsLowest || size == 0) return slowly();
  const char* p = text;
  const char* const end = text + size;
  const bool negative = *p == '-';
  p += negative;
  // One or two digits, a point, up to 16 digits: all that is usual in a file of log10 values.
  if (!is_digit(p[0])) return slowly();
  std::uint64_t whole = static_cast<std::uint64_t>(p[0] - '0');
  if (p[1] == '.') {
    p += 2;
  } else if (end - p == 1) {
    *value = whole == 0 ? 0.0f : static_cast<float>(whole) * (negative ? -1.0f : 1.0f);
    return true;
  } else {
    if (!is_digit(p[1]) || p[2] != '.') return slowly();
    whole = whole * 10 + static_cast<std::uint64_t>(p[1] - '0');
    p += 3;
  }
  const auto digits = static_cast<std::size_t>(end - p);
  // Digits that are not there become zeros, so that the power of ten is always the same one.
  constexpr std::uint64_t kZeros = 0x3030303030303030ULL;
  const auto decimals = [](const char* from, std::size_t count) {
    return util::first_of_eight(util::load_eight(from) ^ kZeros, count) ^ kZeros;
  };
  double wide;
  if (digits - 1 < 8) {
    const std::uint64_t first = decimals(p, digits);
    if (!util::are_eight_digits(first)) return slowly();
    wide = static_cast<double>(whole * 100000000 + util::parse_eight_digits(first)) / 1e8;
  } else if (digits - 9 < 8 && whole == 0) {
    const std::uint64_t first = decimals(p, 8), second = decimals(p + 8, digits - 8);
    if (!util::are_eight_digits(first) || !util::are_eight_digits(second)) return slowly();
    const std::uint64_t both = std::uint64_t{util::parse_eight_digits(first)} * 100000000 +
                               util::parse_eight_digits(second);
    if (both > std::uint64_t{1} << 53) return slowly();
    wide = static_cast<double>(both) / 1e16;
  } else {
    return slowly();
  }
  if (is_midpoint(wide)) return slowly();
  *value = static_cast<float>(negative ? -wide : wide);
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
  return std::to_chars(out, out + kFloatRoom, value, std::chars_format::fixed).ptr;
#else
  for (int decimals = 0;; ++decimals) {
    std::ostringstream stream;
    stream.imbue(std::locale::classic());
    stream.setf(std::ios::fixed);
    stream.precision(decimals);
    stream << value;
    const std::string text = stream.str();
    float back = 0;
    if (parse_float(text, &back) && back == value) {
      std::memcpy(out, text.data(), text.size());
      return out + text.size();
    }
  }
#endif
}

// Decimals that always suffice at the size of 2^(exponent - 127): their spacing is below that of
// float32 there.
constexpr int decimals_needed(std::uint32_t exponent) {
  return exponent >= 131 ? 6 : exponent >= 127 ? 7 : exponent >= 124 ? 8 : 10;
}

// The nearest decimal to a float with one power of ten, and whether it reads back to that float.
struct Decimal {
  std::int64_t number;
  bool reads_back;

  // half_gap: half the distance to the next float; 0 where the two neighbours are not equally far.
  Decimal(double size, double half_gap, int decimals) {
    const double power = kPower[decimals], scaled = size * power;
    number = static_cast<std::int64_t>(scaled + 0.5);
    const double off = std::fabs(static_cast<double>(number) - scaled), half = half_gap * power;
    // scaled is below 1.3e9, so rounding has moved it by 2e-7 at most.
    constexpr double kRounding = 1e-5;
    reads_back = off < half - kRounding;
    if (std::fabs(off - half) <= kRounding || half_gap == 0) {  // the exact way, seldom
      const double back = static_cast<double>(number) / power;
      reads_back = static_cast<float>(back) == static_cast<float>(size) && !is_midpoint(back);
    }
  }
};

void write_eight_digits(char* out, std::uint32_t value) {
  const std::uint64_t digits = util::format_eight_digits(value);
  if (util::kFirstByteIsLowest)
    util::store_eight(out, digits);
  else
    for (int i = 0; i < 8; ++i) out[i] = static_cast<char>(digits >> 8 * i);
}

}  // namespace

char* format_float(char* out, float value) {
  const float size = std::fabs(value);
  if (value == 0) {
    *out++ = '0';
    return out;
  }
  if (!(size >= 1e-3f && size < 128.0f)) return format_slowly(out, value);
  std::uint32_t bits;
  std::memcpy(&bits, &size, sizeof bits);
  const std::uint32_t power_bits = bits & 0x7f800000U;
  float power_of_two;
  std::memcpy(&power_of_two, &power_bits, sizeof power_of_two);
  const double wide = size;
  const double half_gap = power_bits == bits ? 0 : static_cast<double>(power_of_two) * 0x1p-24;
  // A shorter decimal that reads back implies that all the longer ones do, so the first failure
  // ends the search. No branch on the first two tries: nobody could foretell it.
  int decimals = decimals_needed(bits >> 23);
  std::int64_t number = Decimal(wide, half_gap, decimals).number;
  const Decimal shorter(wide, half_gap, decimals - 1);
  Decimal next(wide, half_gap, decimals - 2);
  number = shorter.reads_back ? shorter.number : number;
  decimals -= shorter.reads_back;
  if (shorter.reads_back && next.reads_back) {
    do {
      number = next.number;
      if (--decimals == 0) break;
      next = Decimal(wide, half_gap, decimals - 1);
    } while (next.reads_back);
  }
  *out = '-';
  out += value < 0;
  if (size >= 1 && size < 16) {  // most numbers: seven decimals
    const auto all =
        static_cast<std::uint32_t>(static_cast<std::uint64_t>(number) * kTens[7 - decimals]);
    const std::uint32_t whole = all / 10000000;
    *out = '1';
    out += whole >= 10;
    *out++ = static_cast<char>('0' + (whole >= 10 ? whole - 10 : whole));
    write_eight_digits(out, all % 10000000);  // a zero, where the point comes, and the decimals
    *out = '.';
    return out + (decimals > 0 ? decimals + 1 : 0);
  }
  // Up to three digits, a point, ten decimals: those that are not wanted are written over.
  const std::uint64_t all = static_cast<std::uint64_t>(number) * kTens[10 - decimals];
  const std::uint64_t whole = all / 10000000000U, rest = all % 10000000000U;
  if (whole >= 100) {
    *out++ = '1';
    std::memcpy(out, kPairs + (whole - 100) * 2, 2);
    out += 2;
  } else if (whole >= 10) {
    std::memcpy(out, kPairs + whole * 2, 2);
    out += 2;
  } else {
    *out++ = static_cast<char>('0' + whole);
  }
  *out = '.';
  std::memcpy(out + 1, kPairs + rest / 100000000 * 2, 2);
  write_eight_digits(out + 3, static_cast<std::uint32_t>(rest % 100000000));
  return out + (decimals > 0 ? decimals + 1 : 0);
}

}  // namespace tlg
