// SPDX-License-Identifier: MIT
#pragma once
#include <charconv>
#include <cmath>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wsym/core/error.hpp"
#include "wsym/core/types.hpp"

namespace wsym::inline WSYM_SIMD {

/// A JSON value: null, boolean, number, string, array or object (members in the order of insertion, keys unique).
/// Integers of up to 64 bits keep every bit, doubles are written by their shortest exact form and with a '.' or an
/// exponent, so parse(dump()) is the same value of the same kind. Readers throw FormatError and name the key if given.
/// Source: RFC 8259; stricter: no duplicate keys, no lone surrogates, no number beyond 64 bits or a double's range.
/// Memory: 48 bytes a value and what a string or list holds; "0," in a list is 2 bytes of text for 48 of memory.
/// Nothing but memory limits the text; it nests at most 100 deep.
class Json {
 public:
  using Array = std::vector<Json>;
  using Member = std::pair<std::string, Json>;
  using Object = std::vector<Member>;

  Json() = default;
  Json(const Json&) = default;
  Json(Json&&) noexcept = default;
  ~Json() = default;
  /// By value, so that a value may take the place of what holds it.
  Json& operator=(Json other) noexcept {
    kind_ = other.kind_, integer_ = other.integer_, number_ = other.number_;
    string_ = std::move(other.string_), items_ = std::move(other.items_), members_ = std::move(other.members_);
    return *this;
  }
  Json(std::nullptr_t) {}
  template <std::same_as<bool> B> Json(B value) : kind_(Kind::boolean), integer_(value) {}
  template <std::integral I>
  requires(!std::same_as<I, bool>) Json(I value)
      : kind_(std::in_range<std::int64_t>(value) ? Kind::integer : Kind::large_integer),
        integer_(static_cast<std::int64_t>(value)) {}
  Json(double value) : kind_(Kind::number), number_(value) {}
  Json(const char* text) : Json(std::string(text)) {}
  Json(std::string_view text) : Json(std::string(text)) {}
  Json(std::string text) : kind_(Kind::string), string_(std::move(text)) {}
  Json(Array items) : kind_(Kind::array), items_(std::move(items)) {}

  /// An object; a key that occurs twice keeps its first place and its last value.
  static Json object(std::initializer_list<Member> members = {}) {
    Json result;
    result.kind_ = Kind::object;
    for (const Member& member : members) result[member.first] = Json(member.second);
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

  /// The one value that `text` holds. Throws FormatError with the source's name, line, column and byte, Error when
  /// there is not enough memory.
  static Json parse(std::string_view text, std::string_view source = "json");

  /// One line without spaces. Throws Error for a number that is not finite and for text that is not UTF-8.
  std::string dump() const { return write(0); }
  /// One member or item a line, with a final newline. Throws as dump().
  std::string dump_indented(int spaces = 2) const { return write(spaces) + '\n'; }

  bool is_null() const { return kind_ == Kind::null; }
  bool is_bool() const { return kind_ == Kind::boolean; }
  bool is_number() const { return is_integer() || kind_ == Kind::number; }
  bool is_integer() const { return kind_ == Kind::integer || kind_ == Kind::large_integer; }
  bool is_string() const { return kind_ == Kind::string; }
  bool is_array() const { return kind_ == Kind::array; }
  bool is_object() const { return kind_ == Kind::object; }

  /// The value as what the caller needs. Throws FormatError if it is anything else.
  bool boolean() const { return expect_kind(Kind::boolean, {}).integer_ != 0; }
  const std::string& string() const { return expect_kind(Kind::string, {}).string_.value(); }
  const Array& items() const { return expect_kind(Kind::array, {}).items_.value(); }
  const Object& members() const { return expect_kind(Kind::object, {}).members_.value(); }
  double number() const { return read_number({}); }
  /// A signed integer; 5.0 is none.
  Index index() const { return expect_kind(Kind::integer, {}, "an integer of 64 bits").integer_; }
  /// An integer from 0 to 2^64 - 1, such as a seed.
  std::uint64_t natural() const { return read_natural({}); }

  /// The same of the member `key`. Throws FormatError that names the key if it is missing or of another kind.
  bool boolean(std::string_view key) const { return at(key).expect_kind(Kind::boolean, key).integer_ != 0; }
  const std::string& string(std::string_view key) const {
    return at(key).expect_kind(Kind::string, key).string_.value();
  }
  const Array& items(std::string_view key) const { return at(key).expect_kind(Kind::array, key).items_.value(); }
  const Object& members(std::string_view key) const { return at(key).expect_kind(Kind::object, key).members_.value(); }
  double number(std::string_view key) const { return at(key).read_number(key); }
  Index index(std::string_view key) const {
    return at(key).expect_kind(Kind::integer, key, "an integer of 64 bits").integer_;
  }
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
    if (is_null()) kind_ = Kind::object;
    if (const Json* member = find(key)) return *const_cast<Json*>(member);
    return members_.change().emplace_back(std::string(key), Json()).second;
  }
  const Json& operator[](std::size_t position) const {
    expect<FormatError>(position < items().size(), "json: item ", position, " of an array of ", items().size());
    return items()[position];
  }
  /// Appends to an array; null becomes one.
  void push_back(Json item) {
    if (is_null()) kind_ = Kind::array;
    expect_kind(Kind::array, {});
    items_.change().push_back(std::move(item));
  }
  /// The number of items or members. Throws FormatError for any other kind.
  std::size_t size() const { return is_array() ? items().size() : members().size(); }

