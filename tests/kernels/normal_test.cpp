// SPDX-License-Identifier: MIT
#include "wsym/kernels/normal.hpp"

#include "reference/naive.hpp"
#include "support.hpp"

using namespace wsym;

namespace {
template <Real T> std::vector<T> drawn(const Key& key, std::uint64_t first, Index n, double scale = 1) {
  std::vector<T> z(static_cast<std::size_t>(n));
  kernels::normal(key, first, scale, z.data(), n);
  return z;
}
}  // namespace

TEST_CASE("normal: a number is a radius and an angle of its Philox block") {
  const Key key(3);
  const std::vector<double> z = drawn<double>(key, 0, 4096);
  for (std::uint64_t block = 0; block < 1024; ++block) {
    const std::uint64_t k = key.bits(0), stream = key.bits(1);
    const auto half = [](std::uint64_t x, int shift) {
      return static_cast<std::uint32_t>(x >> shift);
    };
    const auto w =
        philox4x32({half(block, 0), half(block, 32), half(stream, 0), half(stream, 32)}, {half(k, 0), half(k, 32)});
    for (std::size_t pair = 0; pair < 2; ++pair) {
      const double r = std::sqrt(-2 * std::log((w[2 * pair] + 0.5) * 0x1p-32)), quarter = std::acos(-1.0) / 2;
      const double angle = quarter * ((w[2 * pair + 1] & 0x3fffffff) + 0.5) * 0x1p-30;
      const double a = r * std::cos(angle) * (w[2 * pair + 1] >> 31 ? -1 : 1),
                   b = r * std::sin(angle) * (w[2 * pair + 1] >> 30 & 1 ? -1 : 1);
      const std::size_t at = block / 8 * 32 + block % 8 + 16 * pair;
      REQUIRE(std::abs(z[at] - a) < 1e-13);
      REQUIRE(std::abs(z[at + 8] - b) < 1e-13);
    }
  }
}

TEST_CASE_TEMPLATE("normal: a number follows from the key and its place alone, in float that of double, scaled", T,
                   float, double) {
  const std::vector<T> all = drawn<T>(Key(3), 0, 300);
  for (const Index first : {0, 1, 31, 32, 33, 200})
    for (const Index n : {0, 1, 7, 32, 65, 100}) {
      const std::vector<T> part = drawn<T>(Key(3), static_cast<std::uint64_t>(first), n);
      CHECK(std::equal(part.begin(), part.end(), all.begin() + first));
    }
  CHECK(drawn<T>(Key(4), 0, 300) != all);
  CHECK(test::worst_error(all, drawn<double>(Key(3), 0, 300)) < 1e-7);
  std::vector<T> scaled = all;
  for (T& z : scaled) z *= T(0.25);
  CHECK(drawn<T>(Key(3), 0, 300, 0.25) == scaled);
}

TEST_CASE("normal: moments and tails of 400000 numbers are those of the distribution") {
  const Index n = 400'000;
  const std::vector<double> z = drawn<double>(Key(5), 0, n);
  double moment[5] = {};
  Index beyond[4] = {};
  for (const double x : z) {
    for (int p = 1; p < 5; ++p) moment[p] += std::pow(x, p) / static_cast<double>(n);
    for (int t = 0; t < 4; ++t) beyond[t] += x > t;
  }
  const double error = 1 / std::sqrt(static_cast<double>(n));  // all bounds: five standard errors
  CHECK(std::abs(moment[1]) < 5 * error);
  CHECK(std::abs(moment[2] - 1) < 5 * std::sqrt(2.0) * error);
  CHECK(std::abs(moment[3]) < 5 * std::sqrt(15.0) * error);
  CHECK(std::abs(moment[4] - 3) < 5 * std::sqrt(96.0) * error);
  for (int t = 0; t < 4; ++t) {
    const double p = reference::normal_cdf(-t);
    CHECK(std::abs(static_cast<double>(beyond[t]) / static_cast<double>(n) - p) < 5 * std::sqrt(p * (1 - p)) * error);
  }
}

