// SPDX-License-Identifier: MIT
// Plain loops in double, written from the formulas: the oracles of the kernel tests.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace reference {

using Vector = std::vector<double>;

/// Row-major, rows x cols.
struct Matrix {
  Matrix(std::ptrdiff_t rows_, std::ptrdiff_t cols_)
      : rows(rows_), cols(cols_), values(static_cast<std::size_t>(rows_ * cols_)) {}
  double& operator()(std::ptrdiff_t i, std::ptrdiff_t j) { return values[static_cast<std::size_t>(i * cols + j)]; }
  double operator()(std::ptrdiff_t i, std::ptrdiff_t j) const { return values[static_cast<std::size_t>(i * cols + j)]; }
  std::ptrdiff_t rows, cols;
  Vector values;
};

inline Matrix product(const Matrix& a, const Matrix& b) {
  Matrix c(a.rows, b.cols);
  for (std::ptrdiff_t i = 0; i < a.rows; ++i)
    for (std::ptrdiff_t j = 0; j < b.cols; ++j)
      for (std::ptrdiff_t p = 0; p < a.cols; ++p) c(i, j) += a(i, p) * b(p, j);
  return c;
}

inline double normal_cdf(double x) {
  return 0.5 * std::erfc(-x / std::sqrt(2.0));
}
inline double normal_density(double x) {
  return std::exp(-0.5 * x * x) / std::sqrt(2 * std::acos(-1.0));
}
inline double gelu(double x) {
  return x * normal_cdf(x);
}
inline double gelu_slope(double x) {
  return normal_cdf(x) + x * normal_density(x);
}

inline Vector softmax(const Vector& x) {
  const double most = *std::max_element(x.begin(), x.end());
  Vector y(x.size());
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += y[i] = std::exp(x[i] - most);
  for (double& e : y) e /= sum;
  return y;
}

inline double cross_entropy(const Vector& x, std::size_t label) {
  const double most = *std::max_element(x.begin(), x.end());
  double sum = 0;
  for (double e : x) sum += std::exp(e - most);
  return std::log(sum) + most - x[label];
}

struct Adamw {
  double lr = 1e-3, decay = 0.03, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
  double theta = 0, m = 0, v = 0;
  int t = 0;
  void step(double g) {
    ++t;
    theta *= 1 - lr * decay;
    m = beta1 * m + (1 - beta1) * g;
    v = beta2 * v + (1 - beta2) * g * g;
    theta -= lr / (1 - std::pow(beta1, t)) * m / (std::sqrt(v) / std::sqrt(1 - std::pow(beta2, t)) + epsilon);
  }
};

}  // namespace reference
