// SPDX-License-Identifier: MIT
#pragma once
#include <limits>

#include "wsym/data/table_columns.hpp"

namespace wsym::test {

inline Column numbers(const char* name, std::vector<double> values, ColumnKind kind = ColumnKind::number) {
  return {.name = name, .kind = kind, .numbers = std::move(values)};
}
inline Column words(const char* name, std::vector<std::string> vocabulary, std::vector<std::int32_t> codes,
                    ColumnKind kind = ColumnKind::category, bool declared = true) {
  return {.name = name,
          .kind = kind,
          .codes = std::move(codes),
          .vocabulary = Vocabulary(std::move(vocabulary)),
          .declared = declared};
}

inline const double not_known = std::numeric_limits<double>::quiet_NaN();

/// colour comes before x in the table, so after it among the features; id is none.
inline Table small_table() {
  using enum ColumnKind;
  return {.columns = {{.name = "id", .kind = identifier, .texts = {"a", "b", "c", "d", "e"}},
                      words("colour", {"red", "green", "blue"}, {0, 2, 0, 2, -1}),
                      numbers("x", {1, 2, 3, 4, not_known}),
                      numbers("same", {7, 7, 7, 7, 9}),
                      words("y", {"no", "yes"}, {0, 1, 1, 0, 1}, target_class)},
          .rows = 5};
}

/// A number, a category and a class for each of four rows; golden files hold what was fitted on it.
inline Table labelled_table() {
  return {.columns = {{.name = "x", .kind = ColumnKind::number, .numbers = {1, 2, 3, 4.5}},
                      {.name = "colour",
                       .kind = ColumnKind::category,
                       .codes = {0, 2, 1, 2},
                       .vocabulary = Vocabulary({"red", "green", "blue"}),
                       .declared = true},
                      {.name = "y",
                       .kind = ColumnKind::target_class,
                       .codes = {0, 1, 1, 0},
                       .vocabulary = Vocabulary({"no", "yes"})}},
          .rows = 4};
}

inline const std::vector<Index> train{0, 1, 2, 3};

}  // namespace wsym::test
