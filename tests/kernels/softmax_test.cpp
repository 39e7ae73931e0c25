// SPDX-License-Identifier: MIT
#include "wsym/kernels/softmax.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "kernels/guarded.hpp"

using namespace wsym;
using kernels::View;
using testing::Guarded;

namespace {

template <class T> reference::Vector row_of(Guarded<T>& x, Index i) {
  reference::Vector row;
  for (Index j = 0; j < x.view().cols; ++j) row.push_back(static_cast<double>(x(i, j)));
  return row;
}

template <class T> View<T> row_view(T* row, Index n) {
  return {row, 1, n, n};
}

constexpr Index widths[] = {1, 2, 3, 7, 8, 9, 10, 12, 16, 17, 24, 32, 48, 63, 64, 65};

}  // namespace

TEST_CASE_TEMPLATE("softmax_rows: agrees with the formula at every width, in place too", T, float, double) {
  for (Index cols : widths) {
    testing::Numbers next;
    Guarded<T> x(5, cols), y(5, cols);
    x.fill([&] { return 8 * next(); });
    kernels::softmax_rows(x.view(), y.view());
    double worst = 0;
    for (Index i = 0; i < 5; ++i) {
      const auto expected = reference::softmax(row_of(x, i));
      for (Index j = 0; j < cols; ++j)
        worst = std::max(worst, std::abs(y(i, j) / expected[static_cast<std::size_t>(j)] - 1));
    }
    CHECK(worst <= 16 * std::numeric_limits<T>::epsilon());
    CHECK(y.intact());
    kernels::softmax_rows(x.view(), x.view());
    for (Index i = 0; i < 5; ++i)
      for (Index j = 0; j < cols; ++j) CHECK(testing::same_bits(x(i, j), y(i, j)));
  }
}

TEST_CASE_TEMPLATE("softmax_rows: the specification's values, unmoved by a shift of 1000", T, float, double) {
  const double tolerance = std::is_same_v<T, float> ? 1e-7 : 1e-12;
  for (T shift : {T(0), T(1000)}) {
    T x[] = {1 + shift, 2 + shift, 3 + shift};
    kernels::softmax_rows(row_view(x, 3), row_view(x, 3));
    CHECK(std::abs(x[0] - 0.090030573170) <= tolerance);
    CHECK(std::abs(x[1] - 0.244728471055) <= tolerance);
    CHECK(std::abs(x[2] - 0.665240955775) <= tolerance);
  }
}

TEST_CASE_TEMPLATE("softmax_rows: the form for whole vectors has the bits of the form for all widths", T, float,
                   double) {
  for (int vectors : {2, 3, 4})
    for (Index rows : {Index{1}, Index{2}, Index{kernels::lanes<T>}}) {
      const Index cols = vectors * kernels::lanes<T>;
      testing::Numbers next;
      Guarded<T> x(rows, cols), fast(rows, cols), slow(rows, cols);
      x.fill([&] { return 60 * next(); });
      x(0, 1) = -std::numeric_limits<T>::infinity();
      kernels::softmax_rows(x.view(), fast.view());
      kernels::detail::softmax_lanes<T>(x.view(), slow.view());
      int wrong = !fast.intact();
      for (Index i = 0; i < rows; ++i)
        for (Index j = 0; j < cols; ++j) wrong += !testing::same_bits(fast(i, j), slow(i, j));
      CAPTURE(cols);
      CHECK(wrong == 0);
    }
}

TEST_CASE_TEMPLATE("softmax_rows: a logit of -inf has probability 0, a NaN spoils its row alone", T, float, double) {
  T x[] = {T(0), -std::numeric_limits<T>::infinity(), T(0), std::numeric_limits<T>::quiet_NaN()};
  const View<T> rows{x, 2, 2, 2};
  kernels::softmax_rows(rows, rows);
  CHECK(x[0] == T(1));
  CHECK(x[1] == T(0));
  CHECK(std::isnan(x[2]));
  CHECK(std::isnan(x[3]));
  for (Index cols : widths)
    for (T bad : {std::numeric_limits<T>::quiet_NaN(), std::numeric_limits<T>::infinity()})
      for (Index at : {Index{0}, cols - 1}) {
        Guarded<T> y(3, cols);
        y.fill([] { return 0; });
        y(1, at) = bad;
        kernels::softmax_rows(y.view(), y.view());
        int wrong = 0;
        for (Index j = 0; j < cols; ++j) wrong += !std::isnan(y(1, j)) + !(y(0, j) == y(2, j) && y(0, j) > 0);
        CAPTURE(cols);
        CHECK(wrong == 0);
      }
}

