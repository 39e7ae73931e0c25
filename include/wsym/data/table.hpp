// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "wsym/data/table_columns.hpp"

namespace wsym::inline WSYM_SIMD {

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
  const bool missing = schema.missing.contains(field);
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

/// The names of a file's columns, and the place among them of each column of a schema.
struct Layout {
  std::vector<std::string> names;
  std::vector<std::size_t> places;
};

/// The question that a line of one field raises where several are needed.
inline const char* separator_hint(std::size_t fields) {
  return fields == 1 ? "; is the separator another one than ','?" : "";
}

/// Throws DataError unless the line has one field for each column.
inline void check_count(const CsvReader& csv, const std::vector<std::string>& names) {
  const std::size_t got = csv.fields().size(), wanted = names.size();
  if (got < wanted)
    throw DataError(message("the line has ", got, got == 1 ? " field; " : " fields; ", wanted,
                            " are needed, and this is the first without one", separator_hint(got)),
                    csv.path(), csv.line(), names[got]);
  if (got > wanted)
    throw DataError(message("the line has ", got, " fields; ", wanted, wanted == 1 ? " is" : " are",
                            " needed, and this value is the first beyond"),
                    csv.path(), csv.line(), {}, std::string(csv.fields()[wanted]));
}

/// The columns of the schema, in its order. Throws DataError for a header that names others.
inline Layout layout_in_order(const CsvReader& csv, const TableSchema& schema) {
  Layout layout;
  for (const ColumnSchema& column : schema.columns) {
    layout.places.push_back(layout.names.size());
    layout.names.push_back(column.name);
  }
  if (!schema.header) return layout;
  check_count(csv, layout.names);
  for (std::size_t i = 0; i < layout.names.size(); ++i)
    if (csv.fields()[i] != layout.names[i])
      throw DataError("the header names another column here", csv.path(), csv.line(), layout.names[i],
                      std::string(csv.fields()[i]));
  return layout;
}

/// The columns that the header names, in the file's order. Throws DataError where it lacks one of the schema, or names
/// one twice.
inline Layout layout_by_name(const CsvReader& csv, const TableSchema& schema) {
  Layout layout;
  for (const std::string_view field : csv.fields()) layout.names.emplace_back(field);
  std::vector<PlacedName> order;
  for (const std::string& name : layout.names) order.emplace_back(name, order.size());
  std::sort(order.begin(), order.end());
  for (const ColumnSchema& column : schema.columns) {
    const auto at = std::lower_bound(order.begin(), order.end(), PlacedName(column.name, 0));
    if (at == order.end() || at->first != column.name)
      throw DataError(message("the header does not name this column; it names ", listed(layout.names),
                              separator_hint(schema.columns.size() > 1 ? layout.names.size() : 0)),
                      csv.path(), csv.line(), column.name);
    if (at + 1 != order.end() && (at + 1)->first == column.name)
      throw DataError("the header names this column twice", csv.path(), csv.line(), column.name);
    layout.places.push_back(at->second);
  }
  return layout;
}

/// Renumbers a collected vocabulary alphabetically, so that codes do not depend on the order of the rows.
inline void sort_vocabulary(Column& column) {
  Vocabulary sorted;
  for (const std::int32_t code : column.vocabulary.alphabetical()) sorted.add(column.vocabulary.word(code));
  for (std::int32_t& code : column.codes)
    if (code >= 0) code = sorted.code(column.vocabulary.word(code));
  column.vocabulary = std::move(sorted);
}

/// Reads the file's rows; layout(csv, schema) says which field of a line is which column.
template <class LayoutOf>
Table read_csv(const std::string& path, const TableSchema& schema, std::uint64_t limit, const LayoutOf& layout_of) {
  check(schema);
  Table table;
  for (const ColumnSchema& column : schema.columns)
    table.columns.push_back({.name = column.name,
                             .kind = column.kind,
                             .vocabulary = Vocabulary(column.vocabulary),
                             .declared = !column.vocabulary.empty()});
  CsvReader csv(path, schema.separator, limit);
  bool more = csv.next();
  if (more && !schema.preamble.empty()) {
    if (!csv.fields()[0].starts_with(schema.preamble))
      throw DataError("the first line should begin with '" + schema.preamble + "'", path, csv.line(), {},
                      std::string(csv.fields()[0]));
    more = csv.next();
  }
  Layout layout;
  if (more) layout = layout_of(csv, schema);
  if (more && schema.header) more = csv.next();
  if (!more) throw DataError("the file has no rows", path);
  table.sources.push_back({path, 0, csv.line()});
  for (; more; more = csv.next(), ++table.rows) {
    check_count(csv, layout.names);
    for (std::size_t i = 0; i < schema.columns.size(); ++i)
      append_field(csv.fields()[layout.places[i]], schema.columns[i], table.columns[i],
                   {path, csv.line(), schema.columns[i].name});
  }
  for (Column& column : table.columns)
    if (!column.declared) sort_vocabulary(column);
  table.fingerprint = csv.fingerprint();
  return table;
}

}  // namespace detail

/// Reads a CSV file (plain or ".csv.gz") whose every line must be as the schema says. Numbers are read exactly
/// (correctly rounded). Throws DataError with file, line, column name and value at the first thing that is not:
/// a short or long line, an empty field, text in a column of numbers, a number that is not finite, a category or class
/// that was not declared, a wrong header, no rows. Throws ConfigError for a schema that contradicts itself, FormatError
/// for a ".gz" file that is damaged or inflates to more than `limit` bytes, Error when there is not enough memory: a
/// field of two bytes takes eight as a number, four as a category and 32 as an identifier.
inline Table read_table(const std::string& path, const TableSchema& schema,
                        std::uint64_t limit = InputFile::default_limit) {
  return reading(path, [&] { return detail::read_csv(path, schema, limit, detail::layout_in_order); });
}

/// Reads the columns of a schema from a CSV file that names them in its header: in any order, other columns ignored.
/// The table has the schema's columns in the schema's order. With input_schema this reads rows to predict, whether or
/// not their target is there. A schema without a header is read as read_table does it. Throws as read_table, and
/// DataError that lists the file's columns when one of the schema is not among them.
inline Table read_columns(const std::string& path, const TableSchema& schema,
                          std::uint64_t limit = InputFile::default_limit) {
  if (!schema.header) return read_table(path, schema, limit);
  return reading(path, [&] { return detail::read_csv(path, schema, limit, detail::layout_by_name); });
}

}  // namespace wsym::inline WSYM_SIMD
