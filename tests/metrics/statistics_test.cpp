// SPDX-License-Identifier: MIT
#include "wsym/metrics/statistics.hpp"

#include <doctest/doctest.h>

#include <vector>

using wsym::Better;
using wsym::improvement_percent;
using wsym::summarise;
using wsym::Summary;

TEST_CASE("summarise: values worked out by hand") {
  const Summary s = summarise(std::vector{2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0});
  CHECK(s.n == 8);
  CHECK(s.mean == 5);
  CHECK(s.population_sd == 2);
  CHECK(s.sd == doctest::Approx(std::sqrt(32.0 / 7)));
  CHECK(s.standard_error == doctest::Approx(std::sqrt(32.0 / 7 / 8)));
  CHECK(s.min == 2);
  CHECK(s.max == 9);
}

TEST_CASE("summarise: one value has no sd and no standard error, and everything else") {
  const Summary s = summarise(std::vector{-0.25});
  CHECK(s.n == 1);
  CHECK(s.mean == -0.25);
  CHECK(s.population_sd == 0);
  CHECK(std::isnan(s.sd));
  CHECK(std::isnan(s.standard_error));
  CHECK(s.min == -0.25);
  CHECK(s.max == -0.25);
}

TEST_CASE("summarise: equal values have exactly sd 0, whatever they are") {
  for (const double value : {0.1, 1.0 / 3, 0.53287, 1e300, -7e-300}) {
    const Summary s = summarise(std::vector(10, value));
    CHECK(s.mean == value);
    CHECK(s.sd == 0);
    CHECK(s.standard_error == 0);
  }
}

TEST_CASE("summarise: a large offset moves the mean and leaves the sd") {
  CHECK(summarise(std::vector{1e9 + 1, 1e9 + 2, 1e9 + 3}).sd == 1);
  CHECK(summarise(std::vector{1e9 + 1, 1e9 + 2, 1e9 + 3}).mean == 1e9 + 2);
}

TEST_CASE("summarise: a NaN is not hidden, and no values are an error") {
  CHECK(std::isnan(summarise(std::vector{1.0, std::numeric_limits<double>::quiet_NaN()}).mean));
  CHECK_THROWS_WITH_AS(summarise({}), "summarise: no values; at least one is needed", wsym::ConfigError);
}

TEST_CASE("improvement_percent: oracle 8.15, California-64 improves by 2.2148 %") {
  CHECK(improvement_percent(0.521071, 0.532873, Better::lower) == doctest::Approx(2.2148).epsilon(2e-5));
}

TEST_CASE("improvement_percent: better is positive, worse negative, equal 0") {
  CHECK(improvement_percent(0.9, 0.8, Better::higher) == doctest::Approx(12.5));
  CHECK(improvement_percent(0.7, 0.8, Better::higher) == doctest::Approx(-12.5));
  CHECK(improvement_percent(0.9, 0.8, Better::lower) == doctest::Approx(-12.5));
  CHECK(improvement_percent(0.8, 0.8, Better::lower) == 0);
  CHECK_FALSE(std::isfinite(improvement_percent(0.5, 0, Better::higher)));
}
