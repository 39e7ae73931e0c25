// SPDX-License-Identifier: MIT
#pragma once
#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "wsym/data/moments.hpp"
#include "wsym/data/table.hpp"

/// The cells of a table, which may have been made by hand, each looked at before it is used.
namespace wsym::inline WSYM_SIMD::detail {

inline void check_rows(const Table& table, std::span<const Index> rows) {
  for (const Index row : rows)
    expect<ConfigError>(row >= 0 && row < table.rows, "Preprocessor: row ", row, " of a table with ", table.rows);
}

inline bool is_numeric(ColumnKind kind) {
  return kind == ColumnKind::number || kind == ColumnKind::pixels;
}

/// Throws ShapeError unless the column has its values for every row of the table.
inline void check_size(const Table& table, const Column& column) {
  const bool words = column.kind == ColumnKind::category || column.kind == ColumnKind::target_class;
  const bool pixels = column.kind == ColumnKind::pixels;
  const std::size_t size = pixels ? column.pixels.size() : words ? column.codes.size() : column.numbers.size();
  const auto rows = static_cast<std::size_t>(table.rows), width = static_cast<std::size_t>(pixels ? column.width : 1);
  expect(column.width >= 1 && size % width == 0 && size / width == rows, "Preprocessor: column '", column.name,
         "' has ", size, " values, ", width, " a row; the table has ", rows, " rows");
}

/// A number of a column, NaN where it is not known. Throws DataError for an infinite one.
inline double number_at(const Table& table, const Column& column, Index row) {
  const double number = column.numbers[static_cast<std::size_t>(row)];
  if (std::isinf(number)) throw cell_error(table, row, column.name, "not a finite number", setting_text(number));
  return number;
}

/// A number to predict. Throws DataError unless it is finite.
inline double target_at(const Table& table, const Column& column, Index row) {
  const double number = number_at(table, column, row);
  if (std::isnan(number)) throw cell_error(table, row, column.name, "the target is not known", "nan");
  return number;
}

/// A code of a column, -1 where it is not known. Throws DataError for one that is no word of its vocabulary.
inline std::int32_t code_at(const Table& table, const Column& column, Index row) {
  const std::int32_t code = column.codes[static_cast<std::size_t>(row)];
  if (code < -1 || code >= static_cast<Index>(column.vocabulary.size()))
    throw cell_error(table, row, column.name, message("not a code of ", column.vocabulary.size(), " words"),
                     std::to_string(code));
  return code;
}

/// The code in `to` of each word of `from`, -1 where there is none.
inline std::vector<std::int32_t> translation(const Vocabulary& from, const Vocabulary& to) {
  std::vector<std::int32_t> codes;
  for (const std::string& word : from.words()) codes.push_back(to.code(word));
  return codes;
}

/// The words that occur in the given rows, in the order of the column's vocabulary.
inline Vocabulary seen(const Table& table, const Column& column, std::span<const Index> rows) {
  std::vector<Index> counts(column.vocabulary.size());
  for (const Index row : rows)
    if (const std::int32_t code = code_at(table, column, row); code >= 0) ++counts[static_cast<std::size_t>(code)];
  Vocabulary words;
  for (std::size_t i = 0; i < counts.size(); ++i)
    if (counts[i] > 0) words.add(column.vocabulary.words()[i]);
  return words;
}

inline Moments target_moments(const Table& table, std::span<const Index> rows) {
  const Column& target = table.target();
  expect<ConfigError>(target.kind == ColumnKind::target_number, "Preprocessor: the target '", target.name,
                      "' is a class; only a number can be scaled");
  check_size(table, target);
  Moments moments;
  for (const Index row : rows) moments.add(target_at(table, target, row));
  moments.settle();
  for (const Index row : rows) moments.add_square(target_at(table, target, row));
  return moments;
}

}  // namespace wsym::inline WSYM_SIMD::detail
