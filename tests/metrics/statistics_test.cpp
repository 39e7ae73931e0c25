// SPDX-License-Identifier: MIT
#include "wsym/metrics/statistics.hpp"

#include <doctest/doctest.h>

#include <numeric>
#include <vector>

#include "wsym/core/random.hpp"

using wsym::Better;
using wsym::ConfigError;
using wsym::improvement_percent;
using wsym::Index;
using wsym::Interval;
using wsym::Key;
using wsym::mean_interval;
using wsym::sign_flip_p_value;
using wsym::student_half_width;
using wsym::summarise;
using wsym::Summary;

namespace {
std::vector<double> normals(std::size_t n, const Key& key, double mean = 0) {
  std::vector<double> values;
  for (std::uint64_t i = 0; i < n; ++i) values.push_back(mean + key.normal(i));
  return values;
}
}  // namespace

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
  CHECK_THROWS_WITH_AS(summarise({}), "summarise: no values; at least one is needed", ConfigError);
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

TEST_CASE("student_half_width: tabulated quantiles") {
  struct Row {
    Index degrees;
    double level, t;
  };
  for (const Row& row : {Row{1, 0.5, 1.0},
                         {1, 0.95, 12.7062047},
                         {2, 0.95, 4.3026527},
                         {3, 0.95, 3.1824463},
                         {4, 0.95, 2.7764451},
                         {5, 0.9, 2.0150484},
                         {9, 0.95, 2.2621572},
                         {10, 0.99, 3.1692727},
                         {19, 0.95, 2.0930241},
                         {30, 0.95, 2.0422725},
                         {30, 0.999, 3.6459586},
                         {120, 0.95, 1.9799304},
                         {1, 0.999, 636.6192488},
                         {1000000, 0.95, 1.9599664}}) {
    CAPTURE(row.degrees);
    CAPTURE(row.level);
    CHECK(std::abs(student_half_width(row.level, row.degrees) / row.t - 1) < 3e-8);
  }
}

TEST_CASE("student_half_width: closed forms of one and two degrees of freedom") {
  for (const double level : {1e-6, 0.1, 0.5, 0.9, 0.99, 0.9999}) {
    const double one = std::tan(std::numbers::pi / 2 * level), two = level * std::sqrt(2 / (1 - level * level));
    CHECK(std::abs(student_half_width(level, 1) / one - 1) < 1e-9);
    CHECK(std::abs(student_half_width(level, 2) / two - 1) < 1e-9);
  }
}

TEST_CASE("sine_cosine: a few units in the last place of 1, from 0 to a right angle") {
  for (int i = 0; i <= 1000; ++i) {
    const double angle = std::numbers::pi / 2 * i / 1000;
    const auto [sine, cosine] = wsym::detail::sine_cosine(angle);
    CHECK(std::abs(sine - std::sin(angle)) < 5e-16);
    CHECK(std::abs(cosine - std::cos(angle)) < 5e-16);
  }
}

TEST_CASE("student_half_width: levels and degrees out of range are refused") {
  CHECK_THROWS_WITH_AS(student_half_width(1, 3),
                       "student_half_width: level 1 and 3 degrees of freedom; a level between 0 and 1 and at least 1 "
                       "degree are needed",
                       ConfigError);
  CHECK_THROWS_AS(student_half_width(0, 3), ConfigError);
  CHECK_THROWS_AS(student_half_width(std::nan(""), 3), ConfigError);
  CHECK_THROWS_AS(student_half_width(0.95, 0), ConfigError);
}

TEST_CASE("mean_interval: worked out by hand from the table") {
  const std::vector<double> values{2, 4, 4, 4, 5, 5, 7, 9};  // mean 5, sd sqrt(32/7), t of 7 degrees 2.3646243
  const Interval interval = mean_interval(values);
  const double half = 2.3646243 * std::sqrt(32.0 / 7 / 8);
  CHECK(interval.low == doctest::Approx(5 - half).epsilon(1e-7));
  CHECK(interval.high == doctest::Approx(5 + half).epsilon(1e-7));
  CHECK(mean_interval(values, 0.99).low < interval.low);
}

TEST_CASE("mean_interval: of 95 % intervals 95 % hold the mean") {
  Index inside = 0;
  const Index trials = 4000;
  for (std::uint64_t i = 0; i < static_cast<std::uint64_t>(trials); ++i) {
    const Interval interval = mean_interval(normals(5, Key(3).child(i), 0.7));
    inside += interval.low <= 0.7 && 0.7 <= interval.high;
  }
  CHECK(std::abs(static_cast<double>(inside) / trials - 0.95) < 4 * std::sqrt(0.95 * 0.05 / trials));
}

