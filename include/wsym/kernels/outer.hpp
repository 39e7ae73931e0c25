// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/kernels/view.hpp"

namespace wsym::inline WSYM_SIMD::kernels {
namespace detail {

template <Real T, int Depth>
void outer_rows(View<T> c, View<const T> a, View<const T> b, const T* start, Index start_row) {
  for (Index i = 0; i < c.rows; ++i) {
    const T* from = start ? start + i * start_row : nullptr;
    T* to = &c(i, 0);
    Vec<T> factor[Depth];
    WSYM_UNROLL
    for (int p = 0; p < Depth; ++p) factor[p] = broadcast(a(i, p));
    const auto finish = [&](Vec<T> sum, Index j, auto count) {
      WSYM_UNROLL
      for (int p = 0; p < Depth; ++p)
        sum = multiply_add<T>(factor[p], load<T>(b.data + p * b.row_stride + j, count), sum);
      store<T>(to + j, sum, count);
    };
    if (from)
      for_each_vector<T>(c.cols, [&](Index j, auto count) { finish(load<T>(from + j, count), j, count); });
    else
      for_each_vector<T>(c.cols, [&](Index j, auto count) { finish(Vec<T>{}, j, count); });
  }
}
}  // namespace detail

/// The most terms of outer_product.
inline constexpr Index outer_depth = 2;

/// c = start + a b for a of one or two columns and b of unit column stride, written in the order of c's memory: entries
/// have the chain of gemm. `start` is null for 0, and repeats one row when its stride is 0. Shapes as gemm's.
template <Real T> void outer_product(View<T> c, View<const T> a, View<const T> b, const T* start, Index start_row) {
  if (a.cols == 1)
    detail::outer_rows<T, 1>(c, a, b, start, start_row);
  else
    detail::outer_rows<T, 2>(c, a, b, start, start_row);
}

}  // namespace wsym::inline WSYM_SIMD::kernels
