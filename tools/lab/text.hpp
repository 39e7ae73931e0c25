// SPDX-License-Identifier: MIT
#pragma once
#include <charconv>
#include <limits>
#include <string>
#include <vector>

#include "wsym/core/error.hpp"
#include "wsym/core/types.hpp"

namespace wsym::lab {

/// What no number says; an empty field in tables.
inline constexpr double undefined = std::numeric_limits<double>::quiet_NaN();

/// The nearest number of so many significant decimal digits.
double significant(double value, int digits);

/// The shortest decimal text that reads back as the same double; empty for what is not finite (an empty CSV field).
std::string shortest(double value);

/// A fixed number of decimals; "-" for what is not finite.
std::string rounded(double value, int decimals);

/// "+0.25", "−0.25", for differences; "-" for what is not finite.
std::string with_sign(double value, int decimals);

/// "0.5213 ± 0.0008", without an sd that is not finite.
std::string mean_and_sd(double mean, double sd, int decimals);

/// The number that is the whole word. Throws FormatError for anything else.
template <class T> T number_of(const std::string& word) {
  T value{};
  const char* const end = word.data() + word.size();
  const auto read = std::from_chars(word.data(), end, value);
  expect<FormatError>(read.ec == std::errc() && read.ptr == end, "'", word, "' is no number that fits");
  return value;
}

/// What came, for a message: in quotes, cut after 60 bytes, control characters as \xNN, so that a terminal obeys none.
std::string shown(const std::string& text);

/// Characters of UTF-8.
std::size_t characters(const std::string& text);

/// With spaces to `width` characters, set flush left or right.
std::string padded(const std::string& text, std::size_t width, bool left = false);

/// A field of a CSV line, in quotes if it holds a comma; it holds no quotes itself.
std::string csv_field(const std::string& text);

std::string join(const std::vector<std::string>& parts, const std::string& separator);
std::string join(const std::vector<Index>& parts, const std::string& separator);

/// "45 s", "3 min 20 s", "2 h 05 min".
std::string duration(double seconds);

/// "12 kB", "3.4 MB" (powers of 1000).
std::string bytes(double count);

}  // namespace wsym::lab
