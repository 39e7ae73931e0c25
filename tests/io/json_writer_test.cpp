// SPDX-License-Identifier: MIT
#include "wsym/io/json_writer.hpp"

#include <doctest/doctest.h>

#include <limits>

using wsym::Error;
using wsym::Json;

TEST_CASE("Json::dump: the indented form holds the same value, one member a line") {
  const Json run = Json::parse(R"({"a":[1,2],"b":{},"c":[]})");
  CHECK(run.dump_indented() == "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {},\n  \"c\": []\n}\n");
  CHECK(Json::parse(run.dump_indented(4)) == run);
}

TEST_CASE("Json::dump: a double keeps its kind, an integer every digit") {
  CHECK(Json(5.0).dump() == "5.0");
  CHECK(Json(-0.0).dump() == "-0.0");
  CHECK(Json(1e300).dump() == "1e+300");
  CHECK(Json(0.1).dump() == "0.1");
  CHECK(Json(std::numeric_limits<std::int64_t>::min()).dump() == "-9223372036854775808");
  CHECK(Json(std::numeric_limits<std::uint64_t>::max()).dump() == "18446744073709551615");
}

TEST_CASE("Json::dump: control characters and quotes are escaped, other text is written as it is") {
  CHECK(Json("\"\\/\b\f\n\r\t\x01\x1f\x7f\u00e9").dump() == "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\u00e9\"");
  CHECK(Json::object({{"a\nb", 1}}).dump() == R"({"a\nb":1})");
}

TEST_CASE("Json::dump: what JSON cannot hold is an error that names the member") {
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK_THROWS_WITH_AS(Json(infinity).dump(), "json: a value is inf; JSON has only finite numbers: write null", Error);
  CHECK_THROWS_WITH_AS(Json::object({{"sd", Json::array(std::vector<double>{1, -infinity})}}).dump(),
                       "json: member 'sd' is -inf; JSON has only finite numbers: write null", Error);
  CHECK_THROWS_WITH_AS(Json("ab\xff").dump(), "json: byte 2 of the text 'ab\xff' is not UTF-8", Error);
}
