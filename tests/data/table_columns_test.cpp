// SPDX-License-Identifier: MIT
#include "wsym/data/table_columns.hpp"

#include <doctest/doctest.h>

using namespace wsym;

namespace {
Column words(const char* name, ColumnKind kind, std::vector<std::int32_t> codes) {
  return {.name = name, .kind = kind, .codes = std::move(codes), .vocabulary = Vocabulary({"no", "yes"})};
}
Table table() {
  return {.columns = {{.name = "size", .numbers = {1, 2}}, words("y", ColumnKind::target_class, {0, 1})},
          .rows = 2,
          .sources = {{"a.csv", 0, 2}}};
}
}  // namespace

TEST_CASE("Table: a column is found by name, and the target by its kind") {
  Table t = table();
  CHECK(t.find("size") == &t.columns[0]);
  CHECK(t.find("width") == nullptr);
  CHECK(&t.target() == &t.columns[1]);
  t.columns[0].kind = ColumnKind::target_number;
  CHECK_THROWS_WITH_AS(t.target(), "Table: 'y' is a second target; one is needed", ConfigError);
  t.columns[0].kind = t.columns[1].kind = ColumnKind::category;
  CHECK_THROWS_WITH_AS(t.target(), "Table: no column is a target; one is needed", ConfigError);
}

TEST_CASE("append: rows stand under the others, and columns must agree") {
  Table t = table(), more = table();
  more.sources = {{"b.csv", 0, 7}};
  append(t, more);
  CHECK(t.rows == 4);
  CHECK(t.find("size")->numbers == std::vector<double>{1, 2, 1, 2});
  CHECK(t.target().codes == std::vector<std::int32_t>{0, 1, 0, 1});
  more.columns[1].vocabulary = Vocabulary({"yes", "no"});
  CHECK_THROWS_WITH_AS(append(t, more), "append: column 'y' is not of the kind and vocabulary of 'y'", ConfigError);
  more.columns.pop_back();
  CHECK_THROWS_WITH_AS(append(t, more), "append: 1 columns to 2", ConfigError);
  CHECK(t.rows == 4);
}

TEST_CASE("cell_error: names file, line and column, or the row of a table made by hand") {
  Table t = table(), more = table();
  more.sources = {{"b.csv", 0, 7}};
  append(t, more);
  const auto said = [&](Index row) {
    return std::string(detail::cell_error(t, row, "size", "bad", "7").what());
  };
  CHECK(said(1) == "a.csv:3: column 'size': bad (value: '7')");
  CHECK(said(3) == "b.csv:8: column 'size': bad (value: '7')");
  t.sources = {};
  CHECK(said(3) == "column 'size': row 3 (from 0): bad (value: '7')");
}
