// SPDX-License-Identifier: MIT
#pragma once
#include <array>
#include <cstdint>
#include <limits>  // the parser's Debian version uses it without including it
#include <span>
#include <string>
#include <string_view>
#include <vector>
#if !defined(CSV_IO_NO_THREAD)
#define CSV_IO_NO_THREAD
#endif
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wstringop-truncation"  // the parser cuts long file names on purpose
#endif
#if defined(WSYM_CSV) && !WSYM_CSV
// -DWSYM_CSV=0 leaves the parser out where it is installed.
#elif __has_include(<libfccp/csv.h>)
#include <libfccp/csv.h>
#define WSYM_CSV 1
#elif __has_include(<csv.h>)
#include <csv.h>
#define WSYM_CSV 1
#else
#define WSYM_CSV 0
#endif
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

#include "wsym/core/types.hpp"
#include "wsym/data/gzip.hpp"

namespace wsym::inline WSYM_SIMD {

/// What stands between two fields. comma_space: blanks around a field do not belong to it.
enum class Separator { comma, comma_space };
constexpr auto names(Separator) {
  return std::array{"comma", "comma_space"};
}

#if WSYM_CSV
namespace detail {

/// Feeds an InputFile to the parser's LineReader, which takes a short read for the end of the file, and of which the
/// Debian version (2016) never returns from a large file without a final newline: so reads are filled and the last line
/// is ended here. Also refuses what LineReader would cut in silence (a NUL byte), and lines longer than any of its
/// versions can hold.
class CsvSource : public io::ByteSourceBase {
 public:
  static constexpr std::size_t longest_line = (std::size_t{1} << 20) - 2;

  explicit CsvSource(InputFile& file) : file_(file) {}

  int read(char* buffer, int size) override {
    constexpr std::size_t piece = 1 << 16;  // checked before the next is read: a line of gigabytes stays unread
    const std::size_t room = static_cast<std::size_t>(size);
    std::size_t done = 0;
    while (done < room && !ended_) {
      const std::size_t wanted = std::min(piece, room - done), got = file_.read(buffer + done, wanted);
      check({buffer + done, got});
      done += got;
      ended_ = got < wanted;
    }
    if (ended_ && unfinished_ && done < room) buffer[done++] = '\n', unfinished_ = false;
    return static_cast<int>(done);
  }

 private:
  void check(std::string_view bytes) {
    if (bytes.empty()) return;
    unfinished_ = bytes.back() != '\n';
    while (!bytes.empty()) {
      const std::size_t newline = bytes.find('\n'), length = std::min(newline, bytes.size());
      line_length_ += length;
      if (bytes.substr(0, length).find('\0') != bytes.npos) throw DataError("a NUL byte", file_.path(), line_);
      if (line_length_ > longest_line)
        throw DataError(message("a line of more than ", longest_line, " bytes"), file_.path(), line_);
      if (newline == bytes.npos) return;
      bytes.remove_prefix(newline + 1);
      line_length_ = 0;
      ++line_;
    }
  }

  InputFile& file_;
  bool ended_ = false, unfinished_ = false;
  std::size_t line_length_ = 0;
  std::int64_t line_ = 1;
};

}  // namespace detail

/// The lines of a CSV file, split into fields; plain or ".csv.gz". LF and CRLF, with or without a final newline; a byte
/// order mark and blank lines at the end are skipped; a field in double quotes may hold commas and doubled quotes.
/// Throws DataError for a blank line between others, an unclosed quote, a NUL byte, a line of a megabyte or more.
///
/// fast-cpp-csv-parser reads the lines and finds the fields. Its CSVReader is not used: the number of columns is its
/// template argument (here it is known at run time, and reaches hundreds), and its conversions read an empty field, "."
/// or "1e" as a number without complaint.
class CsvReader {
 public:
  /// A ".csv.gz" may inflate to at most `limit` bytes.
  explicit CsvReader(const std::string& path, Separator separator = Separator::comma,
                     std::uint64_t limit = InputFile::default_limit)
      : separator_(separator),
        file_(path, limit),
        lines_(path, std::unique_ptr<io::ByteSourceBase>(new detail::CsvSource(file_))) {}

  /// Goes to the next line. False at the end.
  bool next() {
    std::int64_t blank = 0;
    for (char* line = lines_.next_line(); line; line = lines_.next_line()) {
      if (*line == '\0') {
        if (blank == 0) blank = this->line();
      } else if (blank) {
        throw DataError("a blank line inside the data", path(), blank);
      } else {
        split(line);
        return true;
      }
    }
    return false;
  }

  /// The fields of the current line; valid until next().
  std::span<const std::string_view> fields() const { return {fields_.data(), fields_.size()}; }
  /// The number of the current line, from 1.
  std::int64_t line() const { return lines_.get_file_line(); }
  const std::string& path() const { return file_.path(); }
  /// The hash of the contents; final after the last line.
  std::uint64_t fingerprint() const { return file_.fingerprint(); }

 private:
  using Quotes = io::double_quote_escape<',', '"'>;

  void split(char* line) {
    fields_.clear();
    for (bool more = true; more;) {
      char* begin = line;
      char* end = line + (end_of_field(line) - line);
      more = *end == ',';
      line = end + 1;
      if (separator_ == Separator::comma_space) io::trim_chars<' ', '\t'>::trim(begin, end);
      Quotes::unescape(begin, end);
      fields_.emplace_back(begin, static_cast<std::size_t>(end - begin));
    }
  }
  const char* end_of_field(const char* field) const {
    try {
      return Quotes::find_next_column_end(field);
    } catch (const io::error::escaped_string_not_closed&) {
      throw DataError(message("field ", fields_.size() + 1, " opens a quote that this line does not close"), path(),
                      line());
    }
  }

  Separator separator_;
  InputFile file_;
  io::LineReader lines_;
  std::vector<std::string_view> fields_;
};
#else
class CsvReader {
 public:
  explicit CsvReader(const std::string& path, Separator = Separator::comma, std::uint64_t = 0) {
    throw Error(path +
                ": built without fast-cpp-csv-parser; install libfccp-dev, or put its csv.h on the include path");
  }
  bool next() { return false; }
  std::span<const std::string_view> fields() const { return {}; }
  std::int64_t line() const { return 0; }
  const std::string& path() const { return path_; }
  std::uint64_t fingerprint() const { return 0; }

 private:
  std::string path_;
};
#endif

}  // namespace wsym::inline WSYM_SIMD
