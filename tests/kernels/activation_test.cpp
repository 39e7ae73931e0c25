// SPDX-License-Identifier: MIT
#include "wsym/kernels/activation.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "kernels/guarded.hpp"

using namespace wsym;
using testing::Guarded;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

template <class T> std::pair<T, T> gelu_of(double x) {
  const T z = static_cast<T>(x);
  T y, dy;
  kernels::gelu(&z, &y, &dy, 1);
  return {y, dy};
}

}  // namespace

TEST_CASE_TEMPLATE("gelu: values and derivatives of the specification", T, float, double) {
  const double tolerance = std::is_same_v<T, float> ? 2e-7 : 5e-13;  // twelve digits are given
  const double values[][2] = {
      {-3, -0.004049694095}, {-2, -0.045500263896}, {-1, -0.158655253931}, {-0.5, -0.154268769363}, {0, 0},
      {0.5, 0.345731230637}, {1, 0.841344746069},   {2, 1.954499736104},   {3, 2.995950305905}};
  for (const auto& [x, y] : values) CHECK(std::abs(gelu_of<T>(x).first - y) <= tolerance * std::max(1.0, std::abs(x)));
  const double slopes[][2] = {
      {-2, -0.085231801078}, {-1, -0.083315470588}, {0, 0.5}, {1, 1.083315470588}, {2, 1.085231801078}};
  for (const auto& [x, dy] : slopes) CHECK(std::abs(gelu_of<T>(x).second - dy) <= tolerance);
  CHECK(gelu_of<T>(0).first == T(0));
  CHECK(gelu_of<T>(0).second == T(0.5));
}

TEST_CASE_TEMPLATE("gelu: 2e-7 in float, as good as std::erf in double; relative in the negative tail", T, float,
                   double) {
  const double epsilon = std::numeric_limits<T>::epsilon();
  const double bound = std::is_same_v<T, float> ? 2e-7 : 4e-16;
  double worst = 0, worst_slope = 0, worst_tail = 0;
  for (int i = -12000; i <= 12000; ++i) {
    const T z = static_cast<T>(i / 1000.0);
    const auto [y, dy] = gelu_of<T>(z);
    const double x = z, scale = std::max(1.0, std::abs(x)), expected = reference::gelu(x);
    worst = std::max(worst, std::abs(y - expected) / scale);
    worst_slope = std::max(worst_slope, std::abs(dy - reference::gelu_slope(x)) / scale);
    if (x < 0) worst_tail = std::max(worst_tail, std::abs(y / expected - 1));
  }
  CHECK(worst <= bound);
  CHECK(worst_slope <= bound);
  // The oracle's own exponent, x^2 / 2 up to 72, is rounded; so is the kernel's where the machine cannot fuse.
  CHECK(worst_tail <= 150 * epsilon);
}

TEST_CASE_TEMPLATE("gelu: gelu(x) - gelu(-x) = x", T, float, double) {
  for (double x : {0.1, 0.7, 1.3, 2.9, 5.0})
    CHECK(std::abs(gelu_of<T>(x).first - gelu_of<T>(-x).first - static_cast<T>(x)) <=
          2 * x * std::numeric_limits<T>::epsilon());
}

TEST_CASE_TEMPLATE("gelu: NaN stays NaN, infinities and huge numbers go to their limits", T, float, double) {
  CHECK(std::isnan(gelu_of<T>(std::nan("")).first));
  CHECK(std::isnan(gelu_of<T>(std::nan("")).second));
  for (double x : {infinity, 1e30, 50.0}) {
    CHECK(gelu_of<T>(x) == std::pair<T, T>(static_cast<T>(x), T(1)));
    CHECK(gelu_of<T>(-x) == std::pair<T, T>(T(0), T(0)));
  }
}

TEST_CASE_TEMPLATE("gelu, relu: any length, any alignment, in place: the bits of an element depend on it alone", T,
                   float, double) {
  for (Index n : testing::hard_sizes)
    for (Index offset : {0, 1, 2, 3}) {
      testing::Numbers next(static_cast<std::uint32_t>(n));
      Guarded<T> z(1, n), y(1, n, testing::Layout::by_rows, offset), dy(1, n), only(1, n), rectified(1, n);
      z.fill([&] { return 4 * next(); });
      kernels::gelu<T>(z.data(), y.data(), dy.data(), n);
      kernels::gelu<T>(z.data(), only.data(), nullptr, n);
      kernels::relu<T>(z.data(), rectified.data(), n);
      int wrong = !y.intact() + !dy.intact() + !only.intact() + !rectified.intact();
      for (Index i = 0; i < n; ++i) {
        const auto [value, slope] = gelu_of<T>(z[i]);
        wrong += !testing::same_bits(y[i], value) + !testing::same_bits(dy[i], slope) +
                 !testing::same_bits(only[i], value) + (rectified[i] != std::max(z[i], T(0)));
      }
      kernels::gelu<T>(z.data(), z.data(), nullptr, n);
      for (Index i = 0; i < n; ++i) wrong += !testing::same_bits(z[i], y[i]);
      CHECK(wrong == 0);
    }
}

TEST_CASE_TEMPLATE("relu: NaN stays NaN", T, float, double) {
  T z = std::numeric_limits<T>::quiet_NaN();
  kernels::relu(&z, &z, 1);
  CHECK(std::isnan(z));
}

TEST_CASE_TEMPLATE("sigmoid: two units in the last place of 1 / (1 + exp(-z)), NaN and the limits", T, float, double) {
  const double epsilon = std::numeric_limits<T>::epsilon();
  for (int i = -8000; i <= 8000; ++i) {
    const T z = static_cast<T>(i / 100.0);
    T y;
    kernels::sigmoid(&z, &y, 1);
    const double expected = 1 / (1 + std::exp(-static_cast<double>(z)));
    REQUIRE(std::abs(y - expected) <= 3 * epsilon * expected);
  }
  const T z[] = {static_cast<T>(-infinity),          T(-1000), 0, T(1000), static_cast<T>(infinity),
                 std::numeric_limits<T>::quiet_NaN()};
  T y[6];
  kernels::sigmoid(z, y, 6);
  CHECK(y[0] == T(0));
  CHECK(y[1] == T(0));
  CHECK(y[2] == T(0.5));
  CHECK(y[3] == T(1));
  CHECK(y[4] == T(1));
  CHECK(std::isnan(y[5]));
}