TEST_CASE("normal: neighbours in a stream, and the same places of two streams, are not correlated") {
  const Index n = 400'000;
  const std::vector<double> a = drawn<double>(Key(5), 0, n), b = drawn<double>(Key(6), 0, n);
  const double bound = 5 / std::sqrt(static_cast<double>(n));
  for (const std::size_t lag : {1u, 8u, 16u, 24u, 32u}) {
    double product = 0;
    for (std::size_t i = 0; i + lag < a.size(); ++i) product += a[i] * a[i + lag] / static_cast<double>(n);
    CHECK(std::abs(product) < bound);
  }
  double product = 0;
  for (std::size_t i = 0; i < a.size(); ++i) product += a[i] * b[i] / static_cast<double>(n);
  CHECK(std::abs(product) < bound);
}

TEST_CASE_TEMPLATE("exceeds: the upper tail and the density of the normal distribution", T, float, double) {
  std::vector<T> x;
  for (int i = -600; i <= 600; ++i) x.push_back(static_cast<T>(i) / 50);
  const Index n = static_cast<Index>(x.size());
  for (const T threshold : {T(0), T(0.3)})
    for (const T scale : {T(1), T(4)}) {
      std::vector<T> p(x.size()), d(x.size()), alone(x.size());
      kernels::exceeds(x.data(), threshold, scale, p.data(), d.data(), n);
      kernels::exceeds(x.data(), threshold, scale, alone.data(), static_cast<T*>(nullptr), n);
      CHECK(p == alone);
      for (std::size_t i = 0; i < x.size(); ++i) {
        const double u = static_cast<double>((threshold - x[i]) * scale);
        REQUIRE(std::abs(static_cast<double>(p[i]) - reference::normal_cdf(-u)) < (sizeof(T) == 4 ? 4e-7 : 1e-15));
        REQUIRE(std::abs(static_cast<double>(d[i]) - reference::normal_density(u)) < (sizeof(T) == 4 ? 2e-7 : 1e-15));
      }
    }
}

TEST_CASE_TEMPLATE("exceeds_sums: the column sums of exceeds, and its densities", T, float, double) {
  for (const Index rows : {1, 31, 70})
    for (const Index cols : {1, 7, 16, 65, 130}) {
      const std::vector<T> x = drawn<T>(Key(1), 0, rows * cols), threshold = drawn<T>(Key(2), 0, rows);
      std::vector<T> p(x.size()), d(x.size()), density(x.size());
      std::vector<T> expected(static_cast<std::size_t>(cols)), sums(expected), alone(expected);
      for (Index i = 0; i < rows; ++i)
        kernels::exceeds(x.data() + i * cols, threshold[static_cast<std::size_t>(i)], T(3), p.data() + i * cols,
                         d.data() + i * cols, cols);
      kernels::column_sums<T>({p.data(), rows, cols, cols}, expected.data());
      kernels::exceeds_sums<T>({x.data(), rows, cols, cols}, threshold.data(), T(3), sums.data(), density.data());
      kernels::exceeds_sums<T>({x.data(), rows, cols, cols}, threshold.data(), T(3), alone.data(), nullptr);
      CHECK(sums == expected);
      CHECK(alone == expected);
      CHECK(density == d);
    }
}

TEST_CASE_TEMPLATE("exceeds: infinities and NaN", T, float, double) {
  constexpr T infinity = std::numeric_limits<T>::infinity();
  const T x[] = {infinity, -infinity, std::numeric_limits<T>::quiet_NaN()};
  T p[3], d[3];
  kernels::exceeds(x, T(0), T(1), p, d, 3);
  CHECK(p[0] == 1);
  CHECK(p[1] == 0);
  CHECK(std::isnan(p[2]));
  CHECK(d[0] == 0);
  CHECK(d[1] == 0);
}
