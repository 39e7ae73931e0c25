// SPDX-License-Identifier: MIT
// Plain loops in double, written from the formulas: the oracles of the op tests.
#pragma once
#include <cstdint>
#include <span>

#include "reference/naive.hpp"
#include "wsym/core/tensor.hpp"

namespace reference {

/// All leading axes x the last one.
template <class T> Matrix matrix(const wsym::Tensor<T>& x) {
  Matrix m(x.rows(), x.cols());
  for (std::ptrdiff_t i = 0; i < x.size(); ++i) m.values[static_cast<std::size_t>(i)] = static_cast<double>(x[i]);
  return m;
}

/// y_ni = f(x_ni).
template <class F> Matrix each(Matrix x, F f) {
  for (double& value : x.values) value = f(value);
  return x;
}

/// y_nj = sum_i x_ni w_ji + b_j.
inline Matrix linear(const Matrix& x, const Matrix& w, const Vector& b) {
  Matrix y(x.rows, w.rows);
  for (std::ptrdiff_t n = 0; n < x.rows; ++n)
    for (std::ptrdiff_t j = 0; j < w.rows; ++j) {
      y(n, j) = b[static_cast<std::size_t>(j)];
      for (std::ptrdiff_t i = 0; i < x.cols; ++i) y(n, j) += x(n, i) * w(j, i);
    }
  return y;
}

/// sum_n w_n sum_j (p_nj - y_nj)^2 / (outputs sum_n w_n).
inline double mse(const Matrix& p, const Matrix& y, const Vector& weights) {
  double total = 0, weight = 0;
  for (std::ptrdiff_t n = 0; n < p.rows; ++n) {
    const double w = weights[static_cast<std::size_t>(n)];
    weight += w;
    for (std::ptrdiff_t j = 0; j < p.cols; ++j) total += w * (p(n, j) - y(n, j)) * (p(n, j) - y(n, j));
  }
  return total / (weight * static_cast<double>(p.cols));
}

/// sum_n w_n (-ln softmax(s_n)[c_n]) / sum_n w_n.
inline double cross_entropy(const Matrix& s, std::span<const std::int32_t> labels, const Vector& weights) {
  double total = 0, weight = 0;
  for (std::ptrdiff_t n = 0; n < s.rows; ++n) {
    const auto row = static_cast<std::size_t>(n);
    const auto first = s.values.begin() + n * s.cols;
    total += weights[row] * cross_entropy(Vector(first, first + s.cols), static_cast<std::size_t>(labels[row]));
    weight += weights[row];
  }
  return total / weight;
}

}  // namespace reference
