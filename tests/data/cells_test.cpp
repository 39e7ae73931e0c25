// SPDX-License-Identifier: MIT
#include "wsym/data/cells.hpp"

#include <doctest/doctest.h>

#include <limits>

using namespace wsym;

namespace {
const double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();

Table table() {
  return {.columns = {{.name = "x", .numbers = {1, nan, infinity}},
                      {.name = "colour",
                       .kind = ColumnKind::category,
                       .codes = {1, -1, 2},
                       .vocabulary = Vocabulary({"red", "blue"})},
                      {.name = "y", .kind = ColumnKind::target_number, .numbers = {3, 5, nan}}},
          .rows = 3};
}
}  // namespace

TEST_CASE("cells: a number may be unknown but not infinite, a target neither, a code only a word's or -1") {
  const Table t = table();
  CHECK(detail::number_at(t, t.columns[0], 0) == 1);
  CHECK(std::isnan(detail::number_at(t, t.columns[0], 1)));
  CHECK_THROWS_WITH_AS(detail::number_at(t, t.columns[0], 2),
                       "column 'x': row 2 (from 0): not a finite number (value: 'inf')", DataError);
  CHECK(detail::target_at(t, t.columns[2], 1) == 5);
  CHECK_THROWS_WITH_AS(detail::target_at(t, t.columns[2], 2),
                       "column 'y': row 2 (from 0): the target is not known (value: 'nan')", DataError);
  CHECK(detail::code_at(t, t.columns[1], 0) == 1);
  CHECK(detail::code_at(t, t.columns[1], 1) == -1);
  CHECK_THROWS_WITH_AS(detail::code_at(t, t.columns[1], 2),
                       "column 'colour': row 2 (from 0): not a code of 2 words (value: '2')", DataError);
}

TEST_CASE("cells: words are those of the rows asked for, and translated by name") {
  const Table t = table();
  const std::vector<Index> two{0, 1};
  CHECK(detail::seen(t, t.columns[1], two) == Vocabulary({"blue"}));
  CHECK(detail::translation(Vocabulary({"a", "b", "c"}), Vocabulary({"c", "a"})) ==
        std::vector<std::int32_t>{1, -1, 0});
}

TEST_CASE("cells: rows and columns that the table has not are refused") {
  Table t = table();
  CHECK_THROWS_WITH_AS(detail::check_rows(t, std::vector<Index>{0, 3}), "Preprocessor: row 3 of a table with 3",
                       ConfigError);
  CHECK_THROWS_AS(detail::check_rows(t, std::vector<Index>{-1}), ConfigError);
  t.columns[0].numbers.pop_back();
  CHECK_THROWS_WITH_AS(detail::check_size(t, t.columns[0]),
                       "Preprocessor: column 'x' has 2 values, 1 a row; the table has 3 rows", ShapeError);
}

TEST_CASE("target_moments: of the rows asked for, and of numbers alone") {
  Table t = table();
  const std::vector<Index> two{0, 1};
  const detail::Moments moments = detail::target_moments(t, two);
  CHECK((moments.mean() == 4 && moments.sd() == 1));
  t.columns[2].kind = ColumnKind::category, t.columns[1].kind = ColumnKind::target_class;
  CHECK_THROWS_WITH_AS(detail::target_moments(t, two),
                       "Preprocessor: the target 'colour' is a class; only a number can be scaled", ConfigError);
}
