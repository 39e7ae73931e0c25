// SPDX-License-Identifier: MIT
#include "lab/text.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

using namespace wsym::lab;

TEST_CASE("text: numbers are written by their shortest exact form, undefined ones as nothing") {
  CHECK(shortest(0.1) == "0.1");
  CHECK(shortest(0.1 + 0.2) == "0.30000000000000004");
  CHECK(shortest(-2) == "-2");
  CHECK(shortest(std::numeric_limits<double>::quiet_NaN()).empty());
  CHECK(shortest(std::numeric_limits<double>::infinity()).empty());
}

TEST_CASE("text: rounding keeps the decimals that were asked for") {
  CHECK(rounded(1.0, 3) == "1.000");
  CHECK(rounded(-0.12345, 2) == "-0.12");
  CHECK(rounded(1e308, 1).size() == 311);
  CHECK(rounded(std::numeric_limits<double>::quiet_NaN(), 2) == "-");
}

TEST_CASE("text: durations and sizes are rounded up and have two parts at most") {
  CHECK(duration(0.2) == "1 s");
  CHECK(duration(59.5) == "1 min 00 s");
  CHECK(duration(200) == "3 min 20 s");
  CHECK(duration(7500) == "2 h 05 min");
  CHECK(bytes(1) == "1 kB");
  CHECK(bytes(3.4e6) == "3.4 MB");
  CHECK(bytes(2.5e9) == "2.5 GB");
}

TEST_CASE("text: join puts the separator between the parts alone") {
  CHECK(join(std::vector<std::string>{"a", "b"}, ", ") == "a, b");
  CHECK(join(std::vector<wsym::Index>{64, 128}, ",") == "64,128");
  CHECK(join(std::vector<std::string>{}, ",").empty());
}

TEST_CASE("text: a difference shows its direction") {
  CHECK(with_sign(0.254, 2) == "+0.25");
  CHECK(with_sign(-0.256, 2) == "−0.26");
  CHECK(with_sign(std::nan(""), 2) == "-");
}

TEST_CASE("text: a mean without an sd stands alone") {
  CHECK(mean_and_sd(0.52134, 0.00081, 4) == "0.5213 ± 0.0008");
  CHECK(mean_and_sd(0.5, std::nan(""), 2) == "0.50");
}

TEST_CASE("text: what came is shown without control characters, and cut") {
  CHECK(shown("a `b` é") == "'a `b` é'");
  CHECK(shown("\x1b[31m\n\x7f") == "'\\x1b[31m\\x0a\\x7f'");
  CHECK(shown(std::string(61, 'x')) == "'" + std::string(60, 'x') + "...'");
}

TEST_CASE("text: significant digits are counted from the first that is not 0") {
  CHECK(significant(0.0312549, 4) == 0.03125);
  CHECK(significant(123456, 4) == 123500);
  CHECK(significant(-0.00099996, 4) == -0.001);
  CHECK(significant(0, 4) == 0);
  CHECK(std::isnan(significant(undefined, 4)));
}