  friend bool operator==(const Json&, const Json&) = default;

 private:
  friend class JsonParser;

  /// A value on the heap, or nothing, which reads as an empty one; copied with the object that holds it.
  template <class X> class Box {
   public:
    Box() = default;
    Box(X value) : at_(std::make_unique<X>(std::move(value))) {}
    Box(const Box& other) : at_(other.at_ ? std::make_unique<X>(*other.at_) : nullptr) {}
    Box(Box&&) noexcept = default;
    Box& operator=(Box&&) noexcept = default;
    ~Box() = default;

    const X& value() const {
      static const X empty;
      return at_ ? *at_ : empty;
    }
    X& change() {
      if (!at_) at_ = std::make_unique<X>();
      return *at_;
    }
    friend bool operator==(const Box& a, const Box& b) { return a.value() == b.value(); }

   private:
    std::unique_ptr<X> at_;
  };

  enum class Kind : std::uint8_t { null, boolean, integer, large_integer, number, string, array, object };
  static constexpr const char* kind_names[] = {"null",     "a boolean", "an integer", "an integer beyond 2^63",
                                               "a number", "a string",  "an array",   "an object"};

  const Json& expect_kind(Kind kind, std::string_view key, const char* wanted = nullptr) const {
    if (kind_ == kind) return *this;
    throw FormatError(message("json: ", key.empty() ? "value" : "member '", key, key.empty() ? "" : "'", " is ",
                              kind_names[static_cast<int>(kind_)], "; it needs to be ",
                              wanted ? wanted : kind_names[static_cast<int>(kind)]));
  }
  double read_number(std::string_view key) const {
    if (kind_ == Kind::integer) return static_cast<double>(integer_);
    if (kind_ == Kind::large_integer) return static_cast<double>(static_cast<std::uint64_t>(integer_));
    return expect_kind(Kind::number, key).number_;
  }
  std::uint64_t read_natural(std::string_view key) const {
    if (kind_ != Kind::integer || integer_ < 0) expect_kind(Kind::large_integer, key, "an integer of at least 0");
    return static_cast<std::uint64_t>(integer_);
  }
  std::string write(int spaces) const;

  // A plain struct and no std::variant, which costs every unit half a second to compile. What the kind does not
  // use is zero or empty, so that equal values have equal members.
  Kind kind_ = Kind::null;
  std::int64_t integer_ = 0;  // also a boolean, and the bits of a large_integer: one that needs the 64th
  double number_ = 0;
  Box<std::string> string_;
  Box<Array> items_;
  Box<Object> members_;
};

}  // namespace wsym::inline WSYM_SIMD

#include "wsym/io/json_parser.hpp"
#include "wsym/io/json_writer.hpp"
