// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "wsym/core/types.hpp"
#include "wsym/data/table_schema.hpp"

namespace wsym::inline WSYM_SIMD {

/// A column of a table. Its kind says which of the lists has entries.
struct Column {
  std::string name;
  ColumnKind kind = ColumnKind::number;
  std::vector<double> numbers = {};       // number and target_number; NaN where not known
  std::vector<std::int32_t> codes = {};   // category and target_class; -1 where not known
  Vocabulary vocabulary = {};             // what the codes stand for
  bool declared = false;                  // the vocabulary came from the schema, not from the rows
  std::vector<std::string> texts = {};    // identifier
  std::vector<std::uint8_t> pixels = {};  // pixels: `width` a row
  Index width = 1;
};

/// Where rows of a table were read: row `row` from line `line` of the file, and those after it from the lines after it.
struct RowSource {
  std::string file;
  Index row = 0;
  std::int64_t line = 0;  // 0: not known
};

/// The rows of a data file, by typed columns of equal length.
struct Table {
  std::vector<Column> columns = {};
  Index rows = 0;
  std::uint64_t fingerprint = 0;        // of the contents of the file or files
  std::vector<RowSource> sources = {};  // in the order of their rows; empty in a table made by hand

  /// The column of this name, or null.
  const Column* find(std::string_view name) const {
    for (const Column& column : columns)
      if (column.name == name) return &column;
    return nullptr;
  }
  /// The column to predict. Throws ConfigError unless there is exactly one.
  const Column& target() const {
    const Column* found = nullptr;
    for (const Column& column : columns) {
      if (column.kind != ColumnKind::target_number && column.kind != ColumnKind::target_class) continue;
      expect<ConfigError>(!found, "Table: '", column.name, "' is a second target; one is needed");
      found = &column;
    }
    expect<ConfigError>(found != nullptr, "Table: no column is a target; one is needed");
    return *found;
  }
};

namespace detail {

/// An error about a value of a table that names its place: file and line where they are known, else the row from 0.
inline DataError cell_error(const Table& table, Index row, const std::string& column, const std::string& what,
                            const std::string& value) {
  const RowSource* from = nullptr;
  for (const RowSource& source : table.sources)
    if (source.row <= row) from = &source;
  if (!from || from->line == 0) return DataError(message("row ", row, " (from 0): ", what), {}, 0, column, value);
  return DataError(what, from->file, from->line + row - from->row, column, value);
}

}  // namespace detail

/// Puts the rows of `more` under those of `table`. The columns must agree in number, kind and vocabulary; their names
/// are those of `table`. Throws ConfigError when they do not.
inline void append(Table& table, const Table& more) {
  expect<ConfigError>(table.columns.size() == more.columns.size(), "append: ", more.columns.size(), " columns to ",
                      table.columns.size());
  const auto join = [](auto& to, const auto& from) {
    for (const auto& value : from) to.push_back(value);
  };
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    Column& to = table.columns[i];
    const Column& from = more.columns[i];
    expect<ConfigError>(to.kind == from.kind && to.vocabulary == from.vocabulary && to.width == from.width,
                        "append: column '", from.name, "' is not of the kind and vocabulary of '", to.name, "'");
    join(to.numbers, from.numbers);
    join(to.codes, from.codes);
    join(to.texts, from.texts);
    join(to.pixels, from.pixels);
  }
  for (RowSource source : more.sources) {
    source.row += table.rows;
    table.sources.push_back(std::move(source));
  }
  if (more.sources.empty() && !table.sources.empty()) table.sources.push_back({{}, table.rows, 0});
  table.rows += more.rows;
  table.fingerprint = fnv1a(std::to_string(more.fingerprint), table.fingerprint);
}

}  // namespace wsym::inline WSYM_SIMD
