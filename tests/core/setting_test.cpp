// SPDX-License-Identifier: MIT
#include "wsym/core/setting.hpp"

#include <cmath>
#include <limits>

#include <doctest/doctest.h>

using namespace wsym;

namespace {
enum class Colour { red, green };
constexpr auto names(Colour) {
  return std::array{"red", "green"};
}
enum class Unnamed { one };
}  // namespace

TEST_CASE("Setting: numbers, bools, enums with names, and optionals and lists of these") {
  static_assert(Setting<bool> && Setting<const Index&> && Setting<float> && Setting<Colour> && NamedEnum<Colour>);
  static_assert(Setting<std::optional<double>> && Setting<std::vector<Colour>> && Setting<std::array<int, 3>>);
  static_assert(!Setting<Unnamed> && !Setting<std::string> && !Setting<std::vector<std::vector<int>>>);
}

TEST_CASE("setting_text: the shortest text that gives a number back, a word of an enum, a list") {
  CHECK(setting_text(true) == "true");
  CHECK(setting_text(-7) == "-7");
  CHECK(setting_text(0.1F) == "0.1");
  CHECK(setting_text(0.1) == "0.1");
  CHECK(setting_text(std::nextafter(0.1, 1)) == "0.10000000000000002");
  CHECK(setting_text(-std::numeric_limits<float>::infinity()) == "-inf");
  CHECK(setting_text(Colour::green) == "green");
  CHECK(setting_text(static_cast<Colour>(5)) == "value 5");
  CHECK(setting_text(std::optional<Index>()) == "none");
  CHECK(setting_text(std::optional<Index>(3)) == "3");
  CHECK(setting_text(std::vector<double>{}) == "[]");
  CHECK(setting_text(std::array{1, 2}) == "[1, 2]");
}

TEST_CASE("same_setting: equal values, NaN too, and none apart from 0") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(same_setting(nan, nan));
  CHECK(!same_setting(nan, 1.0));
  CHECK(!same_setting(0.1, std::nextafter(0.1, 1.0)));
  CHECK(!same_setting(std::optional<int>(), std::optional<int>(0)));
  CHECK(!same_setting(std::vector<Index>{1}, std::vector<Index>{1, 1}));
}
