// SPDX-License-Identifier: MIT
#include "wsym/kernels/gelu_tanh.hpp"

#include <doctest/doctest.h>

#include "kernels/guarded.hpp"

using namespace wsym;
using testing::Guarded;

namespace {
const double factor = std::sqrt(2 / std::acos(-1.0));
double value(double z) {
  return z / (1 + std::exp(-2 * factor * (z + 0.044715 * z * z * z)));
}
double derivative(double z) {
  const double p = 1 / (1 + std::exp(-2 * factor * (z + 0.044715 * z * z * z)));
  return p + z * p * (1 - p) * 2 * factor * (1 + 3 * 0.044715 * z * z);
}
template <class T> constexpr double bound = std::is_same_v<T, float> ? 1e-6 : 4e-15;
}  // namespace

TEST_CASE_TEMPLATE("gelu_tanh: value and derivative from -40 to 40, and nothing else is written", T, float, double) {
  for (const Index n : testing::hard_sizes) {
    testing::Numbers next;
    Guarded<T> z(1, n), y(1, n), dy(1, n);
    z.fill([&] { return 6 * next(); });
    if (n > 2) z[0] = T(40), z[1] = T(-40);
    kernels::gelu_tanh(z.data(), y.data(), dy.data(), n);
    int wrong = !y.intact() + !dy.intact();
    for (Index i = 0; i < n; ++i) {
      const double x = static_cast<double>(z[i]), size = std::max(1.0, std::abs(x));
      wrong += !(std::abs(static_cast<double>(y[i]) - value(x)) <= bound<T> * size);
      wrong += !(std::abs(static_cast<double>(dy[i]) - derivative(x)) <= bound<T> * size);
    }
    CAPTURE(n);
    CHECK(wrong == 0);
  }
}

TEST_CASE_TEMPLATE("gelu_tanh: what is not finite, and the same bits at any place", T, float, double) {
  const T infinity = std::numeric_limits<T>::infinity();
  T z[5] = {infinity, -infinity, std::numeric_limits<T>::quiet_NaN(), T(1.25), T(0)}, y[5], dy[5];
  kernels::gelu_tanh(z, y, dy, 5);
  CHECK(y[0] == infinity);
  CHECK(dy[0] == T(1));
  CHECK(y[1] == T(0));
  CHECK(std::abs(dy[1]) < T(1e-6));
  CHECK(std::isnan(y[2]));
  CHECK(y[4] == T(0));
  CHECK(dy[4] == T(0.5));
  T many[67], out[67];
  std::fill_n(many, 67, T(1.25));
  kernels::gelu_tanh<T>(many, out, nullptr, 67);
  for (const T value : out) CHECK(testing::same_bits(value, y[3]));
}
