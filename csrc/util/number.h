// Numbers to and from text, without locale: "0.5" is 0.5 whatever the user's decimal comma.
// Not for: hexadecimal floats, digit separators.
#pragma once

#include <cstdint>
#include <string_view>

namespace tlg {

// Parses all of `text` as a decimal number: sign, digits, point, exponent; also inf, infinity and
// nan in any case. False if anything else is in it. Correctly rounded to float32.
bool parse_float(std::string_view text, float* value);

// Parses all of `text` as an unsigned number; false if it is none or does not fit.
bool parse_unsigned(std::string_view text, std::uint64_t* value);

// Writes the shortest decimal text that reads back to the same float32, returns its end.
// At most 16 characters; no terminating NUL.
char* format_float(char* out, float value);

// Writes an unsigned number, returns its end. At most 20 characters.
char* format_unsigned(char* out, std::uint64_t value);

}  // namespace tlg
