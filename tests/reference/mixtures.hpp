// SPDX-License-Identifier: MIT
// Plain loops in double, written from the formulas: the oracles of the mixtures' tests.
#pragma once
#include "reference/ops.hpp"

namespace reference {

/// softmax of every row.
inline Matrix softmax(const Matrix& x) {
  Matrix y = x;
  for (std::ptrdiff_t n = 0; n < x.rows; ++n) {
    const auto first = x.values.begin() + n * x.cols;
    const Vector row = softmax(Vector(first, first + x.cols));
    std::copy(row.begin(), row.end(), y.values.begin() + n * x.cols);
  }
  return y;
}

/// The nc columns of x from column c on.
inline Matrix columns(const Matrix& x, std::ptrdiff_t c, std::ptrdiff_t nc) {
  Matrix y(x.rows, nc);
  for (std::ptrdiff_t n = 0; n < x.rows; ++n)
    for (std::ptrdiff_t j = 0; j < nc; ++j) y(n, j) = x(n, c + j);
  return y;
}

/// y_nj = sum_e a_ne f_n,(e out + j).
inline Matrix mix(const Matrix& a, const Matrix& f) {
  Matrix y(f.rows, f.cols / a.cols);
  for (std::ptrdiff_t n = 0; n < y.rows; ++n)
    for (std::ptrdiff_t e = 0; e < a.cols; ++e)
      for (std::ptrdiff_t j = 0; j < y.cols; ++j) y(n, j) += a(n, e) * f(n, e * y.cols + j);
  return y;
}

/// The weights or biases of row n's own network: sum_e a_ne theta_e.
inline Matrix interpolated(const Matrix& a, std::ptrdiff_t n, const std::vector<Matrix>& theta) {
  Matrix sum(theta[0].rows, theta[0].cols);
  for (std::size_t e = 0; e < theta.size(); ++e)
    for (std::size_t i = 0; i < sum.values.size(); ++i)
      sum.values[i] += a(n, static_cast<std::ptrdiff_t>(e)) * theta[e].values[i];
  return sum;
}

/// Every row through a layer of its own, whose weights and biases are built for that row.
inline Matrix interpolated_linear(const Matrix& a, const Matrix& h, const std::vector<Matrix>& w,
                                  const std::vector<Matrix>& b) {
  Matrix z(h.rows, w[0].rows);
  for (std::ptrdiff_t n = 0; n < h.rows; ++n) {
    Matrix row(1, h.cols);
    for (std::ptrdiff_t i = 0; i < h.cols; ++i) row(0, i) = h(n, i);
    const Matrix out = linear(row, interpolated(a, n, w), interpolated(a, n, b).values);
    for (std::ptrdiff_t j = 0; j < z.cols; ++j) z(n, j) = out(0, j);
  }
  return z;
}

}  // namespace reference
