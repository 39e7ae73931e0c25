// SPDX-License-Identifier: MIT
#include "wsym/data/csv.hpp"

#include <doctest/doctest.h>

#include "data/scratch_file.hpp"
#if defined(WSYM_ZLIB)
#include "data/gzip_bytes.hpp"
#endif

using namespace wsym;
using test::ScratchFile;

#if WSYM_CSV
namespace {

using Rows = std::vector<std::vector<std::string>>;

Rows read_rows(const std::string& path, Separator separator = Separator::comma) {
  CsvReader csv(path, separator);
  Rows rows;
  while (csv.next()) rows.emplace_back(csv.fields().begin(), csv.fields().end());
  return rows;
}

Rows rows_of(std::string_view contents, Separator separator = Separator::comma) {
  const ScratchFile file("rows.csv", contents);
  return read_rows(file.path(), separator);
}

}  // namespace

TEST_CASE("csv: LF, CRLF, a missing final newline, a byte order mark and blank lines at the end change nothing") {
  const Rows expected{{"a", "b"}, {"1", "2"}};
  CHECK(rows_of("a,b\n1,2\n") == expected);
  CHECK(rows_of("a,b\n1,2") == expected);
  CHECK(rows_of("a,b\r\n1,2\r\n") == expected);
  CHECK(rows_of("a,b\r\n1,2\r") == expected);
  CHECK(rows_of("\xEF\xBB\xBF"
                "a,b\n1,2\n") == expected);
  CHECK(rows_of("a,b\n1,2\n\n\r\n\n") == expected);
}

TEST_CASE("csv: an empty file has no lines") {
  CHECK(rows_of("").empty());
  CHECK(rows_of("\n").empty());
  CHECK(rows_of("\xEF\xBB\xBF").empty());
}

TEST_CASE("csv: empty fields are fields") {
  CHECK(rows_of(",\n,,\nx,\n") == Rows{{"", ""}, {"", "", ""}, {"x", ""}});
}

TEST_CASE("csv: blanks belong to a field after a comma, and do not after a comma and a space") {
  CHECK(rows_of("a, b ,c\n") == Rows{{"a", " b ", "c"}});
  CHECK(rows_of("a, b c,\td \n", Separator::comma_space) == Rows{{"a", "b c", "d"}});
}

TEST_CASE("csv: quotes hold commas and doubled quotes") {
  CHECK(rows_of("\"a,b\",\"say \"\"x\"\"\",\"\"\n") == Rows{{"a,b", "say \"x\"", ""}});
}

TEST_CASE("csv: a quote that its line does not close is refused") {
  const ScratchFile file("quote.csv", "a,b\n1,\"2\n3\",4\n");
  CHECK_THROWS_WITH_AS(read_rows(file.path()),
                       (file.path() + ":2: field 2 opens a quote that this line does not close").c_str(), DataError);
}

TEST_CASE("csv: a blank line between others is refused with its number") {
  const ScratchFile file("blank.csv", "a\n1\n\n\n2\n");
  CHECK_THROWS_WITH_AS(read_rows(file.path()), (file.path() + ":3: a blank line inside the data").c_str(), DataError);
}

TEST_CASE("csv: a NUL byte is refused with its line") {
  using namespace std::string_view_literals;
  const ScratchFile file("nul.csv", "1,2\n3,\0004\n"sv);
  CHECK_THROWS_WITH_AS(read_rows(file.path()), (file.path() + ":2: a NUL byte").c_str(), DataError);
}

TEST_CASE("csv: a line of a megabyte is read, a longer one is refused") {
  const std::string longest(detail::CsvSource::longest_line, 'x');
  const Rows rows = rows_of("1\n" + longest + "\n2");
  REQUIRE(rows.size() == 3);
  CHECK(rows[1][0] == longest);
  CHECK(rows[2][0] == "2");
  const ScratchFile file("long.csv", "1\n" + longest + "x\n2\n");
  CHECK_THROWS_WITH_AS(read_rows(file.path()), (file.path() + ":2: a line of more than 1048574 bytes").c_str(),
                       DataError);
}

TEST_CASE("csv: a large file without a final newline is read to its end") {
  std::string contents;  // beyond the three blocks of 16 MiB of the parser's 2016 version
  const std::string line(99999, 'y');
  for (int i = 0; i < 520; ++i) contents += line + ",\n";
  contents += "last,line";
  const ScratchFile file("large.csv", contents);
  CsvReader csv(file.path());
  std::int64_t lines = 0;
  std::size_t lengths = 0;
  while (csv.next()) ++lines, lengths += csv.fields()[0].size();
  CHECK(lines == 521);
  CHECK(csv.line() == 521);
  CHECK(lengths == 520 * line.size() + 4);
  CHECK(csv.fingerprint() == fnv1a(contents));
}

TEST_CASE("csv: a line has as many fields as it has") {
  std::string wide = "0";
  for (int i = 1; i < 785; ++i) wide += "," + std::to_string(i);
  const Rows rows = rows_of(wide + "\n" + wide);
  REQUIRE(rows.size() == 2);
  CHECK(rows[1].size() == 785);
  CHECK(rows[1][784] == "784");
}

#if defined(WSYM_ZLIB)
TEST_CASE("csv: a gzip file is read like the plain one, and a damaged one is refused") {
  const std::string contents = "a,b\n1,2\n3,4";
  const ScratchFile file("rows.csv.gz", test::gzip(contents));
  CHECK(read_rows(file.path()) == rows_of(contents));
  const ScratchFile cut("rows.csv.gz", test::gzip(contents).substr(0, 20));
  CHECK_THROWS_WITH_AS(read_rows(cut.path()), (cut.path() + ": the gzip file is cut short").c_str(), FormatError);
}
#endif
#else
TEST_CASE("csv: without the parser reading is one clear error") {
  CHECK_THROWS_WITH_AS(
      CsvReader("x.csv"),
      "x.csv: built without fast-cpp-csv-parser; install libfccp-dev, or put its csv.h on the include path", Error);
}
#endif
