// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>

#include "wsym/kernels/pack.hpp"

namespace wsym::kernels {
inline namespace WSYM_SIMD {

/// A product this narrow is computed as its transpose, so that vectors run along the many rows.
inline constexpr Index narrow_cols = 12;

namespace detail {

/// sums(j, :) += sum_l factors[j][l] r[l] for Count rows of factors and the first `depth` vectors.
template <Real T, int Count, bool Whole>
[[gnu::always_inline]] inline void add_vectors(const Vec<T> (&r)[lanes<T>], const T* factors, Index depth, T* sums,
                                               Index stride) {
  Vec<T> sum[Count];
  WSYM_UNROLL
  for (int j = 0; j < Count; ++j) sum[j] = load<T>(sums + j * stride);
  WSYM_UNROLL
  for (int l = 0; l < lanes<T>; ++l) {
    if (Whole || l < depth) {
      WSYM_UNROLL
      for (int j = 0; j < Count; ++j) sum[j] = multiply_add<T>(broadcast(factors[j * lanes<T> + l]), r[l], sum[j]);
    }
  }
  WSYM_UNROLL
  for (int j = 0; j < Count; ++j) store<T>(sums + j * stride, sum[j]);
}

template <Real T, bool Whole>
[[gnu::always_inline]] inline void add_square(const Vec<T> (&r)[lanes<T>], const T* factors, Index depth, Index cols,
                                              T* sums, Index stride) {
  constexpr int step = 4;
  Index j = 0;
  for (; j + step <= cols; j += step)
    add_vectors<T, step, Whole>(r, factors + j * lanes<T>, depth, sums + j * stride, stride);
  if (cols - j >= 2) {
    add_vectors<T, 2, Whole>(r, factors + j * lanes<T>, depth, sums + j * stride, stride);
    j += 2;
  }
  if (j < cols) add_vectors<T, 1, Whole>(r, factors + j * lanes<T>, depth, sums + j * stride, stride);
}
}  // namespace detail

/// sums += (a b)^T, each entry by a chain over ascending depth. Shapes a (rows, depth), unit column stride;
/// b (depth, n), n <= narrow_cols; sums (n, rows rounded up to whole vectors) with rows `stride` apart. Squares of `a`
/// are transposed in registers and used at once; squares of different rows follow each other, as their chains are
/// independent.
template <Real T> void add_product_transposed(View<const T> a, View<const T> b, T* sums, Index stride) {
  alignas(alignment) T factors[narrow_cols * lanes<T>];
  const Index cols = std::min(b.cols, narrow_cols);
  for (Index p = 0; p < a.cols; p += lanes<T>) {
    const Index depth = std::min<Index>(lanes<T>, a.cols - p);
    pack<T>(b.block(p, 0, depth, cols).transposed(), factors, lanes<T>, depth);
    for (Index i = 0; i < a.rows; i += lanes<T>) {
      Vec<T> r[lanes<T>];
      detail::load_square(&a(i, p), a.row_stride, depth, std::min<Index>(lanes<T>, a.rows - i), r);
      if (depth == lanes<T>)
        detail::add_square<T, true>(r, factors, depth, cols, sums + i, stride);
      else
        detail::add_square<T, false>(r, factors, depth, cols, sums + i, stride);
    }
  }
}

}  // namespace WSYM_SIMD
}  // namespace wsym::kernels
