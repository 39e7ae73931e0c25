// SPDX-License-Identifier: MIT
#include "wsym/kernels/elementary.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

using namespace wsym;
using namespace wsym::kernels;

TEST_CASE_TEMPLATE("exp: a few units in the last place over the whole range", T, float, double) {
  const double least = std::log(std::numeric_limits<T>::min()), most = std::log(std::numeric_limits<T>::max());
  double worst = 0;
  for (int i = 1; i < 10000; ++i) {
    const T x = static_cast<T>(least + (most - least) * i / 10000);
    const long double expected = std::exp(static_cast<long double>(x));
    worst = std::max(worst, static_cast<double>(std::abs(exp<T>(broadcast(x))[0] / expected - 1)));
  }
  CHECK(worst <= 2 * std::numeric_limits<T>::epsilon());
}

TEST_CASE_TEMPLATE("exp: exact at 0, gradual below the normal numbers, 0 and infinity beyond, NaN for NaN", T, float,
                   double) {
  const auto at = [](double x) {
    return exp<T>(broadcast(static_cast<T>(x)))[0];
  };
  const T infinity = std::numeric_limits<T>::infinity();
  CHECK(at(0) == T(1));
  CHECK(at(-1e30) == T(0));
  CHECK(at(-infinity) == T(0));
  CHECK(at(1e30) == infinity);
  CHECK(at(infinity) == infinity);
  CHECK(std::isnan(at(std::nan(""))));
  const double below = std::log(std::numeric_limits<T>::min()) - 3;
  CHECK(at(below) > T(0));
  CHECK(at(below) == doctest::Approx(std::exp(below)).epsilon(1e-5));
}

TEST_CASE_TEMPLATE("log: one unit in the last place over the normal numbers and around 1; infinity and NaN stay", T,
                   float, double) {
  const auto error = [](T x) {
    const long double expected = std::log(static_cast<long double>(x));
    return static_cast<double>(std::abs(log<T>(broadcast(x))[0] / expected - 1));
  };
  const double most = std::log(std::numeric_limits<T>::max());
  double worst = 0;
  for (int i = 1; i < 10000; ++i) {
    worst = std::max(worst, error(static_cast<T>(std::exp((i - 5000) / 5000.0 * 0.98 * most))));
    worst = std::max(worst, error(static_cast<T>(1 + i * i * 1e-7)));
    worst = std::max(worst, error(static_cast<T>(1 - i * 7e-5)));
  }
  CHECK(worst <= 1.1 * std::numeric_limits<T>::epsilon());
  CHECK(log<T>(broadcast(T(1)))[0] == T(0));
  CHECK(log<T>(broadcast(std::numeric_limits<T>::infinity()))[0] == std::numeric_limits<T>::infinity());
  CHECK(std::isnan(log<T>(broadcast(std::numeric_limits<T>::quiet_NaN()))[0]));
}

TEST_CASE_TEMPLATE("absolute: clears the sign of numbers and infinities", T, float, double) {
  for (double x : {0.0, 1.5, 1e30}) CHECK(absolute<T>(broadcast(static_cast<T>(-x)))[0] == static_cast<T>(x));
  CHECK(!std::signbit(absolute<T>(broadcast(T(-0.0)))[0]));
}

TEST_CASE_TEMPLATE("sum_of_lanes, maximum_of_lanes: every lane holds the result of all", T, float, double) {
  const Vec<T> numbers = lane_numbers<T>() + T(1);
  for (int i = 0; i < lanes<T>; ++i) {
    CHECK(numbers[i] == static_cast<T>(i + 1));
    CHECK(sum_of_lanes<T>(numbers)[i] == static_cast<T>(lanes<T> * (lanes<T> + 1) / 2));
    CHECK(maximum_of_lanes<T>(-numbers)[i] == T(-1));
  }
}

TEST_CASE_TEMPLATE("load_or: reads the first lanes and fills the others", T, float, double) {
  T memory[lanes<T>];
  std::fill_n(memory, lanes<T>, T(2));
  for (int count = 0; count <= lanes<T>; ++count) {
    const Vec<T> v = load_or(memory, Index(count), T(7));
    for (int i = 0; i < lanes<T>; ++i) CHECK(v[i] == (i < count ? T(2) : T(7)));
  }
}
