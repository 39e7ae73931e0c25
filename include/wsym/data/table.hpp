// SPDX-License-Identifier: MIT
#pragma once
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "wsym/core/types.hpp"
#include "wsym/data/csv.hpp"
#include "wsym/data/vocabulary.hpp"

namespace wsym {

/// What a column holds: numbers, one of some words, a name that is no feature, images of bytes, what to predict.
enum class ColumnKind { number, category, identifier, pixels, target_number, target_class };

/// What a category outside the declared vocabulary is: an error, or a category of no name (code -1).
enum class UnknownCategory { refuse, accept };

/// What a column of a file is to hold.
struct ColumnSchema {
  std::string name;
  ColumnKind kind = ColumnKind::number;
  /// Categories or classes in the order of their codes. Empty: the words of the file, in alphabetical order.
  std::vector<std::string> vocabulary = {};
  /// The field that says "not known" (number: NaN, category: code -1). Without one every field must hold a value.
  std::string missing = {};
  UnknownCategory unknown = UnknownCategory::refuse;
};

/// What a CSV file is to hold.
struct TableSchema {
  std::vector<ColumnSchema> columns = {};
  Separator separator = Separator::comma;
  /// The first line names the columns; the names must be those of the schema.
  bool header = false;
  /// What an extra first line begins with, which is skipped. Empty: there is none.
  std::string preamble = {};
};

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

/// The rows of a data file, by typed columns of equal length.
struct Table {
  std::vector<Column> columns = {};
  Index rows = 0;
  std::uint64_t fingerprint = 0;  // of the contents of the file or files

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

/// Where a field stands, for the errors.
struct FieldPlace {
  const std::string& file;
  std::int64_t line;
  const std::string& column;

  [[noreturn]] void refuse(const std::string& message, std::string_view value) const {
    throw DataError(message, file, line, column, std::string(value));
  }
};

/// The number that the whole field spells; no blanks, no sign but a minus, no locale.
inline double parse_number(std::string_view field, const FieldPlace& place) {
  if (field.empty()) place.refuse("the field is empty; a number is needed", field);
  double number = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), number);
  if (error == std::errc::result_out_of_range) place.refuse("the number does not fit a double", field);
  if (error != std::errc() || end != field.data() + field.size()) place.refuse("not a number", field);
  if (!std::isfinite(number)) place.refuse("not a finite number", field);
  return number;
}

inline std::string listed(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "'" : ", '") + word + "'";
  return text;
}

/// The code of a category or class; a vocabulary that was not declared grows.
inline std::int32_t parse_word(std::string_view field, const ColumnSchema& schema, Column& column,
                               const FieldPlace& place) {
  const bool target = schema.kind == ColumnKind::target_class;
  if (field.empty() && column.vocabulary.code(field) < 0)
    place.refuse(target ? "the field is empty; a class is needed" : "the field is empty; a category is needed", field);
  if (!column.declared) return column.vocabulary.add(std::string(field));
  const std::int32_t code = column.vocabulary.code(field);
  if (code < 0 && (target || schema.unknown == UnknownCategory::refuse))
    place.refuse((target ? "not one of the classes " : "not one of the categories ") + listed(schema.vocabulary),
                 field);
  return code;
}

inline void append_field(std::string_view field, const ColumnSchema& schema, Column& column, const FieldPlace& place) {
  const bool missing = !schema.missing.empty() && field == schema.missing;
  switch (schema.kind) {
    case ColumnKind::number:
    case ColumnKind::target_number:
      column.numbers.push_back(missing ? std::numeric_limits<double>::quiet_NaN() : parse_number(field, place));
      return;
    case ColumnKind::category:
    case ColumnKind::target_class:
      column.codes.push_back(missing ? -1 : parse_word(field, schema, column, place));
      return;
    case ColumnKind::identifier:
    case ColumnKind::pixels:
      column.texts.emplace_back(field);
  }
}

