// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/kernels/simd.hpp"
#include "wsym/kernels/view.hpp"

namespace wsym::inline WSYM_SIMD::kernels {

/// y_ij = s_j x_ij, or y_ij + s_j x_ij. Shapes x and y (rows, cols), unit column stride, y may be x; s (cols). A row's
/// bits do not depend on the other rows.
template <Real T>
void scale_columns(std::type_identity_t<View<const T>> x, const T* s, View<T> y, bool accumulate = false) {
  for (Index i = 0; i < x.rows; ++i) {
    const T* from = &x(i, 0);
    T* to = &y(i, 0);
    for_each_vector<T>(x.cols, [=](Index j, auto count) {
      const Vec<T> v = load<T>(from + j, count), factor = load<T>(s + j, count);
      store<T>(to + j, accumulate ? multiply_add<T>(v, factor, load<T>(to + j, count)) : v * factor, count);
    });
  }
}

/// y_ij = s_j x_ij + b_j. Shapes as above, b (cols).
template <Real T> void affine_columns(std::type_identity_t<View<const T>> x, const T* s, const T* b, View<T> y) {
  for (Index i = 0; i < x.rows; ++i) {
    const T* from = &x(i, 0);
    T* to = &y(i, 0);
    for_each_vector<T>(x.cols, [=](Index j, auto count) {
      store<T>(to + j, multiply_add<T>(load<T>(from + j, count), load<T>(s + j, count), load<T>(b + j, count)), count);
    });
  }
}

}  // namespace wsym::inline WSYM_SIMD::kernels
