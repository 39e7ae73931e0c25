// SPDX-License-Identifier: MIT
#include "wsym/kernels/gumbel.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace wsym;

TEST_CASE_TEMPLATE("gumbel: is Key::gumbel, number by number", T, float, double) {
  const Key key(7);
  for (const Index n : {0, 1, 3, 7, 8, 9, 16, 17, 1000})
    for (const std::uint64_t first : {std::uint64_t{0}, std::uint64_t{5}, (std::uint64_t{1} << 33) - 2}) {
      std::vector<T> g(static_cast<std::size_t>(n) + 1, T(-7));
      kernels::gumbel(key, first, g.data(), n);
      double worst = 0;
      for (Index i = 0; i < n; ++i) {
        const double expected = key.gumbel(first + static_cast<std::uint64_t>(i));
        worst = std::max(worst, std::abs(static_cast<double>(g[static_cast<std::size_t>(i)]) - expected) /
                                    std::max(1.0, std::abs(expected)));
      }
      CAPTURE(n);
      CHECK(worst <= 2 * static_cast<double>(std::numeric_limits<T>::epsilon()));
      CHECK(g.back() == -7);  // nothing beyond
    }
}

TEST_CASE_TEMPLATE("gumbel: a number has the same bits wherever it is drawn", T, float, double) {
  std::vector<T> all(100), one(1);
  kernels::gumbel(Key(8), 40, all.data(), 100);
  for (std::uint64_t i = 0; i < 100; ++i) {
    kernels::gumbel(Key(8), 40 + i, one.data(), 1);
    CHECK(one[0] == all[i]);
  }
}

TEST_CASE("gumbel: mean and variance are those of the distribution") {
  constexpr Index n = 200000;
  std::vector<double> g(n);
  kernels::gumbel(Key(9), 0, g.data(), n);
  double mean = 0, square = 0;
  for (const double x : g) mean += x / n, square += x * x / n;
  const double variance = 3.14159265358979 * 3.14159265358979 / 6;
  CHECK(std::abs(mean - 0.57721566490153) < 5 * std::sqrt(variance / n));  // five standard errors
  // The fourth central moment is 5.4 variance^2, so the variance has a standard error of sqrt(4.4 / n) of itself.
  CHECK(std::abs(square - mean * mean - variance) < 5 * variance * std::sqrt(4.4 / n));
}
