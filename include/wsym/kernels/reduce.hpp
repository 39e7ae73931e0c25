// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>
#include <cassert>

#include "wsym/kernels/elementary.hpp"
#include "wsym/kernels/view.hpp"

/// Sums over a tree that the shape alone fixes: the same bits on every call, and an error that grows with the logarithm
/// of the count.
namespace wsym::inline WSYM_SIMD::kernels {
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

/// sums = the sums over rows row .. row + rows - 1, one after the other, of read(i, col + j, count_at(j)) for the first
/// column j of each vector.
template <Real T, int Vectors, class Read, class CountAt>
void add_rows(Index row, Index rows, Index col, Read read, CountAt count_at, Vec<T> (&sums)[Vectors]) {
  Vec<T> sum[Vectors] = {};
  for (Index i = row; i < row + rows; ++i) {
    WSYM_UNROLL
    for (int v = 0; v < Vectors; ++v) sum[v] += read(i, col + v * lanes<T>, count_at(v * lanes<T>));
  }
  std::copy(sum, sum + Vectors, sums);
}

/// The same by a tree, for the `cols` columns from `col` on, at most `Vectors` vectors; read(i, j, count) is the vector
/// at row i and column j.
template <Real T, int Vectors, class Read>
void tree_columns(Index row, Index rows, Index col, Index cols, const Read& read, Vec<T> (&sums)[Vectors]) {
  constexpr Index leaf = 32;
  if (rows > leaf) {
    const Index leaves = (rows + leaf - 1) / leaf, upper = leaves / 2 * leaf;
    Vec<T> rest[Vectors];
    tree_columns<T>(row, upper, col, cols, read, sums);
    tree_columns<T>(row + upper, rows - upper, col, cols, read, rest);
    for (int v = 0; v < Vectors; ++v) sums[v] += rest[v];
  } else if (cols == Vectors * lanes<T>) {
    add_rows<T>(
        row, rows, col, read, [](Index) { return AllLanes{}; }, sums);
  } else {
    add_rows<T>(
        row, rows, col, read, [=](Index j) { return std::clamp<Index>(cols - j, 0, lanes<T>); }, sums);
  }
}

template <Real T, int Vectors, class Read>
void columns_at(Index rows, Index col, Index cols, const Read& read, T* out, bool accumulate) {
  Vec<T> sums[Vectors];
  tree_columns<T>(0, rows, col, cols, read, sums);
  for (int v = 0; v < Vectors; ++v) {
    const Index count = std::min<Index>(lanes<T>, cols - v * lanes<T>);
    T* to = out + col + v * lanes<T>;
    store<T>(to, accumulate ? load<T>(to, count) + sums[v] : sums[v], count);
  }
}

/// out = the column sums of what read(i, j, count) returns, or out + them; it is asked once for each element.
template <Real T, class Read> void sum_columns(Index rows, Index cols, const Read& read, T* out, bool accumulate) {
  constexpr int wide = 4;
  Index j = 0;
  for (; cols - j >= wide * lanes<T>; j += wide * lanes<T>)
    columns_at<T, wide>(rows, j, wide * lanes<T>, read, out, accumulate);
  for (; j < cols; j += lanes<T>) columns_at<T, 1>(rows, j, std::min<Index>(lanes<T>, cols - j), read, out, accumulate);
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
  const auto read = [=](Index i, Index j, auto count) {
    return load(&x(i, j), count);
  };
  detail::sum_columns<T>(x.rows, x.cols, read, out, accumulate);
}

/// x(i, j) *= factor(i, j) and then column_sums of x, in one pass: the same bits. x and factor (rows, cols), unit
/// column stride; out (cols).
template <Real T>
void scale_and_sum_columns(View<T> x, std::type_identity_t<View<const T>> factor, T* out, bool accumulate = false) {
  assert(factor.rows == x.rows && factor.cols == x.cols);
  assert((x.col_stride == 1 && factor.col_stride == 1) || x.cols <= 1);
  const auto scale = [=](Index i, Index j, auto count) {
    const Vec<T> product = load<T>(&x(i, j), count) * load(&factor(i, j), count);
    store<T>(&x(i, j), product, count);
    return product;
  };
  detail::sum_columns<T>(x.rows, x.cols, scale, out, accumulate);
}

}  // namespace wsym::inline WSYM_SIMD::kernels
