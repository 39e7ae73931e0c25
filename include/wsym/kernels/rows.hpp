// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/kernels/reduce.hpp"

namespace wsym::kernels {
inline namespace WSYM_SIMD {

/// y_i = s_i x_i, or y_i + s_i x_i, for every row i; s_i = scale[i * stride]. Shapes x and y (rows, cols), unit column
/// stride, y may be x. A row's bits do not depend on the other rows.
template <Real T>
void scale_rows(std::type_identity_t<View<const T>> x, const T* scale, Index stride, View<T> y, bool accumulate) {
  assert((x.col_stride == 1 && y.col_stride == 1) || x.cols <= 1);
  for (Index i = 0; i < x.rows; ++i) {
    const T s = scale[i * stride];
    const T* from = &x(i, 0);
    T* to = &y(i, 0);
    for_each_vector<T>(x.cols, [=](Index j, auto count) {
      const Vec<T> v = load<T>(from + j, count);
      store<T>(to + j, accumulate ? multiply_add<T>(v, broadcast(s), load<T>(to + j, count)) : v * s, count);
    });
  }
}

/// out_i = <x_i, y_i>, or out_i + that, for every row i; out_i is out[i * stride]. Shapes x and y (rows, cols), unit
/// column stride. A row's bits do not depend on the other rows.
template <Real T>
void row_dots(std::type_identity_t<View<const T>> x, std::type_identity_t<View<const T>> y, T* out, Index stride,
              bool accumulate) {
  assert((x.col_stride == 1 && y.col_stride == 1) || x.cols <= 1);
  for (Index i = 0; i < x.rows; ++i) {
    const T *a = &x(i, 0), *b = &y(i, 0);
    Vec<T> sum{};
    for_each_vector<T>(
        x.cols, [&](Index j, auto count) { sum = multiply_add<T>(load<T>(a + j, count), load<T>(b + j, count), sum); });
    const T dot = sum_of_lanes<T>(sum)[0];
    out[i * stride] = accumulate ? out[i * stride] + dot : dot;
  }
}

/// y = sum_i w_i x_i over the rows of x, one after the other. Shapes x (rows, cols), rows >= 1, w (rows), y (cols);
/// unit column stride. The bits of a scale_rows of each row in turn onto one y.
template <Real T> void weighted_sum(std::type_identity_t<View<const T>> x, std::type_identity_t<const T*> w, T* y) {
  assert(x.col_stride == 1 || x.cols <= 1);
  for_each_vector<T>(x.cols, [=](Index j, auto count) {
    Vec<T> sum = load<T>(&x(0, j), count) * broadcast(w[0]);
    for (Index i = 1; i < x.rows; ++i) sum = multiply_add<T>(load<T>(&x(i, j), count), broadcast(w[i]), sum);
    store<T>(y + j, sum, count);
  });
}

}  // namespace WSYM_SIMD
}  // namespace wsym::kernels
