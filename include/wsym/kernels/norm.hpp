// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>
#include <cmath>

#include "wsym/kernels/reduce.hpp"

namespace wsym::inline WSYM_SIMD::kernels {

namespace detail {
/// 1 / sqrt(variance + epsilon) of a row x (n) whose squared distances from its mean overflow: they are first divided
/// by the largest of them.
template <Real T> T inverse_of_far(const T* x, T mean, T epsilon, Index n) {
  T most = 0, squares = 0;
  for (Index j = 0; j < n; ++j) most = std::max(most, std::abs(x[j] - mean));
  for (Index j = 0; j < n; ++j) squares += (x[j] - mean) / most * ((x[j] - mean) / most);
  return T(1) / std::sqrt(squares / static_cast<T>(n) + epsilon / most / most) / most;
}
}  // namespace detail

/// y_ij = scale_j (x_ij - mean_i) inverse_i + bias_j with a row's mean and inverse_i = 1 / sqrt(variance + epsilon),
/// the variance of the whole row (divided by cols). Shapes x and y (rows, cols), cols >= 1, unit column stride, y may
/// be x; scale and bias (cols); mean and inverse (rows), for the derivative. A row's bits do not depend on the other
/// rows. Right also where squares of x overflow.
template <Real T>
void layer_norm_rows(std::type_identity_t<View<const T>> x, const T* scale, const T* bias, T epsilon, View<T> y,
                     T* mean, T* inverse) {
  assert((x.col_stride == 1 && y.col_stride == 1) || x.cols <= 1);
  const T n = static_cast<T>(x.cols);
  for (Index i = 0; i < x.rows; ++i) {
    const T *from = &x(i, 0), middle = sum(from, x.cols) / n;
    const Vec<T> squares = detail::tree_sum(from, x.cols, [=](Vec<T> s, const T* p, auto count) {
      const Vec<T> v = load_or(p, count, middle) - middle;
      return multiply_add<T>(v, v, s);
    });
    T over = T(1) / std::sqrt(squares[0] / n + epsilon);
    if (over == T(0)) over = detail::inverse_of_far(from, middle, epsilon, x.cols);
    T* to = &y(i, 0);
    for_each_vector<T>(x.cols, [=](Index j, auto count) {
      const Vec<T> standard = (load(from + j, count) - middle) * over;
      store<T>(to + j, multiply_add<T>(standard, load(scale + j, count), load(bias + j, count)), count);
    });
    mean[i] = middle;
    inverse[i] = over;
  }
}

/// The way back: with h = (x - mean) inverse and d = scale g for the gradient g of y,
///   dx = inverse (d - mean of d - h mean of (d h)), or dx + that, the means over a row. Shapes as above.
template <Real T>
void layer_norm_rows_back(std::type_identity_t<View<const T>> g, std::type_identity_t<View<const T>> x, const T* scale,
                          const T* mean, const T* inverse, View<T> dx, bool accumulate) {
  const T n = static_cast<T>(x.cols);
  for (Index i = 0; i < x.rows; ++i) {
    const T *slope = &g(i, 0), *from = &x(i, 0), middle = mean[i], over = inverse[i];
    Vec<T> sum{}, along{};
    for_each_vector<T>(x.cols, [&](Index j, auto count) {
      const Vec<T> d = load<T>(slope + j, count) * load<T>(scale + j, count);  // 0 beyond the row
      sum += d;
      along = multiply_add<T>(d, (load<T>(from + j, count) - middle) * over, along);
    });
    const T shift = sum_of_lanes<T>(sum)[0] / n, tilt = sum_of_lanes<T>(along)[0] / n;
    T* to = &dx(i, 0);
    for_each_vector<T>(x.cols, [=](Index j, auto count) {
      const Vec<T> d = load<T>(slope + j, count) * load<T>(scale + j, count);
      const Vec<T> h = (load<T>(from + j, count) - middle) * over;
      const Vec<T> change = multiply_add<T>(h, broadcast(-tilt), d - shift);
      store<T>(to + j, accumulate ? multiply_add<T>(change, broadcast(over), load<T>(to + j, count)) : change * over,
               count);
    });
  }
}

}  // namespace wsym::inline WSYM_SIMD::kernels
