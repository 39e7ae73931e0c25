// SPDX-License-Identifier: MIT
#pragma once
#include <limits>

#include "wsym/kernels/rows.hpp"
#include "wsym/ops/softmax.hpp"

namespace wsym::inline WSYM_SIMD {

/// The columns of the k largest entries of each row, largest first, of equal ones the first: (rows, k) in the tape's
/// arena. No entry may be NaN. Throws ConfigError unless 1 <= k <= cols.
template <Real T> const std::int32_t* top_k(Tape<T>& tape, kernels::View<const T> x, Index k) {
  expect<ConfigError>(k >= 1 && k <= x.cols, "top_k: k is ", k, " of ", x.cols, " columns; it must be from 1 to ",
                      x.cols);
  std::int32_t* column = tape.template scratch<std::int32_t>(x.rows * k);
  kernels::top_k_rows(x, k, tape.scratch(k), column);
  return column;
}

/// The k entries of each row of y = softmax(x) whose columns are given, (rows, k), in one op on the way back:
/// dx_j = y_j (g_j - <g, y>), g_j = 0 in columns that were not taken. The columns of a row differ from each other and
/// live until backward. x, y (..., cols) -> (..., k); differentiable in x, past y, whose own gradient stays what others
/// give it. Throws ShapeError unless x and y have one shape.
template <Real T> Var<T> take_softmax(Var<T> x, Var<T> y, const std::int32_t* columns, Index k) {
  expect(x.shape() == y.shape(), "take_softmax: x is ", x.shape(), " but its softmax ", y.shape(),
         "; they must be equal");
  x.tape().expect_own(y);
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

/// The softmax over the chosen columns of a row alone, from what is there of it:
///   y_ni = taken_ni / sum_j taken_nj, taken = take_softmax(x, softmax(x), columns, k).
/// Where a bias chose columns whose softmax underflows, the sum is not a normal number; such a row is computed from the
/// logits, y_ni = exp(z_ni) / sum_j exp(z_nj), z_ni = x_n,columns(n, i).
/// x (..., cols), taken (..., k) -> (..., k), rows that sum to 1; differentiable in taken, or, in such rows, in x.
/// Columns as in take_softmax. Throws ShapeError unless x and taken have as many rows.
template <Real T> Var<T> normalise_taken(Var<T> x, Var<T> taken, const std::int32_t* columns) {
  expect(x.rows() == taken.rows(), "normalise_taken: x is ", x.shape(), " but what was taken ", taken.shape(),
         "; they need as many rows");
  const Index rows = x.rows(), cols = x.cols(), k = taken.cols();
  const auto vanishes = [=](Index n) {
    return !(taken.value().row(n).sum() >= std::numeric_limits<T>::min());
  };
  Var<T> y = x.tape().result(taken.shape(), x, taken);
  bool any = false;
  for (Index n = 0; n < rows; ++n) {
    auto out = y.out().row(n);
    if (!vanishes(n)) {
      out = taken.value().row(n) / taken.value().row(n).sum();
      continue;
    }
    any = true;
    for (Index i = 0; i < k; ++i) out[i] = x.data()[n * cols + columns[n * k + i]];
    kernels::softmax_rows<T>(y.view().block(n, 0, 1, k), y.out_view().block(n, 0, 1, k));
  }
  y.pull([=] {
    taken.add_with([&](MatMap<T> d, bool accumulate) {
      if (!accumulate) d.setZero();
      for (Index n = 0; n < rows; ++n)
        if (!any || !vanishes(n)) {
          const auto g = y.grad().row(n), v = y.value().row(n);
          d.row(n).array() += (g.array() - g.dot(v)) / taken.value().row(n).sum();
        }
    });
    if (!any) return;
    x.add_with([&](MatMap<T> d, bool accumulate) {
      if (!accumulate) d.setZero();
      for (Index n = 0; n < rows; ++n)
        if (vanishes(n)) {
          const auto g = y.grad().row(n), v = y.value().row(n);
          for (Index i = 0; i < k; ++i) d(n, columns[n * k + i]) += v[i] * (g[i] - g.dot(v));
        }
    });
  });
  return y;
}

}  // namespace wsym::inline WSYM_SIMD
