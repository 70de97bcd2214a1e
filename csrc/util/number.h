// Numbers to and from text, without locale: "0.5" is 0.5 whatever the user's decimal comma.
// Not for: hexadecimal floats, digit separators.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tlg {

// Parses all of `text` as a decimal number: sign, digits, point, exponent; also inf, infinity and
// nan in any case. False if anything else is in it. Correctly rounded to float32.
bool parse_float(std::string_view text, float* value);

// The same for text that at least 24 readable bytes follow, whatever they are: faster.
bool parse_padded_float(const char* text, std::size_t size, float* value);

// Parses all of `text` as an unsigned number; false if it is none or does not fit.
bool parse_unsigned(std::string_view text, std::uint64_t* value);

// Writes the shortest text without an exponent that reads back to the same float32, returns its
// end; of texts of one length it is the nearest. 0 and -0 are "0". At most kFloatRoom characters
// may be written to; no terminating NUL.
inline constexpr std::size_t kFloatRoom = 64;
char* format_float(char* out, float value);

// Writes an unsigned number, returns its end. At most 20 characters.
char* format_unsigned(char* out, std::uint64_t value);

}  // namespace tlg
