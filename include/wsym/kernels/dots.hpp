// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>

#include "wsym/kernels/pack.hpp"

namespace wsym::inline WSYM_SIMD::kernels {
namespace detail {

/// Interleaves blocks of a and b as pack.hpp does, and adds the two results.
template <Real T, int Block> [[gnu::always_inline]] inline Vec<T> add_interleaved(Vec<T> a, Vec<T> b) {
  interleave_pair<T, Block>(a, b);
  return a + b;
}
template <Real T> [[gnu::always_inline]] inline Vec<T> add_unzipped(Vec<T> a, Vec<T> b) {
  unzip_pair<T>(a, b);
  return a + b;
}

/// Lane i is the sum of the lanes of r[i]: first those in each 16 bytes, (0 + 2) + (1 + 3) or 0 + 1, then these sums by
/// neighbours. Overwrites r.
template <Real T> [[gnu::always_inline]] inline Vec<T> add_lanes(Vec<T> (&r)[lanes<T>]) {
  constexpr int q = quad<T>, parts = lanes<T> / q;
  WSYM_UNROLL
  for (int i = 0; i < lanes<T> / 2; ++i) r[i] = add_interleaved<T, 1>(r[2 * i], r[2 * i + 1]);
  if constexpr (q == 4) {
    WSYM_UNROLL
    for (int i = 0; i < lanes<T> / 4; ++i) r[i] = add_interleaved<T, 2>(r[2 * i], r[2 * i + 1]);
  }
  if constexpr (parts == 4) r[0] = add_unzipped<T>(r[0], r[1]), r[1] = add_unzipped<T>(r[2], r[3]);
  if constexpr (parts >= 2) r[0] = add_unzipped<T>(r[0], r[1]);
  return r[0];
}

/// The entries of a product with `Columns` columns that fill a vector, row by row: row i of a against column j of b,
/// with unit stride both. Rows from `rows` on repeat the last.
template <Real T, int Columns>
[[gnu::always_inline]] inline Vec<T> dot_vector(const T* a, Index a_row, Index rows, const T* b, Index b_col,
                                                Index depth) {
  constexpr int all = lanes<T> / Columns, most = std::min(all, 8);  // a pointer for each row at hand
  Vec<T> sum[lanes<T>];
  WSYM_UNROLL
  for (int first = 0; first < all; first += most) {
    const T* row[most];
    Vec<T> part[most][Columns] = {};
    WSYM_UNROLL
    for (int i = 0; i < most; ++i) row[i] = a + std::min<Index>(first + i, rows - 1) * a_row;
    for_each_vector<T>(depth, [&](Index p, auto count) {
      Vec<T> column[Columns];
      WSYM_UNROLL
      for (int j = 0; j < Columns; ++j) column[j] = in_register<T>(load<T>(b + j * b_col + p, count));
      WSYM_UNROLL
      for (int i = 0; i < most; ++i) {
        const Vec<T> x = load<T>(row[i] + p, count);
        WSYM_UNROLL
        for (int j = 0; j < Columns; ++j) part[i][j] = multiply_add<T>(x, column[j], part[i][j]);
      }
    });
    WSYM_UNROLL
    for (int i = 0; i < most; ++i) {
      WSYM_UNROLL
      for (int j = 0; j < Columns; ++j) sum[(first + i) * Columns + j] = part[i][j];
    }
  }
  return add_lanes<T>(sum);
}

/// `count` entries, `Columns` in a row, as one vector.
template <Real T, int Columns> Vec<T> load_entries(const T* p, Index row_stride, Index count) {
  if (row_stride == Columns) return load(p, count);
  T entry[lanes<T>] = {};
  for (Index i = 0; i < count; ++i) entry[i] = p[i / Columns * row_stride + i % Columns];
  return load(entry);
}
template <Real T, int Columns> void store_entries(T* p, Index row_stride, Vec<T> v, Index count) {
  if (row_stride == Columns) return store<T>(p, v, count);
  T entry[lanes<T>];
  store<T>(entry, v);
  for (Index i = 0; i < count; ++i) p[i / Columns * row_stride + i % Columns] = entry[i];
}

// The terms of an entry are added up in blocks of this many.
inline constexpr Index dot_block = 512;

/// One block's part of dot_product; b has unit row stride.
template <Real T, int Columns>
void add_dots(View<T> c, View<const T> a, View<const T> b, const T* start, Index start_row) {
  constexpr Index most = lanes<T> / Columns;
  alignas(alignment) T rows_of_a[most * dot_block];
  const bool packed = a.col_stride != 1;
  for (Index i = 0; i < c.rows; i += most) {
    const Index rows = std::min(most, c.rows - i), count = rows * Columns;
    if (packed) pack<T>(a.block(i, 0, rows, a.cols), rows_of_a, dot_block, a.cols);
    const Vec<T> sums = dot_vector<T, Columns>(packed ? rows_of_a : &a(i, 0), packed ? dot_block : a.row_stride, rows,
                                               b.data, b.col_stride, a.cols);
    const Vec<T> from = start ? load_entries<T, Columns>(start + i * start_row, start_row, count) : Vec<T>{};
    store_entries<T, Columns>(&c(i, 0), c.row_stride, from + sums, count);
  }
}
}  // namespace detail

/// A product with no more columns than this is a few dot products for each row, with vectors along the terms.
inline constexpr Index dot_columns = 2;

/// c = start + a b for one or two columns; `start` is null for 0, and repeats one row when its stride is 0. Shapes as
/// gemm's.
///
/// The terms of an entry are cut into blocks of 512 and filled up with 0 to whole vectors. Within a block each lane is
/// a chain of multiply_add over every `lanes`-th term, ascending from 0; the lanes are added over a tree, and the
/// blocks' sums in order, from start. So the bits depend on the row of a, the column of b and their length alone.
template <Real T> void dot_product(View<T> c, View<const T> a, View<const T> b, const T* start, Index start_row) {
  using detail::dot_block;
  alignas(alignment) T columns_of_b[dot_columns * dot_block];
  Index p = 0;
  do {
    const Index depth = std::min(dot_block, a.cols - p);
    View<const T> part = b.block(p, 0, depth, b.cols);
    if (part.row_stride != 1) {
      pack<T>(part.transposed(), columns_of_b, dot_block, depth);
      part = {columns_of_b, depth, b.cols, 1, dot_block};
    }
    const View<const T> terms = a.block(0, p, a.rows, depth);
    if (c.cols == 1)
      detail::add_dots<T, 1>(c, terms, part, start, start_row);
    else
      detail::add_dots<T, 2>(c, terms, part, start, start_row);
    start = c.data, start_row = c.row_stride;
    p += depth;
  } while (p < a.cols);
}

}  // namespace wsym::inline WSYM_SIMD::kernels