TEST_CASE_TEMPLATE("cross_entropy_rows: the specification's loss and gradient", T, float, double) {
  const double tolerance = std::is_same_v<T, float> ? 1e-7 : 1e-12;
  T x[] = {T(2), T(1), T(0.1)}, g[3], loss;
  const std::int32_t label = 0;
  kernels::cross_entropy_rows(row_view(x, 3), &label, nullptr, &loss, row_view(g, 3));
  CHECK(std::abs(loss - 0.417030016278) <= tolerance);
  CHECK(std::abs(g[0] + 0.340998861114) <= tolerance);
  CHECK(std::abs(g[1] - 0.242432970705) <= tolerance);
  CHECK(std::abs(g[2] - 0.098565890409) <= tolerance);
}

TEST_CASE_TEMPLATE("cross_entropy_rows: agrees with the formula; weights scale loss and gradient", T, float, double) {
  const double epsilon = std::numeric_limits<T>::epsilon();
  for (Index cols : widths) {
    constexpr Index rows = 6;
    testing::Numbers next;
    Guarded<T> x(rows, cols), g(rows, cols), loss(1, rows), alone(1, rows), weights(1, rows);
    x.fill([&] { return 8 * next(); });
    weights.fill([&] { return 1 + next(); });
    std::int32_t labels[rows];
    for (Index i = 0; i < rows; ++i) labels[i] = static_cast<std::int32_t>((i * 13) % cols);
    kernels::cross_entropy_rows(x.view(), labels, weights.data(), loss.data(), g.view());
    kernels::cross_entropy_rows(x.view(), labels, weights.data(), alone.data(), View<T>{nullptr, rows, cols, cols});
    CHECK((g.intact() && loss.intact() && alone.intact()));
    for (Index i = 0; i < rows; ++i) {
      const auto row = row_of(x, i);
      const auto p = reference::softmax(row);
      const auto label = static_cast<std::size_t>(labels[i]);
      CHECK(std::abs(loss[i] - weights[i] * reference::cross_entropy(row, label)) <= 100 * epsilon);
      CHECK(testing::same_bits(loss[i], alone[i]));
      double worst = 0;
      for (std::size_t j = 0; j < p.size(); ++j)
        worst = std::max(worst, std::abs(g(i, static_cast<Index>(j)) - weights[i] * (p[j] - (j == label ? 1 : 0))));
      CHECK(worst <= 16 * epsilon);
    }
  }
}

TEST_CASE_TEMPLATE("cross_entropy_rows: logits of any finite size give a finite loss", T, float, double) {
  T x[] = {T(-10000), T(10000)}, loss[2];
  T twice[] = {x[0], x[1], x[0], x[1]};
  const std::int32_t labels[] = {0, 1};
  kernels::cross_entropy_rows(View<T>{twice, 2, 2, 2}, labels, nullptr, loss, View<T>{nullptr, 2, 2, 2});
  CHECK(loss[0] == T(20000));
  CHECK(loss[1] == T(0));
}

TEST_CASE_TEMPLATE("softmax_rows, cross_entropy_rows: a row alone has the bits it has in a batch", T, float, double) {
  for (Index cols : {2, 8, 10, 16, 32, 37, 64, 70}) {
    constexpr Index rows = 21;
    testing::Numbers next;
    Guarded<T> x(rows, cols), y(rows, cols), g(rows, cols), one(1, cols), loss(1, rows);
    x.fill(next);
    const std::int32_t labels[rows] = {};
    kernels::softmax_rows(x.view(), y.view());
    kernels::cross_entropy_rows(x.view(), labels, nullptr, loss.data(), g.view());
    int wrong = 0;
    for (Index i = 0; i < rows; ++i) {
      T alone;
      kernels::softmax_rows(x.view().block(i, 0, 1, cols), one.view());
      for (Index j = 0; j < cols; ++j) wrong += !testing::same_bits(one[j], y(i, j));
      kernels::cross_entropy_rows(x.view().block(i, 0, 1, cols), labels, nullptr, &alone, one.view());
      for (Index j = 0; j < cols; ++j) wrong += !testing::same_bits(one[j], g(i, j));
      wrong += !testing::same_bits(alone, loss[i]);
    }
    CHECK(wrong == 0);
  }
}
