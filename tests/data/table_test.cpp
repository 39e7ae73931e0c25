// SPDX-License-Identifier: MIT
#include "wsym/data/table.hpp"

#include <doctest/doctest.h>

#include "data/scratch_file.hpp"
#if defined(WSYM_ZLIB)
#include "data/gzip_bytes.hpp"
#endif

using namespace wsym;
using test::ScratchFile;

namespace {

/// id, size (number, "?" is missing), colour (declared), shape (collected), y (class).
TableSchema schema() {
  using enum ColumnKind;
  return {.columns = {{"id", identifier},
                      {.name = "size", .missing = "?"},
                      {"colour", category, {"red", "blue"}},
                      {"shape", category},
                      {"y", target_class, {"no", "yes"}}},
          .header = true};
}

const std::string header = "id,size,colour,shape,y\n";

Table table_of(const std::string& contents, const TableSchema& columns = schema()) {
  const ScratchFile file("table.csv", contents);
  return read_table(file.path(), columns);
}

/// The error that reading these contents ends with; its message must be the path followed by `text`.
DataError error_of(const std::string& contents, const std::string& text, const TableSchema& columns = schema()) {
  const ScratchFile file("table.csv", contents);
  try {
    read_table(file.path(), columns);
  } catch (const DataError& error) {
    CHECK(std::string(error.what()) == file.path() + text);
    CHECK(error.file == file.path());
    return error;
  }
  FAIL("no error for: ", contents);
  return DataError("none");
}

void check_place(const DataError& error, std::int64_t line, const std::string& column, const std::string& value) {
  CHECK(error.line == line);
  CHECK(error.column == column);
  CHECK(error.value == value);
}

}  // namespace

TEST_CASE("table: each column is read as its schema says") {
  const Table table = table_of(header + "a,1.5,blue,square,no\nb,?,red,disc,yes\nc,-2e3,red,square,yes\n");
  REQUIRE(table.rows == 3);
  CHECK(table.find("id")->texts == std::vector<std::string>{"a", "b", "c"});
  const std::vector<double>& size = table.find("size")->numbers;
  CHECK(size[0] == 1.5);
  CHECK(std::isnan(size[1]));
  CHECK(size[2] == -2000);
  CHECK(table.find("colour")->codes == std::vector<std::int32_t>{1, 0, 0});
  CHECK(table.target().name == "y");
  CHECK(table.target().codes == std::vector<std::int32_t>{0, 1, 1});
  CHECK(table.find("nothing") == nullptr);
}

TEST_CASE("table: a collected vocabulary is alphabetical, whatever the order of the rows") {
  const Column shape = *table_of(header + "a,1,red,square,no\nb,1,red,disc,no\n").find("shape");
  CHECK(shape.vocabulary == Vocabulary({"disc", "square"}));
  CHECK(shape.codes == std::vector<std::int32_t>{1, 0});
  CHECK_FALSE(shape.declared);
}

TEST_CASE("table: CRLF and a missing final newline give the same table") {
  const Table unix_file = table_of(header + "a,1,red,disc,no\nb,2,blue,disc,yes\n");
  for (const char* rows : {"a,1,red,disc,no\r\nb,2,blue,disc,yes\r\n", "a,1,red,disc,no\nb,2,blue,disc,yes"}) {
    const Table other = table_of("id,size,colour,shape,y\r\n" + std::string(rows));
    CHECK(other.rows == 2);
    CHECK(other.find("size")->numbers == unix_file.find("size")->numbers);
    CHECK(other.target().codes == unix_file.target().codes);
    CHECK(other.find("shape")->vocabulary == unix_file.find("shape")->vocabulary);
  }
}

TEST_CASE("table: numbers are read to the last bit") {
  const TableSchema numbers{.columns = {{"x"}}};
  CHECK(table_of("0.1\n1e-320\n9007199254740993\n-122.230000", numbers).columns[0].numbers ==
        std::vector<double>{0.1, 1e-320, 9007199254740993.0, -122.23});
}

