// SPDX-License-Identifier: MIT
#include "wsym/nn/init.hpp"

#include <doctest/doctest.h>

#include <cmath>

using namespace wsym;

TEST_CASE_TEMPLATE("init: entries stay within the bound and have mean 0 and variance bound^2 / 3", T, float, double) {
  for (const double bound : {1.0, 0.125, 3.0}) {
    const Index n = 40000;
    const Tensor<T> w = uniform_tensor<T>({n / 100, 100}, bound, Key(7));
    double mean = 0, square = 0;
    for (const T x : w.span()) {
      REQUIRE(std::abs(static_cast<double>(x)) <= bound);
      mean += static_cast<double>(x) / n;
      square += static_cast<double>(x) * static_cast<double>(x) / n;
    }
    // Four standard errors: Var(x) = bound^2 / 3 and Var(x^2) = 4 bound^4 / 45.
    CHECK(std::abs(mean) <= 4 * bound / std::sqrt(3.0 * n));
    CHECK(std::abs(square - bound * bound / 3) <= 4 * bound * bound * std::sqrt(4.0 / 45 / n));
  }
}

TEST_CASE_TEMPLATE("init: an entry depends on the key and its position alone", T, float, double) {
  const Tensor<T> small = uniform_tensor<T>({3, 5}, 0.5, Key(1)), large = uniform_tensor<T>({70, 9}, 0.5, Key(1));
  for (Index i = 0; i < small.size(); ++i) CHECK(small[i] == large[i]);
  CHECK_FALSE(same_bits(small, uniform_tensor<T>({3, 5}, 0.5, Key(2))));
}

TEST_CASE("init: float entries are the rounded double ones") {
  const Tensor<float> single = uniform_tensor<float>({50}, 0.25, Key(3));
  const Tensor<double> twice = uniform_tensor<double>({50}, 0.25, Key(3));
  for (Index i = 0; i < 50; ++i) CHECK(single[i] == static_cast<float>(twice[i]));
}

TEST_CASE("init: the bound of a linear layer gives the variance 1 / (3 fan-in)") {
  const auto variance = [](Index fan_in) {
    return linear_bound(fan_in) * linear_bound(fan_in) / 3;
  };
  CHECK(variance(8) == doctest::Approx(0.0416667).epsilon(1e-6));
  CHECK(variance(64) == doctest::Approx(0.00520833).epsilon(1e-6));
  CHECK(variance(256) == doctest::Approx(0.00130208).epsilon(3e-6));
  CHECK(variance(784) == doctest::Approx(0.000425170).epsilon(1e-6));
}

TEST_CASE("init: a fan-in below 1 is refused") {
  CHECK_THROWS_WITH_AS(linear_bound(0), "linear_bound: fan-in is 0; at least 1 is needed", ConfigError);
}
