// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>
#include <cassert>
#include <type_traits>

#include "wsym/kernels/activation.hpp"
#include "wsym/kernels/dots.hpp"
#include "wsym/kernels/narrow.hpp"
#include "wsym/kernels/outer.hpp"
#include "wsym/kernels/pack.hpp"
#include "wsym/kernels/tile.hpp"

namespace wsym::inline WSYM_SIMD::kernels {
namespace detail {

// Blocks: `depth_block` rows of a packed panel are 100 KiB on AVX-512 and stay in a second-level cache with the
// `row_block` rows of A that meet them.
inline constexpr Index depth_block = 400, row_block = 384;

/// What becomes of c = start + a b. `start` is null for 0; stride 0 repeats one row (a bias).
template <Real T> struct Plan {
  View<T> c;
  View<const T> a, b;
  const T* start;
  Index start_row;
  bool gelu = false;
  T* slope = nullptr;  // where the derivative of GELU goes, or null
  Index slope_row = 0;
  Next<T> next = {};  // asked for by the products that run() takes
};

/// GELU of some rows that are complete, in one run where they lie close.
template <Real T> void finish(const Plan<T>& plan, Index row, Index rows) {
  if (!plan.gelu) return;
  const Index cols = plan.c.cols;
  const bool close = plan.c.row_stride == cols && (!plan.slope || plan.slope_row == cols);
  for (Index i = row; i < row + rows; i += close ? rows : 1) {
    T* z = &plan.c(i, 0);
    gelu(static_cast<const T*>(z), z, plan.slope ? plan.slope + i * plan.slope_row : nullptr,
         close ? rows * cols : cols);
  }
}

/// `size` cut into the fewest parts of at most `most`, as equal as can be: the start of part i. At least one part.
inline Index cuts(Index size, Index most) {
  return std::max<Index>(1, (size + most - 1) / most);
}
inline Index cut(Index size, Index parts, Index i) {
  return size * i / parts;
}

/// What a product asks for while it runs: `next`, over all its tiles and little beside the steps of one.
template <Real T> std::array<Ahead<T>, 2> ahead_of(const Plan<T>& plan, Index depth_parts) {
  const Index tiles = cuts(plan.c.rows, tile_rows(tile_vectors)) * cuts(plan.c.cols, tile_cols<T>) * depth_parts;
  const Index most = plan.a.cols / depth_parts / 2;
  return {Ahead<T>(plan.next[0], tiles, most), Ahead<T>(plan.next[1], tiles, most)};
}

template <Real T> void run(const Plan<T>& plan) {
  alignas(alignment) T panel[depth_block * tile_cols<T>];
  const auto& [c, a, b, start, start_row, with_gelu, slope, slope_row, next] = plan;
  const Index row_parts = cuts(c.rows, row_block), depth_parts = cuts(a.cols, depth_block);
  auto ahead = ahead_of(plan, depth_parts);
  for (Index r = 0; r < row_parts; ++r)
    for (Index d = 0; d < depth_parts; ++d) {
      const Index i = cut(c.rows, row_parts, r), rows = cut(c.rows, row_parts, r + 1) - i;
      const Index p = cut(a.cols, depth_parts, d), depth = cut(a.cols, depth_parts, d + 1) - p;
      for (Index j = 0, cols; j < c.cols; j += cols) {
        cols = std::min(b.col_stride == 1 ? most_cols<T>(rows, c.cols - j) : tile_cols<T>, c.cols - j);
        const Index width = (cols + lanes<T> - 1) / lanes<T> * lanes<T>;
        const bool direct = b.col_stride == 1 && cols == width;
        if (!direct) pack<T>(b.block(p, j, depth, cols), panel, width, width);
        const T* from = d > 0 ? &c(i, j) : start ? start + i * start_row + j : nullptr;
        tile_column<T>({.a = &a(i, p),
                        .a_row = a.row_stride,
                        .a_col = a.col_stride,
                        .b = direct ? &b(p, j) : panel,
                        .b_row = direct ? b.row_stride : width,
                        .depth = depth,
                        .start = from,
                        .start_row = d > 0 ? c.row_stride : start_row,
                        .c = &c(i, j),
                        .c_row = c.row_stride,
                        .tail = 0},
                       rows, cols, [&] { ahead[0].ask(), ahead[1].ask(); });
      }
      if (d + 1 == depth_parts) finish(plan, i, rows);
    }
}

/// sums = start + (a b)^T with the columns of a^T taken from `panel`, or where they lie if they are whole vectors.
template <Real T> void run_columns(View<const T> a, View<const T> b, bool started, T* sums, Index width) {
  alignas(alignment) T panel[depth_block * tile_cols<T>];
  const Index depth_parts = cuts(a.cols, depth_block);
  for (Index d = 0; d < depth_parts; ++d) {
    const Index p = cut(a.cols, depth_parts, d), depth = cut(a.cols, depth_parts, d + 1) - p;
    const bool direct = a.row_stride == 1 && a.rows == width;
    if (!direct) pack<T>(a.block(0, p, a.rows, depth).transposed(), panel, width, width);
    tile_column<T>({.a = &b(p, 0),
                    .a_row = b.col_stride,
                    .a_col = b.row_stride,
                    .b = direct ? &a(0, p) : panel,
                    .b_row = direct ? a.col_stride : width,
                    .depth = depth,
                    .start = started || d > 0 ? sums : nullptr,
                    .start_row = width,
                    .c = sums,
                    .c_row = width,
                    .tail = 0},
                   b.cols, width, [] {});
  }
}

/// The same entries, computed as c^T = start^T + b^T a^T in a buffer.
template <Real T> void run_narrow(const Plan<T>& plan) {
  constexpr Index block = 4 * tile_cols<T>;
  alignas(alignment) T sums[narrow * block];
  const auto& [c, a, b, start, start_row, with_gelu, slope, slope_row, next] = plan;
  const bool by_rows = a.col_stride == 1 && a.row_stride != 1;
  const Index most = by_rows ? block : tile_cols<T>;
  for (Index i = 0; i < c.rows; i += most) {
    const Index rows = std::min(most, c.rows - i);
    const Index width = (rows + lanes<T> - 1) / lanes<T> * lanes<T>;
    const View<T> result{sums, c.cols, rows, width};
    if (start) pack<T>(View<const T>{start + i * start_row, rows, c.cols, start_row}.transposed(), sums, width, width);
    const View<const T> some = a.block(i, 0, rows, a.cols);
    if (by_rows)
      transposing_product<T>(result, b.transposed(), some.transposed(), start ? sums : nullptr, width);
    else
      run_columns<T>(some, b, start != nullptr, sums, width);
    if (c.cols == 1 && c.row_stride == 1)
      pack<T>(result, &c(i, 0), rows, rows);
    else
      pack<T>(View<const T>(result).transposed(), &c(i, 0), c.row_stride, c.cols);
    finish(plan, i, rows);
  }
}

template <Real T> void product(const Plan<T>& plan) {
  const auto& [c, a, b, start, start_row, with_gelu, slope, slope_row, next] = plan;
  assert(a.rows == c.rows && b.cols == c.cols && a.cols == b.rows);
  assert(c.col_stride == 1 || c.cols <= 1);
  if (c.rows == 0 || c.cols == 0) return;
  if (c.cols <= dot_columns)
    dot_product<T>(c, a, b, start, start_row);
  else if (c.cols <= narrow && c.rows > c.cols)
    return run_narrow(plan);
  else if (b.col_stride == 1 && a.cols >= 1 && a.cols <= outer_depth)
    outer_product<T>(c, a, b, start, start_row);
  else if (c.rows <= transposing_rows && b.row_stride == 1 && b.col_stride != 1)
    transposing_product<T>(c, a, b, start, start_row);
  else
    return run(plan);
  finish(plan, Index(0), c.rows);
}
}  // namespace detail

/// c = a b, or c + a b. Shapes c (m, n), a (m, k), b (k, n); any may be 0. c has unit column stride and overlaps
/// neither operand; a and b have any strides, fast where one of theirs is 1. Float or double; allocates nothing (about
/// 130 KiB of stack).
///
/// With three columns or more every entry is one chain of multiply_add over k in ascending order, from 0 or c; with one
/// or two it is the sum that dot_product describes. Its bits depend on its row of a, its column of b, k and n alone,
/// not on other rows or columns, tiles or strides. (Only the payload of a NaN may differ.) `next`, here and below, says
/// what is read soon after, for the sake of time alone.
template <Real T>
void gemm(View<T> c, std::type_identity_t<View<const T>> a, std::type_identity_t<View<const T>> b,
          bool accumulate = false, const std::type_identity_t<Next<T>>& next = {}) {
  detail::product<T>(
      {.c = c, .a = a, .b = b, .start = accumulate ? c.data : nullptr, .start_row = c.row_stride, .next = next});
}

/// c = a b + bias, bias (n) added to every row: the sum of gemm, started from bias.
template <Real T>
void gemm_bias(View<T> c, std::type_identity_t<View<const T>> a, std::type_identity_t<View<const T>> b,
               std::type_identity_t<const T*> bias, const std::type_identity_t<Next<T>>& next = {}) {
  detail::product<T>({.c = c, .a = a, .b = b, .start = bias, .start_row = 0, .next = next});
}

/// h = gelu(z) and, unless dh.data is null, dh = gelu'(z), with z = a b + bias. The bits of gemm_bias followed by gelu.
/// h and dh have unit column stride.
template <Real T>
void gemm_bias_gelu(View<T> h, View<T> dh, std::type_identity_t<View<const T>> a, std::type_identity_t<View<const T>> b,
                    std::type_identity_t<const T*> bias, const std::type_identity_t<Next<T>>& next = {}) {
  detail::product<T>({.c = h,
                      .a = a,
                      .b = b,
                      .start = bias,
                      .start_row = 0,
                      .gelu = true,
                      .slope = dh.data,
                      .slope_row = dh.row_stride,
                      .next = next});
}

}  // namespace wsym::inline WSYM_SIMD::kernels