TEST_CASE("mean_interval: equal values give a point, one value gives NaN") {
  const Interval point = mean_interval(std::vector{0.1, 0.1, 0.1});
  CHECK(point.low == 0.1);
  CHECK(point.high == 0.1);
  CHECK(std::isnan(mean_interval(std::vector{0.1}).low));
  CHECK(std::isnan(mean_interval(std::vector{0.1}).high));
  CHECK_THROWS_AS(mean_interval(std::vector{0.1}, 1.5), ConfigError);
  CHECK_THROWS_AS(mean_interval({}), ConfigError);
}

TEST_CASE("sign_flip: values worked out by hand") {
  CHECK(sign_flip_p_value(std::vector{0.3}) == 1);
  CHECK(sign_flip_p_value(std::vector{1.0, 2.0, 4.0}) == 0.25);         // +-7 of +-7, +-5, +-3, +-1
  CHECK(sign_flip_p_value(std::vector{1.0, 2.0, -4.0}) == 1);           // +-1: the least
  CHECK(sign_flip_p_value(std::vector{-1.0, 2.0, 4.0}) == 0.5);         // +-5: 7, 5
  CHECK(sign_flip_p_value(std::vector{1.0, 1.0, 1.0, -1.0}) == 0.625);  // |sum| >= 2: 10 of 16
}

TEST_CASE("sign_flip: it agrees with counting all patterns") {
  for (const std::size_t n : {1u, 2u, 5u, 10u}) {
    const std::vector<double> d = normals(n, Key(n), 0.4);
    const double observed = std::abs(std::accumulate(d.begin(), d.end(), 0.0));
    Index extreme = 0;
    for (unsigned pattern = 0; pattern < 1u << n; ++pattern) {
      double sum = 0;
      for (std::size_t i = 0; i < n; ++i) sum += pattern >> i & 1 ? d[i] : -d[i];
      extreme += std::abs(sum) >= observed * (1 - 1e-12);
    }
    CHECK(sign_flip_p_value(d) == static_cast<double>(extreme) / static_cast<double>(1u << n));
  }
}

TEST_CASE("sign_flip: the smallest p-value is 2^(1-n), up to the largest n") {
  for (const std::size_t n : {2u, 5u, 10u, 20u})
    CHECK(sign_flip_p_value(std::vector(n, 0.1)) == std::ldexp(1.0, 1 - static_cast<int>(n)));
}

TEST_CASE("sign_flip: sums that are equal but for rounding tie") {
  // 0.1 + 0.2 - 0.3 is not 0 in binary, 3/2000 + ... are accuracies' differences: whole numbers of rows decide
  CHECK(sign_flip_p_value(std::vector{0.1, 0.2, -0.3}) == 1);
  const std::vector<double> rows{3, -1, 4, 1, -5, 9, 2, -6};
  std::vector<double> accuracies = rows;
  for (double& d : accuracies) d = (1234 + d) / 2000 - 1234.0 / 2000;
  CHECK(sign_flip_p_value(accuracies) == sign_flip_p_value(rows));
}

TEST_CASE("sign_flip: signs, order and scale of all differences do not matter, nor do zeros") {
  std::vector<double> d = normals(9, Key(5), 0.6);
  const double p = sign_flip_p_value(d);
  for (double& x : d) x *= -1e-3;
  std::reverse(d.begin(), d.end());
  CHECK(sign_flip_p_value(d) == p);
  d.push_back(0);
  CHECK(sign_flip_p_value(d) == p);
  CHECK(sign_flip_p_value(std::vector(4, 0.0)) == 1);
}

TEST_CASE("sign_flip: under the null hypothesis p is at most 0.05 in at most 5 % of cases") {
  Index rejected = 0;
  const Index trials = 4000;
  for (std::uint64_t i = 0; i < static_cast<std::uint64_t>(trials); ++i)
    rejected += sign_flip_p_value(normals(8, Key(8).child(i))) <= 0.05;
  // 12 of 256 patterns, 4.69 %, are rejected; four standard errors
  CHECK(std::abs(static_cast<double>(rejected) / trials - 12.0 / 256) < 4 * std::sqrt(0.05 * 0.95 / trials));
}

TEST_CASE("sign_flip: no, too many, and infinite differences are refused") {
  CHECK_THROWS_WITH_AS(sign_flip_p_value({}), "sign_flip_p_value: 0 differences; 1 to 20 are possible", ConfigError);
  CHECK_THROWS_WITH_AS(sign_flip_p_value(std::vector(21, 1.0)),
                       "sign_flip_p_value: 21 differences; 1 to 20 are possible", ConfigError);
  CHECK_THROWS_AS(sign_flip_p_value(std::vector{1.0, std::numeric_limits<double>::infinity()}), ConfigError);
  CHECK_THROWS_AS(sign_flip_p_value(std::vector{1.0, std::nan("")}), ConfigError);
}
