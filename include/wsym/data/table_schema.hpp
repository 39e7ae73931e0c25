// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>
#include <array>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "wsym/data/csv.hpp"
#include "wsym/data/vocabulary.hpp"
#include "wsym/io/settings.hpp"

namespace wsym::inline WSYM_SIMD {

/// What a column holds: numbers, one of some words, a name that is no feature, images of bytes, what to predict.
enum class ColumnKind { number, category, identifier, pixels, target_number, target_class };

constexpr auto names(ColumnKind) {
  return std::array{"number", "category", "identifier", "pixels", "target_number", "target_class"};
}

/// What a category outside the declared vocabulary is: an error, or a category of no name (code -1).
enum class UnknownCategory { refuse, accept };
constexpr auto names(UnknownCategory) {
  return std::array{"refuse", "accept"};
}

/// The fields that say "not known": {} is none, "?" is one, "" is the empty field, {"", "NA"} are two.
class MissingMarkers {
 public:
  MissingMarkers() = default;
  MissingMarkers(const char* marker) : words_{marker} {}
  MissingMarkers(std::string marker) : words_{std::move(marker)} {}
  MissingMarkers(std::initializer_list<const char*> markers) : words_(markers.begin(), markers.end()) {}
  MissingMarkers(std::vector<std::string> markers) : words_(std::move(markers)) {}

  bool empty() const { return words_.empty(); }
  bool contains(std::string_view field) const { return std::find(words_.begin(), words_.end(), field) != words_.end(); }
  const std::vector<std::string>& words() const { return words_; }
  friend bool operator==(const MissingMarkers&, const MissingMarkers&) = default;

 private:
  std::vector<std::string> words_;
};

/// What a column of a file is to hold.
struct ColumnSchema {
  std::string name;
  ColumnKind kind = ColumnKind::number;
  /// Categories or classes in the order of their codes. Empty: the words of the file, in alphabetical order.
  std::vector<std::string> vocabulary = {};
  /// What is read as not known (number: NaN, category: code -1). Without a marker every field must hold a value.
  MissingMarkers missing = {};
  UnknownCategory unknown = UnknownCategory::refuse;
  friend bool operator==(const ColumnSchema&, const ColumnSchema&) = default;
};

/// What a CSV file is to hold.
struct TableSchema {
  std::vector<ColumnSchema> columns = {};
  Separator separator = Separator::comma;
  /// The first line names the columns; read_table wants the names of the schema.
  bool header = false;
  /// What an extra first line begins with, which is skipped. Empty: there is none.
  std::string preamble = {};
  friend bool operator==(const TableSchema&, const TableSchema&) = default;
};

/// Throws ConfigError for a schema that cannot be read: without columns, with two columns of one name, with a column of
/// pixels, a target that may be missing, or a word that is both a category and a marker.
inline void check(const TableSchema& schema) {
  expect<ConfigError>(!schema.columns.empty(), "TableSchema: no columns");
  Vocabulary names;
  for (const ColumnSchema& column : schema.columns) {
    expect<ConfigError>(names.code(column.name) < 0, "TableSchema: two columns '", column.name, "'");
    names.add(column.name);
    const bool target = column.kind == ColumnKind::target_number || column.kind == ColumnKind::target_class;
    expect<ConfigError>(column.kind != ColumnKind::pixels, "TableSchema: column '", column.name,
                        "' holds pixels; a CSV file has numbers");
    expect<ConfigError>(!target || column.missing.empty(), "TableSchema: the target '", column.name,
                        "' has a missing-value marker; a target is never missing");
    for (const std::string& word : column.vocabulary)
      expect<ConfigError>(!column.missing.contains(word), "TableSchema: '", word, "' of column '", column.name,
                          "' is both a category and a missing-value marker");
  }
}

namespace detail {
/// The value that the member `key` names. Throws FormatError for another word.
template <NamedEnum E> E read_enum(const Json& json, const char* key) {
  const std::string& word = json.string(key);
  try {
    return value_from_json<E>(word);
  } catch (const FormatError& error) {
    throw FormatError(message("json: member '", key, "' is ", error.what()));
  }
}

inline std::vector<std::string> read_words(const Json::Array& items) {
  std::vector<std::string> words;
  for (const Json& item : items) words.push_back(item.string());
  return words;
}
}  // namespace detail

/// A schema as JSON: every member, enumerators by name. table_schema_from_json gives back the same value.
inline Json to_json(const TableSchema& schema) {
  Json::Array columns;
  for (const ColumnSchema& column : schema.columns)
    columns.push_back(Json::object({{"name", column.name},
                                    {"kind", setting_to_json(column.kind)},
                                    {"vocabulary", Json::array(column.vocabulary)},
                                    {"missing", Json::array(column.missing.words())},
                                    {"unknown", setting_to_json(column.unknown)}}));
  return Json::object({{"columns", std::move(columns)},
                       {"separator", setting_to_json(schema.separator)},
                       {"header", schema.header},
                       {"preamble", schema.preamble}});
}

/// Throws FormatError for a member that is missing or of the wrong kind, and for a schema that check() refuses.
inline TableSchema table_schema_from_json(const Json& json) {
  TableSchema schema;
  for (const Json& one : json.items("columns"))
    schema.columns.push_back({.name = one.string("name"),
                              .kind = detail::read_enum<ColumnKind>(one, "kind"),
                              .vocabulary = detail::read_words(one.items("vocabulary")),
                              .missing = detail::read_words(one.items("missing")),
                              .unknown = detail::read_enum<UnknownCategory>(one, "unknown")});
  schema.separator = detail::read_enum<Separator>(json, "separator");
  schema.header = json.boolean("header");
  schema.preamble = json.string("preamble");
  try {
    check(schema);
  } catch (const ConfigError& error) {
    throw FormatError(error.what());
  }
  return schema;
}

}  // namespace wsym::inline WSYM_SIMD
