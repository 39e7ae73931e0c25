// SPDX-License-Identifier: MIT
#include "wsym/io/json.hpp"

#include <doctest/doctest.h>

#include <limits>

using wsym::Error;
using wsym::FormatError;
using wsym::Json;

TEST_CASE("Json: an object is built by its keys and keeps their order") {
  Json run;
  run["seed"] = std::numeric_limits<std::uint64_t>::max();
  run["lr"] = 1e-3;
  run["hidden"] = Json::array(std::vector<int>{64, 128});
  run["nested"]["name"] = "churn";
  run["lr"] = 3e-4;
  run["done"] = true;
  CHECK(run.dump() ==
        R"({"seed":18446744073709551615,"lr":3e-04,"hidden":[64,128],"nested":{"name":"churn"},"done":true})");
  CHECK(Json::object({{"a", 1}, {"b", nullptr}, {"a", 2}}).dump() == R"({"a":2,"b":null})");
}

TEST_CASE("Json: readers return what was written, of every kind") {
  const Json run = Json::parse(R"({"b": true, "i": -3, "n": 2.5, "u": 18446744073709551615, "s": "x", "l": [1, 2]})");
  CHECK(run["b"].boolean());
  CHECK(run.boolean("b"));
  CHECK(run.index("i") == -3);
  CHECK(run.number("i") == -3.0);
  CHECK(run.number("n") == 2.5);
  CHECK(run.natural("u") == std::numeric_limits<std::uint64_t>::max());
  CHECK(run.number("u") == 18446744073709551615.0);
  CHECK(run.string("s") == "x");
  CHECK(run["l"][1].index() == 2);
  CHECK(run["l"].size() == 2);
  CHECK(run.size() == 6);
  CHECK(run.contains("s"));
  CHECK(run.find("t") == nullptr);
  wsym::Index sum = 0;
  for (const Json& item : run.items("l")) sum += item.index();
  CHECK(sum == 3);
  std::string keys;
  for (const auto& [key, value] : run.members()) keys += key;
  CHECK(keys == "binusl");
}

TEST_CASE("Json: a wrong kind or a missing member is an error that names the key") {
  const Json run = Json::parse(R"({"lr": "fast", "n": 2.0, "i": -1, "l": []})");
  CHECK_THROWS_WITH_AS(run.at("seed"), "json: member 'seed' is missing", FormatError);
  CHECK_THROWS_WITH_AS(run["seed"], "json: member 'seed' is missing", FormatError);
  CHECK_THROWS_WITH_AS(run.number("lr"), "json: member 'lr' is a string; it needs to be a number", FormatError);
  CHECK_THROWS_WITH_AS(run.index("n"), "json: member 'n' is a number; it needs to be an integer of 64 bits",
                       FormatError);
  CHECK_THROWS_WITH_AS(run.natural("i"), "json: member 'i' is an integer; it needs to be an integer of at least 0",
                       FormatError);
  CHECK_THROWS_WITH_AS(run["l"].string(), "json: value is an array; it needs to be a string", FormatError);
  CHECK_THROWS_WITH_AS(run["l"][0], "json: item 0 of an array of 0", FormatError);
  CHECK_THROWS_AS(run["lr"]["x"], FormatError);
  Json text("x");
  CHECK_THROWS_AS(text["key"], FormatError);
  CHECK_THROWS_AS(text.push_back(1), FormatError);
}

TEST_CASE("Json: equal values are equal, whichever integer type they came from") {
  CHECK(Json(7) == Json(std::uint64_t{7}));
  CHECK(Json(static_cast<unsigned char>(7)) == Json(7L));
  CHECK_FALSE(Json(7) == Json(7.0));
  CHECK_FALSE(Json(true) == Json(1));
  CHECK(Json::object({{"a", 1}}) == Json::parse(R"( { "a" : 1 } )"));
}

TEST_CASE("Json: a number that is not finite is refused unless it is written as null") {
  Json run;
  run["loss"] = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_WITH_AS(run.dump(), "json: member 'loss' is nan; JSON has only finite numbers: write null", Error);
  run["loss"] = Json::number_or_null(-std::numeric_limits<double>::infinity());
  run["rmse"] = Json::number_or_null(0.5);
  CHECK(run.dump() == R"({"loss":null,"rmse":0.5})");
}

TEST_CASE("Json: push_back makes an array of null and appends") {
  Json list;
  list.push_back(1);
  list.push_back("two");
  list.push_back(Json::object());
  CHECK(list.dump() == R"([1,"two",{}])");
  CHECK(Json::array().dump() == "[]");
}

TEST_CASE("Json: a copy is a value of its own, and a value takes at most 48 bytes") {
  Json one = Json::parse(R"({"list":[1,"two",{"three":3}],"text":"x"})");
  const Json two = one;
  one["list"].push_back(4);
  one["text"] = "y";
  CHECK(two.dump() == R"({"list":[1,"two",{"three":3}],"text":"x"})");
  CHECK(one.dump() == R"({"list":[1,"two",{"three":3},4],"text":"y"})");
  Json three = std::move(one);
  CHECK(three["list"].size() == 4);
  three = three["list"];
  three = three[2];
  CHECK(three.dump() == R"({"three":3})");
  static_assert(sizeof(Json) <= 48 && std::is_nothrow_move_constructible_v<Json>);
}
