// SPDX-License-Identifier: MIT
#pragma once
#include <type_traits>

#include "wsym/kernels/simd.hpp"

namespace wsym::inline WSYM_SIMD::kernels {

/// A matrix in somebody else's memory: element (i, j) is data[i * row_stride + j * col_stride]. Strides count elements.
template <class T> struct View {
  T* data;
  Index rows;
  Index cols;
  Index row_stride;
  Index col_stride = 1;

  T& operator()(Index i, Index j) const { return data[i * row_stride + j * col_stride]; }
  View transposed() const { return {data, cols, rows, col_stride, row_stride}; }
  /// The nr x nc elements whose first is (r, c).
  View block(Index r, Index c, Index nr, Index nc) const {
    return {data + r * row_stride + c * col_stride, nr, nc, row_stride, col_stride};
  }
  operator View<const T>() const requires(!std::is_const_v<T>) { return {data, rows, cols, row_stride, col_stride}; }
};

template <Real T> View<T> view(MatMap<T> m) {
  return {m.data(), m.rows(), m.cols(), m.cols()};
}
template <Real T> View<const T> view(ConstMatMap<T> m) {
  return {m.data(), m.rows(), m.cols(), m.cols()};
}

}  // namespace wsym::inline WSYM_SIMD::kernels