TEST_CASE("table: a short line names the first column without a field") {
  check_place(error_of(header + "a,1,red,disc,no\nb,2,blue\n",
                       ":3: column 'shape': the line has 3 fields; 5 are needed, and this is the first without one"),
              3, "shape", "");
}

TEST_CASE("table: a long line shows the first value beyond") {
  check_place(error_of(header + "a,1,red,disc,no,42\n",
                       ":2: the line has 6 fields; 5 are needed, and this value is the first beyond (value: '42')"),
              2, "", "42");
}

TEST_CASE("table: what is not a finite number is refused in a column of numbers") {
  const auto refuse = [](const std::string& value, const std::string& reason) {
    const std::string shown = value.empty() ? "" : " (value: '" + value + "')";
    check_place(error_of(header + "a," + value + ",red,disc,no\n", ":2: column 'size': " + reason + shown), 2, "size",
                value);
  };
  refuse("", "the field is empty; a number is needed");
  for (const char* value : {"abc", "1e", ".", "-", "1.5x", " 1", "1 ", "+1", "0x10"}) refuse(value, "not a number");
  for (const char* value : {"nan", "inf", "-inf", "NaN", "infinity"}) refuse(value, "not a finite number");
  for (const char* value : {"1e400", "-1e400", "1e-400"}) refuse(value, "the number does not fit a double");
}

TEST_CASE("table: a category or class that was not declared is refused") {
  check_place(error_of(header + "a,1,green,disc,no\n",
                       ":2: column 'colour': not one of the categories 'red', 'blue' (value: 'green')"),
              2, "colour", "green");
  check_place(
      error_of(header + "a,1,red,disc,maybe\n", ":2: column 'y': not one of the classes 'no', 'yes' (value: 'maybe')"),
      2, "y", "maybe");
  check_place(error_of(header + "a,1,,disc,no\n", ":2: column 'colour': the field is empty; a category is needed"), 2,
              "colour", "");
  check_place(error_of(header + "a,1,red,,no\n", ":2: column 'shape': the field is empty; a category is needed"), 2,
              "shape", "");
  check_place(error_of(header + "a,1,red,disc,\n", ":2: column 'y': the field is empty; a class is needed"), 2, "y",
              "");
}

TEST_CASE("table: a category that is not declared, or missing, has code -1 where the schema accepts it") {
  TableSchema lenient = schema();
  lenient.columns[2].unknown = UnknownCategory::accept;
  lenient.columns[2].missing = "-";
  CHECK(table_of(header + "a,1,green,disc,no\nb,1,-,disc,no\n", lenient).find("colour")->codes ==
        std::vector<std::int32_t>{-1, -1});
}

TEST_CASE("table: an empty field is a value where the empty word is declared, also as the first one") {
  TableSchema words = schema();
  words.columns[2].vocabulary = {"", "red"};
  words.columns[4].vocabulary = {"", "yes"};
  const Table table = table_of(header + "a,1,,disc,\nb,1,red,disc,yes\n", words);
  CHECK(table.find("colour")->codes == std::vector<std::int32_t>{0, 1});
  CHECK(table.target().codes == std::vector<std::int32_t>{0, 1});
}

TEST_CASE("table: the empty field can say that a value is not known, alone or beside other markers") {
  TableSchema lenient = schema();
  lenient.columns[1].missing = {"", "NA"};
  lenient.columns[2].missing = "";
  lenient.columns[3].missing = std::string();
  const Table table = table_of(header + "a,,,,no\nb,NA,red,disc,no\nc,2,blue,,yes\n", lenient);
  CHECK(std::isnan(table.find("size")->numbers[0]));
  CHECK(std::isnan(table.find("size")->numbers[1]));
  CHECK(table.find("size")->numbers[2] == 2);
  CHECK(table.find("colour")->codes == std::vector<std::int32_t>{-1, 0, 1});
  CHECK(table.find("shape")->codes == std::vector<std::int32_t>{-1, 0, -1});
  CHECK(table.find("shape")->vocabulary == Vocabulary({"disc"}));
  check_place(error_of(header + "a,?,red,disc,no\n", ":2: column 'size': not a number (value: '?')", lenient), 2,
              "size", "?");
  lenient.columns[1].missing = {};  // no marker at all
  check_place(
      error_of(header + "a,,red,disc,no\n", ":2: column 'size': the field is empty; a number is needed", lenient), 2,
      "size", "");
}

