// SPDX-License-Identifier: MIT
#include "wsym/kernels/portable.hpp"

#include <doctest/doctest.h>

#include <cmath>

using namespace wsym::kernels;

namespace {
constexpr double infinity = std::numeric_limits<double>::infinity();

/// The distance of y from what it should be, in units of the last place of that.
double units(double y, long double expected) {
  int exponent = 0;
  std::frexp(static_cast<double>(expected), &exponent);
  return static_cast<double>(std::abs(y - expected) / std::ldexp(1.0L, std::max(exponent - 53, -1074)));
}
}  // namespace

TEST_CASE("portable::exp: less than one unit in the last place over the whole range, subnormal results too") {
  double worst = 0;
  for (int i = 0; i <= 200000; ++i) {
    const double t = i / 200000.0;
    for (const double x : {-745.1 + 1454.8 * t, -745.1 + 40 * t, 4 * t - 2, -40 * t, 0.3 + 0.1 * t})
      worst = std::max(worst, units(portable::exp(x), std::exp(static_cast<long double>(x))));
  }
  CHECK(worst < 1);
}

TEST_CASE("portable::exp: exact at 0, infinity, 0 and NaN where they belong") {
  CHECK(portable::exp(0) == 1);
  CHECK(portable::exp(-0.0) == 1);
  CHECK(portable::exp(709.782712893384) > 1.797e308);
  CHECK(portable::exp(709.782712893385) == infinity);
  CHECK(portable::exp(infinity) == infinity);
  CHECK(portable::exp(-745.1) == std::numeric_limits<double>::denorm_min());
  CHECK(portable::exp(-745.2) == 0);
  CHECK(portable::exp(-infinity) == 0);
  CHECK(std::isnan(portable::exp(std::nan(""))));
}

TEST_CASE("portable::log: less than one unit in the last place over the whole range, subnormal arguments too") {
  double worst = 0;
  const auto try_one = [&](double x) {
    if (x != 1) worst = std::max(worst, units(portable::log(x), std::log(static_cast<long double>(x))));
  };
  for (int i = 0; i <= 200000; ++i) {
    const double t = i / 200000.0;
    try_one(0.5 + 1.5 * t);
    try_one(1 + (t - 0.5) * 1e-3);
    try_one(std::ldexp(0.5 + t, i % 2098 - 1073));
  }
  CHECK(worst < 1);
}

TEST_CASE("portable::log: exact at 1, infinities and NaN where they belong") {
  CHECK(portable::log(1) == 0);
  CHECK(portable::log(0) == -infinity);
  CHECK(portable::log(-0.0) == -infinity);
  CHECK(portable::log(infinity) == infinity);
  CHECK(std::isnan(portable::log(-1)));
  CHECK(std::isnan(portable::log(-infinity)));
  CHECK(std::isnan(portable::log(std::nan(""))));
}

TEST_CASE("portable: known bits, the same on every machine") {
  CHECK(portable::exp(1) == 0x1.5bf0a8b14576ap+1);
  CHECK(portable::exp(-0.1) == 0x1.cf46d99d52b3ap-1);
  CHECK(portable::log(10) == 0x1.26bb1bbb55516p+1);
  CHECK(portable::product(0.1, 0.1) - 0.01 == 0x1p-59);  // in one rounding with the difference: 0x1.0a3d70a3d70a4p-60
  CHECK(portable::square(0.1) == portable::product(0.1, 0.1));
}
