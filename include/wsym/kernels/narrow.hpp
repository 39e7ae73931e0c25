// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>
#include <array>
#include <utility>

#include "wsym/kernels/pack.hpp"
#include "wsym/kernels/tile.hpp"

namespace wsym::inline WSYM_SIMD::kernels {
namespace detail {

// The sums of a tile share the registers with a square of b. A product of no more rows turns a transposed b once.
#if defined(__AVX512F__) || (defined(__aarch64__) && defined(__ARM_NEON))
inline constexpr int transposing_rows = 12;
#else
inline constexpr int transposing_rows = 6;
#endif

/// tile<T, Rows, 1> for a b that lies transposed: column j is at job.b + j * job.b_row, of unit stride. Its squares are
/// turned in registers and used at once. Row i of `a` has its elements p .. p + lanes - 1, p a multiple of lanes, at
/// job.a + p * Rows + i * lanes.
template <Real T, int Rows> void transposing_tile(const TileJob<T>& job) {
  constexpr int step = lanes<T>;
  Vec<T> sum[Rows], square[step];
  WSYM_UNROLL
  for (int i = 0; i < Rows; ++i) sum[i] = job.start ? load(job.start + i * job.start_row, job.tail) : Vec<T>{};
  const T* a = job.a;
  Index p = 0;
  for (; p + step <= job.depth; p += step, a += Rows * step) {
    load_square(job.b + p, job.b_row, step, job.tail, square);
    WSYM_UNROLL
    for (int l = 0; l < step; ++l) {
      WSYM_UNROLL
      for (int i = 0; i < Rows; ++i) sum[i] = multiply_add<T>(broadcast(a[i * step + l]), square[l], sum[i]);
    }
  }
  if (const Index left = job.depth - p; left > 0) {
    load_square(job.b + p, job.b_row, left, job.tail, square);
    for (int l = 0; l < left; ++l) {
      WSYM_UNROLL
      for (int i = 0; i < Rows; ++i) sum[i] = multiply_add<T>(broadcast(a[i * step + l]), square[l], sum[i]);
    }
  }
  WSYM_UNROLL
  for (int i = 0; i < Rows; ++i) store<T>(job.c + i * job.c_row, sum[i], job.tail);
}

template <Real T, int... I> constexpr auto transposing_tiles(std::integer_sequence<int, I...>) {
  return std::array{&transposing_tile<T, I + 1>...};
}
}  // namespace detail

/// A product this narrow is computed as its transpose, so that vectors run along the many rows.
inline constexpr Index narrow = 12;

/// c = start + a b for up to `narrow` rows and a b whose row stride is 1. `start` is null for 0, and repeats one row
/// when its stride is 0. Shapes as gemm's.
template <Real T>
void transposing_product(View<T> c, View<const T> a, View<const T> b, const T* start, Index start_row) {
  static constexpr auto tiles =
      detail::transposing_tiles<T>(std::make_integer_sequence<int, detail::transposing_rows>{});
  constexpr Index depth_block = 32 * lanes<T>, most = detail::transposing_rows;
  alignas(alignment) T factors[most * depth_block];
  const Index parts = (c.rows + most - 1) / most;
  for (Index part = 0; part < parts; ++part) {
    const Index i = c.rows * part / parts, rows = c.rows * (part + 1) / parts - i;
    Index p = 0;
    do {
      const Index depth = std::min(depth_block, a.cols - p);
      for (Index q = 0; q < depth; q += lanes<T>)
        pack<T>(a.block(i, p + q, rows, std::min<Index>(lanes<T>, depth - q)), factors + q * rows, lanes<T>, lanes<T>);
      for (Index j = 0; j < c.cols; j += lanes<T>)
        tiles[static_cast<std::size_t>(rows - 1)]({.a = factors,
                                                   .a_row = 0,
                                                   .a_col = 0,
                                                   .b = &b(p, j),
                                                   .b_row = b.col_stride,
                                                   .depth = depth,
                                                   .start = p > 0   ? &c(i, j)
                                                            : start ? start + i * start_row + j
                                                                    : nullptr,
                                                   .start_row = p > 0 ? c.row_stride : start_row,
                                                   .c = &c(i, j),
                                                   .c_row = c.row_stride,
                                                   .tail = std::min<Index>(lanes<T>, c.cols - j)});
      p += depth;
    } while (p < a.cols);
  }
}

}  // namespace wsym::inline WSYM_SIMD::kernels