TEST_CASE("table: a line of one field where several are needed asks for the separator") {
  check_place(error_of("id;size;colour;shape;y\na;1;red;disc;no\n",
                       ":1: column 'size': the line has 1 field; 5 are needed, and this is the first without one; "
                       "is the separator another one than ','?"),
              1, "size", "");
}

TEST_CASE("table: a header that names other columns is refused") {
  check_place(error_of("id,size,color,shape,y\na,1,red,disc,no\n",
                       ":1: column 'colour': the header names another column here (value: 'color')"),
              1, "colour", "color");
  check_place(error_of("id,size\na,1\n",
                       ":1: column 'colour': the line has 2 fields; 5 are needed, and this is the first without one"),
              1, "colour", "");
}

TEST_CASE("table: a first line to be skipped must be the one") {
  const TableSchema numbers{.columns = {{"x"}}, .preamble = "|"};
  CHECK(table_of("|1x3 Cross validator\n7\n\n", numbers).columns[0].numbers == std::vector<double>{7});
  check_place(error_of("6\n7\n", ":1: the first line should begin with '|' (value: '6')", numbers), 1, "", "6");
}

TEST_CASE("table: a file without rows is refused") {
  error_of("", ": the file has no rows");
  error_of("\n\n", ": the file has no rows");
  error_of(header, ": the file has no rows");
}

TEST_CASE("table: a schema that contradicts itself is refused") {
  using enum ColumnKind;
  CHECK_THROWS_WITH_AS(table_of("1", {}), "TableSchema: no columns", ConfigError);
  CHECK_THROWS_WITH_AS(table_of("1", {.columns = {{"x"}, {"x"}}}), "TableSchema: two columns 'x'", ConfigError);
  CHECK_THROWS_WITH_AS(table_of("1", {.columns = {{"x", pixels}}}),
                       "TableSchema: column 'x' holds pixels; a CSV file has numbers", ConfigError);
  CHECK_THROWS_WITH_AS(table_of("1", {.columns = {{.name = "x", .kind = target_number, .missing = "?"}}}),
                       "TableSchema: the target 'x' has a missing-value marker; a target is never missing",
                       ConfigError);
  CHECK_THROWS_WITH_AS(table_of("1", {.columns = {{"x", category, {"a", "?"}, {"", "?"}}}}),
                       "TableSchema: '?' of column 'x' is both a category and a missing-value marker", ConfigError);
  CHECK_THROWS_WITH_AS(table_of("1", {.columns = {{"x"}}}).target(), "Table: no column is a target; one is needed",
                       ConfigError);
  CHECK_THROWS_WITH_AS(table_of("1,2", {.columns = {{"x", target_number}, {"y", target_number}}}).target(),
                       "Table: 'y' is a second target; one is needed", ConfigError);
}

TEST_CASE("table: a table remembers which line of which file a row came from") {
  Table table = table_of(header + "a,1,red,disc,no\nb,2,blue,disc,yes\n");
  append(table, table_of("a,3,red,disc,no\n", [] {
           TableSchema s = schema();
           s.header = false;
           return s;
         }()));
  REQUIRE(table.sources.size() == 2);
  const auto error = [&](Index row) {
    const DataError e = detail::cell_error(table, row, "size", "bad", "7");
    return std::pair(e.line, e.file.substr(e.file.rfind('/') + 1));
  };
  CHECK(error(0) == std::pair(std::int64_t{2}, std::string("table.csv")));
  CHECK(error(1) == std::pair(std::int64_t{3}, std::string("table.csv")));
  CHECK(error(2) == std::pair(std::int64_t{1}, std::string("table.csv")));
  Table by_hand{.columns = table.columns, .rows = 3};
  append(table, by_hand);
  CHECK(std::string(detail::cell_error(table, 4, "size", "bad", "7").what()) ==
        "column 'size': row 4 (from 0): bad (value: '7')");
}

