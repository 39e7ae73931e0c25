// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>
#include <cassert>

#include "wsym/kernels/elementary.hpp"
#include "wsym/kernels/view.hpp"

/// Sums over a tree that the shape alone fixes: the same bits on every call, and an error that grows with the logarithm
/// of the count.
namespace wsym::kernels {
inline namespace WSYM_SIMD {
namespace detail {

/// Elements that are added in plain order, by four vectors of sums.
template <Real T> inline constexpr Index sum_leaf = 64 * lanes<T>;

/// add(sum, p, count) is `sum` plus the vector at p. Every lane of the result is the total.
template <Real T, class F> Vec<T> tree_sum(const T* x, Index n, const F& add) {
  if (n > sum_leaf<T>) {
    const Index leaves = (n + sum_leaf<T> - 1) / sum_leaf<T>, left = leaves / 2 * sum_leaf<T>;
    return tree_sum(x, left, add) + tree_sum(x + left, n - left, add);
  }
  constexpr int ways = 4;
  Vec<T> sum[ways] = {};
  Index i = 0;
  for (; i + ways * lanes<T> <= n; i += ways * lanes<T>) {
    WSYM_UNROLL
    for (int w = 0; w < ways; ++w) sum[w] = add(sum[w], x + i + w * lanes<T>, AllLanes{});
  }
  for_each_vector<T>(n - i, [&](Index j, auto count) { sum[0] = add(sum[0], x + i + j, count); });
  return sum_of_lanes<T>((sum[0] + sum[1]) + (sum[2] + sum[3]));
}

/// sums = the column sums of x, which has at most `Vectors` vectors of columns.
template <Real T, int Vectors> void tree_columns(View<const T> x, Vec<T> (&sums)[Vectors]) {
  constexpr Index leaf = 32;
  if (x.rows > leaf) {
    const Index leaves = (x.rows + leaf - 1) / leaf, upper = leaves / 2 * leaf;
    Vec<T> rest[Vectors];
    tree_columns<T>(x.block(0, 0, upper, x.cols), sums);
    tree_columns<T>(x.block(upper, 0, x.rows - upper, x.cols), rest);
    for (int j = 0; j < Vectors; ++j) sums[j] += rest[j];
    return;
  }
  Vec<T> sum[Vectors] = {};
  const bool whole = x.cols == Vectors * lanes<T>;
  for (Index i = 0; i < x.rows; ++i) {
    WSYM_UNROLL
    for (int j = 0; j < Vectors; ++j) {
      const T* p = &x(i, j * lanes<T>);
      sum[j] += whole ? load(p) : load(p, std::clamp<Index>(x.cols - j * lanes<T>, 0, lanes<T>));
    }
  }
  std::copy(sum, sum + Vectors, sums);
}

template <Real T, int Vectors> void columns_at(View<const T> x, T* out, bool accumulate) {
  Vec<T> sums[Vectors];
  tree_columns<T>(x, sums);
  for (int j = 0; j < Vectors; ++j) {
    const Index count = std::min<Index>(lanes<T>, x.cols - j * lanes<T>);
    T* to = out + j * lanes<T>;
    store<T>(to, accumulate ? load<T>(to, count) + sums[j] : sums[j], count);
  }
}
}  // namespace detail

/// The sum of n numbers.
template <Real T> T sum(const T* x, Index n) {
  return detail::tree_sum(x, n, [](Vec<T> s, const T* p, auto count) { return s + load(p, count); })[0];
}

/// The sum of n squares.
template <Real T> T squared_norm(const T* x, Index n) {
  return detail::tree_sum(x, n, [](Vec<T> s, const T* p, auto count) {
    const Vec<T> v = load(p, count);
    return multiply_add<T>(v, v, s);
  })[0];
}

/// out[j] = sum_i x(i, j), or out[j] + that. Shapes x (rows, cols), unit column stride; out (cols). A column's bits do
/// not depend on the other columns.
template <Real T> void column_sums(std::type_identity_t<View<const T>> x, T* out, bool accumulate = false) {
  assert(x.col_stride == 1 || x.cols <= 1);
  constexpr int wide = 4;
  Index j = 0;
  for (; x.cols - j >= wide * lanes<T>; j += wide * lanes<T>)
    detail::columns_at<T, wide>(x.block(0, j, x.rows, wide * lanes<T>), out + j, accumulate);
  for (; j < x.cols; j += lanes<T>)
    detail::columns_at<T, 1>(x.block(0, j, x.rows, std::min<Index>(lanes<T>, x.cols - j)), out + j, accumulate);
}

}  // namespace WSYM_SIMD
}  // namespace wsym::kernels
