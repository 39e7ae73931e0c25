// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/kernels/rows.hpp"
#include "wsym/ops/softmax.hpp"

namespace wsym {

/// The columns of the k largest entries of each row, largest first, of equal ones the first: (rows, k) in the tape's
/// arena. No entry may be NaN. Throws ConfigError unless 1 <= k <= cols.
template <Real T> const std::int32_t* top_k(Tape<T>& tape, kernels::View<const T> x, Index k) {
  expect<ConfigError>(k >= 1 && k <= x.cols, "top_k: k is ", k, " of ", x.cols, " columns; it must be from 1 to ",
                      x.cols);
  std::int32_t* column = tape.template scratch<std::int32_t>(x.rows * k);
  kernels::top_k_rows(x, k, tape.scratch(k), column);
  return column;
}

/// The k entries of each row whose columns are given, (rows, k): x (..., cols) -> (..., k); differentiable.
/// The columns of a row differ from each other and live until backward.
template <Real T> Var<T> take_columns(Var<T> x, const std::int32_t* columns, Index k) {
  Var<T> y = x.tape().result(x.shape().with_cols(k), x);
  const Index rows = x.rows(), cols = x.cols();
  for (Index n = 0; n < rows; ++n)
    for (Index i = 0; i < k; ++i) y.out()(n, i) = x.data()[n * cols + columns[n * k + i]];
  y.pull([=] {
    x.add_with([&](MatMap<T> dx, bool accumulate) {
      if (!accumulate) dx.setZero();
      for (Index n = 0; n < rows; ++n)
        for (Index i = 0; i < k; ++i) dx(n, columns[n * k + i]) += y.grad()(n, i);
    });
  });
  return y;
}

/// take_columns(y, columns, k) of y = softmax(x), in one op on the way back: dx_j = y_j (g_j - <g, y>), g_j = 0 in
/// columns that were not taken. x, y (..., cols) -> (..., k); differentiable in x, past y, whose own gradient stays
/// what others give it. Columns as in take_columns. Throws ShapeError unless x and y have one shape.
template <Real T> Var<T> take_softmax(Var<T> x, Var<T> y, const std::int32_t* columns, Index k) {
  expect(x.shape() == y.shape(), "take_softmax: x is ", x.shape(), " but its softmax ", y.shape(),
         "; they must be equal");
  Var<T> taken = x.tape().result(x.shape().with_cols(k), x);
  const Index rows = x.rows(), cols = x.cols();
  for (Index n = 0; n < rows; ++n)
    for (Index i = 0; i < k; ++i) taken.out()(n, i) = y.data()[n * cols + columns[n * k + i]];
  taken.pull([=] {
    MatMap<T> g(x.tape().scratch(cols), 1, cols);  // of one row of y
    g.setZero();
    x.add_with([&](MatMap<T> dx, bool accumulate) {
      for (Index n = 0; n < rows; ++n) {
        const std::int32_t* column = columns + n * k;
        for (Index i = 0; i < k; ++i) g(0, column[i]) = taken.grad()(n, i);
        detail::pull_softmax_row<T>(y.value().row(n), g.row(0), dx.row(n), accumulate);
        for (Index i = 0; i < k; ++i) g(0, column[i]) = 0;
      }
    });
  });
  return taken;
}

/// y_ni = x_ni / sum_j x_nj: (..., k) -> (..., k) for positive entries; differentiable.
template <Real T> Var<T> normalise_rows(Var<T> x) {
  Var<T> y = x.tape().result(x.shape(), x);
  for (Index n = 0; n < x.rows(); ++n) y.out().row(n) = x.value().row(n) / x.value().row(n).sum();
  y.pull([=] {
    x.add_with([&](MatMap<T> dx, bool accumulate) {
      if (!accumulate) dx.setZero();
      for (Index n = 0; n < x.rows(); ++n) {
        const auto g = y.grad().row(n), v = y.value().row(n);
        dx.row(n).array() += (g.array() - g.dot(v)) / x.value().row(n).sum();
      }
    });
  });
  return y;
}

}  // namespace wsym
