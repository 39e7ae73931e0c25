// SPDX-License-Identifier: MIT
#include "wsym/kernels/norm.hpp"

#include <doctest/doctest.h>

#include "kernels/guarded.hpp"

using namespace wsym;
using testing::Guarded;

namespace {
constexpr Index widths[] = {1, 2, 3, 7, 16, 17, 63, 64, 65, 1100};

template <class T> constexpr double bound = std::is_same_v<T, float> ? 2e-5 : 1e-12;

/// Everything that a call of both kernels reads and writes.
template <class T> struct Case {
  Case(Index rows_, Index cols_)
      : rows(rows_),
        cols(cols_),
        x(rows, cols),
        y(rows, cols),
        g(rows, cols),
        dx(rows, cols),
        scale(1, cols),
        bias(1, cols),
        mean(1, rows),
        inverse(1, rows) {
    testing::Numbers next;
    x.fill(next), g.fill(next), scale.fill(next), bias.fill(next), dx.fill([] { return 3; });
  }
  void forward() {
    kernels::layer_norm_rows<T>(x.view(), scale.data(), bias.data(), T(1e-6), y.view(), mean.data(), inverse.data());
  }
  void back(bool accumulate) {
    kernels::layer_norm_rows_back<T>(g.view(), x.view(), scale.data(), mean.data(), inverse.data(), dx.view(),
                                     accumulate);
  }
  Index rows, cols;
  Guarded<T> x, y, g, dx, scale, bias, mean, inverse;
};
}  // namespace

TEST_CASE_TEMPLATE("layer_norm_rows: a row whose squares overflow is normalised as any other", T, float, double) {
  for (const Index cols : {2, 7, 64, 65}) {
    Case<T> near(1, cols), far(1, cols);
    const T factor = std::ldexp(T(1), std::is_same_v<T, float> ? 90 : 700);
    for (Index j = 0; j < cols; ++j) far.x(0, j) = near.x(0, j) * factor;
    near.forward(), far.forward();
    for (Index j = 0; j < cols; ++j)  // epsilon, 1e-6, counts in the near row alone
      CHECK(std::abs(static_cast<double>(far.y(0, j) - near.y(0, j))) <= 1e-4);
    CHECK(static_cast<double>(far.inverse[0] * factor) ==
          doctest::Approx(static_cast<double>(near.inverse[0])).epsilon(1e-4));
  }
}

TEST_CASE_TEMPLATE("layer_norm_rows: agrees with plain loops, and writes nothing else", T, float, double) {
  for (const Index rows : {0, 1, 5})
    for (const Index cols : widths) {
      Case<T> c(rows, cols);
      c.forward();
      int wrong = !c.y.intact() + !c.mean.intact() + !c.inverse.intact();
      const auto n = static_cast<double>(cols);
      for (Index i = 0; i < rows; ++i) {
        double mean = 0, variance = 0;
        for (Index j = 0; j < cols; ++j) mean += static_cast<double>(c.x(i, j)) / n;
        for (Index j = 0; j < cols; ++j) variance += std::pow(static_cast<double>(c.x(i, j)) - mean, 2) / n;
        for (Index j = 0; j < cols; ++j) {
          const double standard = (static_cast<double>(c.x(i, j)) - mean) / std::sqrt(variance + 1e-6);
          const double expected = standard * static_cast<double>(c.scale[j]) + static_cast<double>(c.bias[j]);
          wrong += !(std::abs(static_cast<double>(c.y(i, j)) - expected) <= bound<T>);
        }
      }
      CAPTURE(rows);
      CAPTURE(cols);
      CHECK(wrong == 0);
    }
}

TEST_CASE_TEMPLATE("layer_norm_rows_back: the derivative's formula, assigned or added", T, float, double) {
  for (const Index cols : widths) {
    Case<T> c(4, cols), sum(4, cols);
    c.forward(), c.back(false);
    sum.forward(), sum.back(true);
    int wrong = !c.dx.intact() + !sum.dx.intact();
    for (Index i = 0; i < 4; ++i) {
      const auto h = [&](Index j) {
        return static_cast<double>((c.x(i, j) - c.mean[i]) * c.inverse[i]);
      };
      const auto d = [&](Index j) {
        return static_cast<double>(c.g(i, j)) * static_cast<double>(c.scale[j]);
      };
      double shift = 0, tilt = 0;
      for (Index j = 0; j < cols; ++j)
        shift += d(j) / static_cast<double>(cols), tilt += d(j) * h(j) / static_cast<double>(cols);
      for (Index j = 0; j < cols; ++j) {
        const double expected = static_cast<double>(c.inverse[i]) * (d(j) - shift - h(j) * tilt);
        const double size = static_cast<double>(c.inverse[i]);  // 1000 for one column
        wrong += !(std::abs(static_cast<double>(c.dx(i, j)) - expected) <= bound<T> * size);
        wrong += !(std::abs(static_cast<double>(sum.dx(i, j)) - 3 - expected) <= bound<T> * size);
      }
    }
    CAPTURE(cols);
    CHECK(wrong == 0);
  }
}

TEST_CASE_TEMPLATE("layer_norm_rows: a row has the same bits alone as among others, and in place", T, float, double) {
  for (const Index cols : widths) {
    Case<T> all(9, cols);
    all.forward(), all.back(false);
    int wrong = 0;
    for (Index i = 0; i < 9; ++i) {
      Case<T> one(1, cols);
      for (Index j = 0; j < cols; ++j) one.x(0, j) = all.x(i, j), one.g(0, j) = all.g(i, j);
      one.scale = all.scale, one.bias = all.bias;
      one.forward(), one.back(false);
      for (Index j = 0; j < cols; ++j)
        wrong += !testing::same_bits(one.y(0, j), all.y(i, j)) + !testing::same_bits(one.dx(0, j), all.dx(i, j));
    }
    kernels::layer_norm_rows<T>(all.x.view(), all.scale.data(), all.bias.data(), T(1e-6), all.x.view(), all.mean.data(),
                                all.inverse.data());
    wrong += all.x.matrix().values != all.y.matrix().values;
    CAPTURE(cols);
    CHECK(wrong == 0);
  }
}
