// SPDX-License-Identifier: MIT
#pragma once
#include <charconv>
#include <cmath>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "wsym/core/error.hpp"
#include "wsym/core/types.hpp"

namespace wsym {

/// A JSON value: null, boolean, number, string, array or object (members in the order of insertion, keys unique).
/// Integers of up to 64 bits keep every bit, doubles are written by their shortest exact form and with a '.' or an
/// exponent, so parse(dump()) is the same value of the same kind. Readers throw FormatError and name the key if given.
/// Source: RFC 8259; stricter: no duplicate keys, no lone surrogates, no number beyond 64 bits or a double's range.
class Json {
 public:
  using Array = std::vector<Json>;
  using Member = std::pair<std::string, Json>;
  using Object = std::vector<Member>;

  Json() = default;
  Json(std::nullptr_t) {}
  template <std::same_as<bool> B> Json(B value) : value_(value) {}
  template <std::integral I>
  requires(!std::same_as<I, bool>) Json(I value) {
    if (std::in_range<std::int64_t>(value))
      value_ = static_cast<std::int64_t>(value);
    else
      value_ = static_cast<std::uint64_t>(value);
  }
  Json(double value) : value_(value) {}
  Json(const char* text) : value_(std::string(text)) {}
  Json(std::string_view text) : value_(std::string(text)) {}
  Json(std::string text) : value_(std::move(text)) {}
  Json(Array items) : value_(std::move(items)) {}

  /// An object; a key that occurs twice keeps its first place and its last value.
  static Json object(std::initializer_list<Member> members = {}) {
    Json result;
    result.value_ = Object();
    for (const Member& member : members) result[member.first] = member.second;
    return result;
  }
  static Json array() { return Json(Array()); }
  /// An array of the values of a range.
  template <class Range> static Json array(const Range& values) {
    Array items;
    for (const auto& value : values) items.emplace_back(value);
    return Json(std::move(items));
  }
  /// A measurement that may be missing: null unless it is finite (JSON has neither NaN nor infinity).
  static Json number_or_null(double value) { return std::isfinite(value) ? Json(value) : Json(); }

  /// The one value that `text` holds. Throws FormatError with the source's name, line, column and byte.
  static Json parse(std::string_view text, std::string_view source = "json");

  /// One line without spaces. Throws Error for a number that is not finite and for text that is not UTF-8.
  std::string dump() const { return write(0); }
  /// One member or item a line, with a final newline. Throws as dump().
  std::string dump_indented(int spaces = 2) const { return write(spaces) + '\n'; }

  bool is_null() const { return holds<std::monostate>(); }
  bool is_bool() const { return holds<bool>(); }
  bool is_number() const { return is_integer() || holds<double>(); }
  bool is_integer() const { return holds<std::int64_t>() || holds<std::uint64_t>(); }
  bool is_string() const { return holds<std::string>(); }
  bool is_array() const { return holds<Array>(); }
  bool is_object() const { return holds<Object>(); }

  /// The value as what the caller needs. Throws FormatError if it is anything else.
  bool boolean() const { return read<bool>({}, "a boolean"); }
  const std::string& string() const { return read<std::string>({}, "a string"); }
  const Array& items() const { return read<Array>({}, "an array"); }
  const Object& members() const { return read<Object>({}, "an object"); }
  double number() const { return read_number({}); }
  /// A signed integer; 5.0 is none.
  Index index() const { return read<std::int64_t>({}, "an integer of 64 bits"); }
  /// An integer from 0 to 2^64 - 1, such as a seed.
  std::uint64_t natural() const { return read_natural({}); }

  /// The same of the member `key`. Throws FormatError that names the key if it is missing or of another kind.
  bool boolean(std::string_view key) const { return at(key).read<bool>(key, "a boolean"); }
  const std::string& string(std::string_view key) const { return at(key).read<std::string>(key, "a string"); }
  const Array& items(std::string_view key) const { return at(key).read<Array>(key, "an array"); }
  const Object& members(std::string_view key) const { return at(key).read<Object>(key, "an object"); }
  double number(std::string_view key) const { return at(key).read_number(key); }
  Index index(std::string_view key) const { return at(key).read<std::int64_t>(key, "an integer of 64 bits"); }
  std::uint64_t natural(std::string_view key) const { return at(key).read_natural(key); }

  /// The member, or nullptr if there is none. Throws FormatError unless this is an object. Cost: linear in members.
  const Json* find(std::string_view key) const {
    for (const auto& [name, value] : members())
      if (name == key) return &value;
    return nullptr;
  }
  bool contains(std::string_view key) const { return find(key) != nullptr; }
  const Json& at(std::string_view key) const {
    const Json* member = find(key);
    expect<FormatError>(member != nullptr, "json: member '", key, "' is missing");
    return *member;
  }
  const Json& operator[](std::string_view key) const { return at(key); }
  /// The member, added as null if it was missing; null itself becomes an object.
  Json& operator[](std::string_view key) {
    if (is_null()) value_ = Object();
    if (const Json* member = find(key)) return *const_cast<Json*>(member);
    return std::get<Object>(value_).emplace_back(std::string(key), Json()).second;
  }
  const Json& operator[](std::size_t position) const {
    expect<FormatError>(position < items().size(), "json: item ", position, " of an array of ", items().size());
    return items()[position];
  }
  /// Appends to an array; null becomes one.
  void push_back(Json item) {
    if (is_null()) value_ = Array();
    const_cast<Array&>(items()).push_back(std::move(item));
  }
  /// The number of items or members. Throws FormatError for any other kind.
  std::size_t size() const { return is_array() ? items().size() : members().size(); }

  friend bool operator==(const Json& a, const Json& b) { return a.value_ == b.value_; }

 private:
  friend class JsonParser;

  template <class T> bool holds() const { return std::holds_alternative<T>(value_); }
  const char* kind() const {
    static constexpr const char* names[] = {"null",     "a boolean", "an integer", "an integer beyond 2^63",
                                            "a number", "a string",  "an array",   "an object"};
    return names[value_.index()];
  }
  template <class T> const T& read(std::string_view key, const char* wanted) const {
    if (const T* value = std::get_if<T>(&value_)) return *value;
    throw FormatError(message("json: ", key.empty() ? "value" : "member '", key, key.empty() ? "" : "'", " is ", kind(),
                              "; it needs to be ", wanted));
  }
  double read_number(std::string_view key) const {
    if (holds<std::int64_t>()) return static_cast<double>(std::get<std::int64_t>(value_));
    if (holds<std::uint64_t>()) return static_cast<double>(std::get<std::uint64_t>(value_));
    return read<double>(key, "a number");
  }
  std::uint64_t read_natural(std::string_view key) const {
    if (const auto* value = std::get_if<std::int64_t>(&value_); value && *value >= 0)
      return static_cast<std::uint64_t>(*value);
    return read<std::uint64_t>(key, "an integer of at least 0");
  }
  std::string write(int spaces) const;

  // int64 wherever it fits, so that equal integers are equal values
  std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double, std::string, Array, Object> value_;
};

}  // namespace wsym

#include "wsym/io/json_parser.hpp"
#include "wsym/io/json_writer.hpp"
