// SPDX-License-Identifier: MIT
#include "wsym/data/table.hpp"

#include <doctest/doctest.h>

#include "data/scratch_file.hpp"

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
  CHECK_THROWS_WITH_AS(table_of("1", {.columns = {{"x"}}}).target(), "Table: no column is a target; one is needed",
                       ConfigError);
  CHECK_THROWS_WITH_AS(table_of("1,2", {.columns = {{"x", target_number}, {"y", target_number}}}).target(),
                       "Table: 'y' is a second target; one is needed", ConfigError);
}

TEST_CASE("table: appended rows stand under the others, and columns must agree") {
  Table table = table_of(header + "a,1,red,disc,no\n");
  append(table, table_of(header + "b,2,blue,disc,yes\nc,3,red,disc,yes\n"));
  CHECK(table.rows == 3);
  CHECK(table.find("size")->numbers == std::vector<double>{1, 2, 3});
  CHECK(table.find("id")->texts == std::vector<std::string>{"a", "b", "c"});
  CHECK(table.target().codes == std::vector<std::int32_t>{0, 1, 1});
  CHECK_THROWS_WITH_AS(append(table, table_of(header + "d,1,red,square,no\n")),
                       "append: column 'shape' is not of the kind and vocabulary of 'shape'", ConfigError);
  CHECK_THROWS_WITH_AS(append(table, table_of("1", {.columns = {{"x"}}})), "append: 1 columns to 5", ConfigError);
}

TEST_CASE("table: the fingerprint is that of the contents, and depends on the order of appended files") {
  const std::string one = header + "a,1,red,disc,no\n", two = header + "b,2,blue,disc,yes\n";
  CHECK(table_of(one).fingerprint == fnv1a(one));
  Table forward = table_of(one), backward = table_of(two);
  append(forward, table_of(two));
  append(backward, table_of(one));
  CHECK(forward.fingerprint != backward.fingerprint);
  CHECK(forward.fingerprint != table_of(one).fingerprint);
}
