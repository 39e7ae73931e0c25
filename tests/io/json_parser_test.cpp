// SPDX-License-Identifier: MIT
#include "wsym/io/json_parser.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <limits>

#include "wsym/core/random.hpp"

using wsym::Error;
using wsym::FormatError;
using wsym::Json;

namespace {
std::string parse_error(std::string_view text) {
  try {
    Json::parse(text, "run.json");
  } catch (const FormatError& error) {
    return error.what();
  }
  return "no error";
}
}  // namespace

TEST_CASE("Json::parse: every valid document of the list is read and written back") {
  for (const char* text :
       {"null", "true", "false", "0", "-1", "2.5", "\"\"", "[]", "{}", "[1,[2,[]],{}]",
        R"({"a":{"b":[null,true]},"c":"d"})", R"("\"\\\b\f\n\r\t\u0001\u001f")", "\"\u00e9\u20ac\U0001f600\"",
        "9223372036854775807", "-9223372036854775808", "18446744073709551615", "-0.0", "5.0"}) {
    CAPTURE(text);
    CHECK(Json::parse(text).dump() == text);
  }
}

TEST_CASE("Json::parse: space, escapes and exponents are read as RFC 8259 says") {
  CHECK(Json::parse(" \t\r\n{ \"a\" :\n[ 1 , 2 ] }\n").dump() == R"({"a":[1,2]})");
  CHECK(Json::parse(R"("\u0041\/\u00e9\u20ac\ud83d\ude00")").string() == "A/\u00e9\u20ac\U0001f600");
  CHECK(Json::parse("\"a\\u0000b\"").string() == std::string("a\0b", 3));
  CHECK(Json::parse("1E2").number() == 100.0);
  CHECK(Json::parse("-1.5e-3").number() == -1.5e-3);
  CHECK(std::signbit(Json::parse("-0").number()));
}

TEST_CASE("Json::parse: doubles come back bit for bit, integers exactly") {
  const wsym::Key key(7);
  for (std::uint64_t i = 0; i < 20000; ++i) {
    const std::uint64_t bits = key.bits(i);
    double value;
    std::memcpy(&value, &bits, sizeof value);
    if (!std::isfinite(value)) continue;
    const Json back = Json::parse(Json(value).dump());
    const double read = back.number();
    REQUIRE_FALSE(back.is_integer());
    REQUIRE(std::memcmp(&read, &value, sizeof value) == 0);
    REQUIRE(Json::parse(Json(bits).dump()).natural() == bits);
    REQUIRE(Json::parse(Json(static_cast<std::int64_t>(bits)).dump()).index() == static_cast<std::int64_t>(bits));
  }
  using limits = std::numeric_limits<double>;
  for (const double value : {limits::denorm_min(), limits::min(), limits::max(), 1e22, 9223372036854775808.0, 0.1})
    CHECK(Json::parse(Json(value).dump()).number() == value);
}

TEST_CASE("Json::parse: an error says where, what was found and what is needed") {
  CHECK(parse_error("{\"a\": 1,\n  b}") ==
        "run.json: line 2, column 3 (byte 11): found 'b'; a key in double quotes is needed");
  CHECK(parse_error("") == "run.json: line 1, column 1 (byte 0): found the end of the text; a JSON value is needed");
  CHECK(parse_error("[1 2]") == "run.json: line 1, column 4 (byte 3): found '2'; ',' or ']' is needed");
  CHECK(parse_error("{} {}") == "run.json: line 1, column 4 (byte 3): found '{'; the end of the text is needed");
  CHECK(parse_error("[1,\n\x01") == "run.json: line 2, column 1 (byte 4): found byte 1; a JSON value is needed");
  CHECK(parse_error(R"({"a": 1, "b": 2, "a": 3})") ==
        "run.json: line 1, column 18 (byte 17): found '\"'; a key other than \"a\", which this object already has, "
        "is needed");
}

TEST_CASE("Json::parse: every malformed document of the list is refused") {
  for (const char* text : {"nul",
                           "True",
                           "[1,]",
                           "[,1]",
                           "{\"a\":1,}",
                           "{\"a\"}",
                           "{\"a\" 1}",
                           "{1:2}",
                           "[",
                           "{",
                           "]",
                           "[}",
                           "\"",
                           "'a'",
                           "01",
                           "-",
                           "+1",
                           "1.",
                           ".5",
                           "1e",
                           "1e+",
                           "0x1",
                           "1_0",
                           "NaN",
                           "Infinity",
                           "-Infinity",
                           "1e400",
                           "-1e400",
                           "1e-400",
                           "18446744073709551616",
                           "-9223372036854775809",
                           "\"\\x\"",
                           "\"\\u12\"",
                           "\"\\u12g4\"",
                           "\"\\ud800\"",
                           "\"\\ud800x\"",
                           "\"\\ud800\\u0041\"",
                           "\"\\udc00\"",
                           "\"tab\there\"",
                           "\"line\nhere\"",
                           "\xEF\xBB\xBF[]",
                           "// c\n1",
                           "[1] x",
                           "nullx",
                           "\f1"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(Json::parse(text), FormatError);
  }
  CHECK_THROWS_AS(Json::parse(std::string_view("1\0", 2)), FormatError);
}

TEST_CASE("Json::parse: only well-formed UTF-8 is read or written") {
  for (const char* bytes : {"\x80", "\xC0\x80", "\xC1\xBF", "\xC3", "\xE0\x80\x80", "\xE0\x9F\xBF", "\xED\xA0\x80",
                            "\xE2\x82", "\xF0\x80\x80\x80", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80",
                            "\xF0\x9F\x98", "\xFE", "\xFF", "a\xE9z"}) {
    CAPTURE(bytes);
    CHECK_THROWS_AS(Json::parse("\"" + std::string(bytes) + "\""), FormatError);
    CHECK_THROWS_AS(Json(bytes).dump(), Error);
  }
  for (const char* bytes : {"\x7F", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
                            "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    CAPTURE(bytes);
    CHECK(Json::parse(Json(bytes).dump()).string() == bytes);
  }
}

TEST_CASE("Json::parse: 100 levels are read and 101 are refused") {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  CHECK(Json::parse(nested(100)).dump() == nested(100));
  CHECK_THROWS_AS(Json::parse(nested(101)), FormatError);
  CHECK_THROWS_AS(Json::parse(std::string(1000000, '[')), FormatError);
}

TEST_CASE("Json::parse: a hundred thousand keys are checked for duplicates without squaring") {
  std::string text = "{";
  for (int i = 0; i < 100000; ++i) text += "\"k" + std::to_string(i) + "\":0,";
  CHECK(Json::parse(text + "\"k\":0}").size() == 100001);
  CHECK_THROWS_AS(Json::parse(text + "\"k5\":0}"), FormatError);
}
