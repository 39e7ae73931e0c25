// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/io/json.hpp"
#include "wsym/io/utf8.hpp"

namespace wsym::inline WSYM_SIMD {

/// The text of a Json value; what Json::dump stands on.
class JsonWriter {
 public:
  /// `spaces` = 0 writes one line.
  explicit JsonWriter(int spaces) : spaces_(spaces) {}

  void value(const Json& json, std::string_view key) {
    if (json.is_null())
      out += "null";
    else if (json.is_bool())
      out += json.boolean() ? "true" : "false";
    else if (json.is_number())
      number(json, key);
    else if (json.is_string())
      string(json.string());
    else
      container(json, key);
  }

  std::string out;

 private:
  void number(const Json& json, std::string_view key) {
    char digits[32];
    char* const end = digits + sizeof digits;
    if (json.is_integer()) {
      const bool negative = json.number() < 0;
      out.append(digits, negative ? std::to_chars(digits, end, json.index()).ptr
                                  : std::to_chars(digits, end, json.natural()).ptr);
      return;
    }
    const double value = json.number();
    expect<Error>(std::isfinite(value), "json: ", key.empty() ? "a value" : "member '", key, key.empty() ? "" : "'",
                  " is ", value, "; JSON has only finite numbers: write null");
    const std::string_view text(digits, static_cast<std::size_t>(std::to_chars(digits, end, value).ptr - digits));
    out += text;
    if (text.find_first_of(".e") == text.npos) out += ".0";
  }

  void string(std::string_view text) {
    out += '"';
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t length = detail::utf8_length(text, at);
      expect<Error>(length > 0, "json: byte ", at, " of the text '", text, "' is not UTF-8");
      const char c = text[at];
      if (c == '"' || c == '\\') {
        out += '\\';
        out += c;
      } else if (static_cast<unsigned char>(c) < 0x20) {
        escape(c);
      } else {
        out += text.substr(at, length);
      }
      at += length;
    }
    out += '"';
  }

  void escape(char c) {
    static constexpr char short_forms[] = "\bb\tt\nn\ff\rr";
    for (const char* form = short_forms; *form; form += 2)
      if (c == *form) {
        out += '\\';
        out += form[1];
        return;
      }
    out += c < 0x10 ? "\\u000" : "\\u001";
    out += "0123456789abcdef"[c & 0x0F];
  }

  void container(const Json& json, std::string_view key) {
    const bool array = json.is_array();
    out += array ? '[' : '{';
    ++depth_;
    for (std::size_t i = 0; i < json.size(); ++i) {
      if (i > 0) out += ',';
      new_line();
      if (array) {
        value(json.items()[i], key);
      } else {
        const auto& [name, member] = json.members()[i];
        string(name);
        out += spaces_ > 0 ? ": " : ":";
        value(member, name);
      }
    }
    --depth_;
    if (json.size() > 0) new_line();
    out += array ? ']' : '}';
  }

  void new_line() {
    if (spaces_ == 0) return;
    out += '\n';
    out.append(static_cast<std::size_t>(spaces_ * depth_), ' ');
  }

  int spaces_;
  int depth_ = 0;
};

inline std::string Json::write(int spaces) const {
  JsonWriter writer(spaces);
  writer.value(*this, {});
  return std::move(writer.out);
}

}  // namespace wsym::inline WSYM_SIMD