#if defined(WSYM_ZLIB)
TEST_CASE("table: a gzip file of several members is one file, and may not inflate beyond the limit") {
  const std::string text = header + "a,1,red,disc,no\nb,2,blue,disc,yes\n";
  const ScratchFile packed("table.csv.gz", test::gzip(text.substr(0, 30)) + test::gzip(text.substr(30)) +
                                               test::gzip("") + std::string(512, '\0'));
  const Table table = read_table(packed.path(), schema());
  CHECK(table.find("size")->numbers == std::vector<double>{1, 2});
  CHECK(table.fingerprint == fnv1a(text));
  CHECK_THROWS_WITH_AS(
      read_table(packed.path(), schema(), text.size() - 1),
      message(packed.path(), ": inflates to more than the limit of ", text.size() - 1, " bytes").c_str(), FormatError);
}
#endif

TEST_CASE("table: the fingerprint is that of the contents, and depends on the order of appended files") {
  const std::string one = header + "a,1,red,disc,no\n", two = header + "b,2,blue,disc,yes\n";
  CHECK(table_of(one).fingerprint == fnv1a(one));
  Table forward = table_of(one), backward = table_of(two);
  append(forward, table_of(two));
  append(backward, table_of(one));
  CHECK(forward.fingerprint != backward.fingerprint);
  CHECK(forward.fingerprint != table_of(one).fingerprint);
}

namespace {
Table columns_of(const std::string& contents, const TableSchema& columns = schema()) {
  const ScratchFile file("rows.csv", contents);
  return read_columns(file.path(), columns);
}
}  // namespace

TEST_CASE("table: read_columns finds the columns by name, in any order, and ignores others") {
  const Table table =
      columns_of("y,note,shape,colour,extra,size,id\nno,\"a, b\",disc,blue,,1.5,a\nyes,,disc,red,x,?,b\n");
  REQUIRE(table.columns.size() == 5);
  CHECK(table.columns[0].texts == std::vector<std::string>{"a", "b"});
  CHECK(table.columns[1].numbers[0] == 1.5);
  CHECK(std::isnan(table.columns[1].numbers[1]));
  CHECK(table.columns[2].codes == std::vector<std::int32_t>{1, 0});
  CHECK(table.target().codes == std::vector<std::int32_t>{0, 1});
  TableSchema without_header = schema();
  without_header.header = false;
  CHECK(columns_of("a,1,red,disc,no\n", without_header).rows == 1);
}

TEST_CASE("table: read_columns names a column that the header lacks, and lists those that it has") {
  const auto refuse = [](const std::string& contents, const std::string& text) {
    const ScratchFile file("rows.csv", contents);
    CHECK_THROWS_WITH_AS(read_columns(file.path(), schema()), (file.path() + text).c_str(), DataError);
  };
  refuse("id,Size,colour,shape,y\na,1,red,disc,no\n",
         ":1: column 'size': the header does not name this column; it names 'id', 'Size', 'colour', 'shape', 'y'");
  refuse("id;size;colour;shape;y\na;1;red;disc;no\n",
         ":1: column 'id': the header does not name this column; it names 'id;size;colour;shape;y'; "
         "is the separator another one than ','?");
  refuse("id,size,colour,size,shape,y\na,1,red,2,disc,no\n", ":1: column 'size': the header names this column twice");
  refuse("y,x,x,id,size,colour,shape\nno,1,2,a,1,red\n",
         ":2: column 'shape': the line has 6 fields; 7 are needed, and this is the first without one");
  refuse("id,size,colour,shape,y\n", ": the file has no rows");
}