/// Throws DataError unless the line has one field for each column.
inline void check_count(const CsvReader& csv, const TableSchema& schema) {
  const std::size_t got = csv.fields().size(), wanted = schema.columns.size();
  if (got < wanted)
    throw DataError(
        message("the line has ", got, " fields; ", wanted, " are needed, and this is the first without one"),
        csv.path(), csv.line(), schema.columns[got].name);
  if (got > wanted)
    throw DataError(
        message("the line has ", got, " fields; ", wanted, " are needed, and this value is the first beyond"),
        csv.path(), csv.line(), {}, std::string(csv.fields()[wanted]));
}

inline void check_header(const CsvReader& csv, const TableSchema& schema) {
  check_count(csv, schema);
  for (std::size_t i = 0; i < schema.columns.size(); ++i)
    if (csv.fields()[i] != schema.columns[i].name)
      throw DataError("the header names another column here", csv.path(), csv.line(), schema.columns[i].name,
                      std::string(csv.fields()[i]));
}

/// Throws ConfigError for a schema that cannot be read.
inline void check_schema(const TableSchema& schema) {
  expect<ConfigError>(!schema.columns.empty(), "TableSchema: no columns");
  for (std::size_t i = 0; i < schema.columns.size(); ++i) {
    const ColumnSchema& column = schema.columns[i];
    for (std::size_t j = 0; j < i; ++j)
      expect<ConfigError>(schema.columns[j].name != column.name, "TableSchema: two columns '", column.name, "'");
    const bool target = column.kind == ColumnKind::target_number || column.kind == ColumnKind::target_class;
    expect<ConfigError>(column.kind != ColumnKind::pixels, "TableSchema: column '", column.name,
                        "' holds pixels; a CSV file has numbers");
    expect<ConfigError>(!target || column.missing.empty(), "TableSchema: the target '", column.name,
                        "' has a missing-value marker; a target is never missing");
  }
}

/// Renumbers a collected vocabulary alphabetically, so that codes do not depend on the order of the rows.
inline void sort_vocabulary(Column& column) {
  Vocabulary sorted;
  for (const std::int32_t code : column.vocabulary.alphabetical()) sorted.add(column.vocabulary.word(code));
  for (std::int32_t& code : column.codes)
    if (code >= 0) code = sorted.code(column.vocabulary.word(code));
  column.vocabulary = std::move(sorted);
}

}  // namespace detail

/// Reads a CSV file (plain or ".csv.gz") whose every line must be as the schema says. Numbers are read exactly
/// (correctly rounded). Throws DataError with file, line, column name and value at the first thing that is not:
/// a short or long line, an empty field, text in a column of numbers, a number that is not finite, a category or class
/// that was not declared, a wrong header, no rows. Throws ConfigError for a schema that contradicts itself.
inline Table read_table(const std::string& path, const TableSchema& schema) {
  detail::check_schema(schema);
  Table table;
  for (const ColumnSchema& column : schema.columns)
    table.columns.push_back({.name = column.name,
                             .kind = column.kind,
                             .vocabulary = Vocabulary(column.vocabulary),
                             .declared = !column.vocabulary.empty()});
  CsvReader csv(path, schema.separator);
  bool more = csv.next();
  if (more && !schema.preamble.empty()) {
    if (!csv.fields()[0].starts_with(schema.preamble))
      throw DataError("the first line should begin with '" + schema.preamble + "'", path, csv.line(), {},
                      std::string(csv.fields()[0]));
    more = csv.next();
  }
  if (more && schema.header) {
    detail::check_header(csv, schema);
    more = csv.next();
  }
  if (!more) throw DataError("the file has no rows", path);
  for (; more; more = csv.next(), ++table.rows) {
    detail::check_count(csv, schema);
    for (std::size_t i = 0; i < schema.columns.size(); ++i)
      detail::append_field(csv.fields()[i], schema.columns[i], table.columns[i],
                           {path, csv.line(), schema.columns[i].name});
  }
  for (Column& column : table.columns)
    if (!column.declared) detail::sort_vocabulary(column);
  table.fingerprint = csv.fingerprint();
  return table;
}

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
  table.rows += more.rows;
  table.fingerprint = fnv1a(std::to_string(more.fingerprint), table.fingerprint);
}

}  // namespace wsym
