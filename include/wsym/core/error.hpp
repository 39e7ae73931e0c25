// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <new>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

#include "wsym/core/version.hpp"

// Errors are the same types in units built for different machines, so one catches what another throws.
namespace wsym {

/// What every error of the library derives from; what() says what came, what was wanted and where.
struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Two sizes that do not fit.
struct ShapeError : Error {
  using Error::Error;
};

/// An option outside its range, or two that contradict each other.
struct ConfigError : Error {
  using Error::Error;
};

/// A file that does not hold what its format promises (a lying header, a cut end, an unknown version).
struct FormatError : Error {
  using Error::Error;
};

/// A training run whose loss is no longer a finite number.
struct Diverged : Error {
  using Error::Error;
};

/// A value in a data file that cannot be used; line and column are 1-based, 0 where they do not apply.
struct DataError : Error {
  DataError(const std::string& message, std::string file_ = {}, std::int64_t line_ = 0, std::string column_ = {},
            std::string value_ = {})
      : Error(describe(message, file_, line_, column_, value_)),
        file(std::move(file_)),
        line(line_),
        column(std::move(column_)),
        value(std::move(value_)) {}

  std::string file;
  std::int64_t line;
  std::string column;
  std::string value;

 private:
  static std::string describe(const std::string& message, const std::string& file, std::int64_t line,
                              const std::string& column, const std::string& value) {
    std::string text = file;
    if (line > 0) text.append(":").append(std::to_string(line));
    if (!text.empty()) text += ": ";
    if (!column.empty()) text.append("column '").append(column).append("': ");
    text += message;
    if (!value.empty()) text.append(" (value: '").append(value).append("')");
    return text;
  }
};

}  // namespace wsym

namespace wsym::inline WSYM_SIMD {
namespace detail {
/// Writes one part of a message. A compiler resolves the << of a type once here, and not in each message; this overload
/// takes literals of every length.
inline void print(std::ostream& out, const char* text) {
  out << text;
}
template <class T> void print(std::ostream& out, const T& part) {
  out << part;
}
}  // namespace detail

/// The arguments written one after the other, as a stream would.
template <class... Parts> std::string message(const Parts&... parts) {
  std::ostringstream out;
  (detail::print(out, parts), ...);
  return out.str();
}

/// Throws E with the parts as its message unless the claim holds. The parts are formatted only on failure.
template <class E = ShapeError, class... Parts> void expect(bool claim, const Parts&... parts) {
  if (!claim) [[unlikely]]
    throw E(message(parts...));
}

/// read(), which reads `source`, with errors that name it: a FormatError without the name gets it in front, and memory
/// that is not there is an Error instead of std::bad_alloc or std::length_error.
template <class F> decltype(auto) reading(std::string_view source, F&& read) {
  try {
    return read();
  } catch (const FormatError& error) {
    if (std::string_view(error.what()).starts_with(source)) throw;
    throw FormatError(message(source, ": ", error.what()));
  } catch (const std::bad_alloc&) {
  } catch (const std::length_error&) {
  }
  throw Error(message(source, ": not enough memory to read it"));
}

}  // namespace wsym::inline WSYM_SIMD
