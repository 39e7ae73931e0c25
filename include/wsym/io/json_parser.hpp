// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/io/json.hpp"
#include "wsym/io/utf8.hpp"

namespace wsym::inline WSYM_SIMD {

namespace detail {
/// A name and where it stands. One type for all that is sorted by name: each type costs its own std::sort to compile.
using PlacedName = std::pair<std::string_view, std::size_t>;

/// Sorts by name, then place; the second of two entries with one name, or nullptr. Cost: n log n.
inline const PlacedName* sort_and_find_twice(std::vector<PlacedName>& names) {
  std::sort(names.begin(), names.end());
  for (std::size_t i = 1; i < names.size(); ++i)
    if (names[i].first == names[i - 1].first) return &names[i];
  return nullptr;
}
}  // namespace detail

/// Reads one JSON document; what Json::parse stands on.
class JsonParser {
 public:
  JsonParser(std::string_view text, std::string_view source) : text_(text), source_(source) {}

  Json document() {
    Json result = value();
    skip_space();
    if (at_ < text_.size()) fail("the end of the text");
    return result;
  }

 private:
  static constexpr int max_depth = 100;  // the parser and the destructor of its result recurse

  [[noreturn]] void fail(std::string_view wanted) const {
    const std::string_view before = text_.substr(0, at_);
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const std::size_t start = before.rfind('\n') + 1;  // npos + 1 = 0: the first line
    std::string found = "the end of the text";
    if (at_ < text_.size()) {
      const char c = text_[at_];
      found = c >= 0x20 && c < 0x7F ? std::string{'\'', c, '\''}
                                    : "byte " + std::to_string(static_cast<int>(static_cast<unsigned char>(c)));
    }
    throw FormatError(message(source_, ": line ", line, ", column ", at_ - start + 1, " (byte ", at_, "): found ",
                              found, "; ", wanted, " is needed"));
  }

  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool take(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }
  void skip_space() { at_ = std::min(text_.find_first_not_of(" \t\n\r", at_), text_.size()); }

  Json value() {
    skip_space();
    if (take("null")) return Json();
    if (take("true")) return Json(true);
    if (take("false")) return Json(false);
    const char c = peek();
    if (c == '"') return Json(string());
    if (c == '-' || (c >= '0' && c <= '9')) return number();
    if (c != '[' && c != '{') fail("a JSON value");
    if (++depth_ > max_depth) fail("at most 100 levels of nesting");
    Json result = c == '[' ? array() : object();
    --depth_;
    return result;
  }

  Json array() {
    Json::Array items;
    take('[');
    skip_space();
    if (take(']')) return Json(std::move(items));
    do items.push_back(value());
    while (another(']', "',' or ']'"));
    return Json(std::move(items));
  }

  Json object() {
    Json::Object members;
    std::vector<std::size_t> places;
    take('{');
    skip_space();
    if (take('}')) return Json::object();
    do {
      skip_space();
      places.push_back(at_);
      if (peek() != '"') fail("a key in double quotes");
      std::string key = string();
      skip_space();
      if (!take(':')) fail("':'");
      members.emplace_back(std::move(key), value());
    } while (another('}', "',' or '}'"));
    refuse_duplicates(members, places);
    Json result = Json::object();
    result.members_ = std::move(members);
    return result;
  }

  /// Whether the list goes on after an item.
  bool another(char close, std::string_view wanted) {
    skip_space();
    if (take(',')) return true;
    if (!take(close)) fail(wanted);
    return false;
  }

  /// By sorting: a hostile file with a million keys must not cost their square.
  void refuse_duplicates(const Json::Object& members, const std::vector<std::size_t>& places) {
    std::vector<detail::PlacedName> keys;
    for (std::size_t i = 0; i < members.size(); ++i) keys.emplace_back(members[i].first, places[i]);
    if (const detail::PlacedName* twice = detail::sort_and_find_twice(keys)) {
      at_ = twice->second;
      fail("a key other than \"" + std::string(twice->first) + "\", which this object already has,");
    }
  }

  Json number() {
    const std::size_t start = at_;
    take('-');
    if (!take('0')) digits();
    bool integer = true;
    if (take('.')) {
      integer = false;
      digits();
    }
    if (take('e') || take('E')) {
      integer = false;
      if (!take('+')) take('-');
      digits();
    }
    const char *first = text_.data() + start, *last = text_.data() + at_;
    std::int64_t small = 0;
    std::uint64_t large = 0;
    double real = 0;
    const auto reads = [&](auto& number) {
      return std::from_chars(first, last, number).ec == std::errc();
    };
    const bool minus_zero = text_.substr(start, at_ - start) == "-0";
    if (integer && !minus_zero && reads(small)) return Json(small);
    if (integer && !minus_zero && reads(large)) return Json(large);
    if ((!integer || minus_zero) && reads(real)) return Json(real);
    at_ = start;
    fail(integer ? "an integer of at most 64 bits" : "a number in the range of a double");
  }

  void digits() {
    if (peek() < '0' || peek() > '9') fail("a digit");
    while (peek() >= '0' && peek() <= '9') ++at_;
  }

  std::string string() {
    std::string result;
    take('"');
    while (!take('"')) {
      if (take('\\')) {
        escape(result);
        continue;
      }
      const std::size_t length = detail::utf8_length(text_, at_);
      if (length == 0) fail(at_ < text_.size() ? "valid UTF-8" : "'\"'");
      if (length == 1 && static_cast<unsigned char>(text_[at_]) < 0x20) fail("an escape for a control character");
      result += text_.substr(at_, length);
      at_ += length;
    }
    return result;
  }

  void escape(std::string& result) {
    static constexpr char forms[] = "\"\"\\\\//b\bf\fn\nr\rt\t";
    for (const char* form = forms; *form; form += 2)
      if (take(*form)) {
        result += form[1];
        return;
      }
    if (!take('u')) fail("one of \"\\/bfnrtu after '\\'");
    const unsigned first = hex4();
    if (first < 0xD800 || first > 0xDFFF) return detail::append_utf8(result, first);
    if (first > 0xDBFF || !take("\\u")) fail("a pair of surrogates, high then low,");
    const unsigned second = hex4();
    if (second < 0xDC00 || second > 0xDFFF) fail("a low surrogate before this place");
    detail::append_utf8(result, 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00));
  }

  unsigned hex4() {
    unsigned code = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      const char c = peek();
      if (c >= '0' && c <= '9')
        code = code * 16 + static_cast<unsigned>(c - '0');
      else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
        code = code * 16 + static_cast<unsigned>((c | 0x20) - 'a' + 10);
      else
        fail("a hexadecimal digit");
    }
    return code;
  }

  std::string_view text_;
  std::string_view source_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

inline Json Json::parse(std::string_view text, std::string_view source) {
  return reading(source, [&] { return JsonParser(text, source).document(); });
}

}  // namespace wsym::inline WSYM_SIMD
