// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>
#include <utility>

#include "wsym/kernels/view.hpp"

namespace wsym::inline WSYM_SIMD::kernels {
namespace detail {

/// Elements of T in 16 bytes: the part of a register within which every machine moves elements cheaply.
template <Real T> inline constexpr int quad = static_cast<int>(16 / sizeof(T));

/// Lane i of a shuffle that, in each 16 bytes, interleaves blocks of `block` elements of the lower (half = 0) or upper
/// (half = 1) halves of two vectors.
template <Real T> constexpr int interleaved(int i, int block, int half) {
  const int part = (i % quad<T>) / block;
  const int from = (half * quad<T> / (2 * block) + part / 2) * block + i % block;
  return (part % 2) * lanes<T> + i / quad<T> * quad<T> + from;
}

/// Lane i of a shuffle that lines up the even (odd = 0) or odd (odd = 1) 16-byte parts of two vectors.
template <Real T> constexpr int unzipped(int i, int odd) {
  const int part = 2 * (i / quad<T>)+odd;  // counted through both vectors
  return part * quad<T> + i % quad<T>;
}

template <Real T, int Block, int Half, int... I>
[[gnu::always_inline]] inline Vec<T> interleave(Vec<T> a, Vec<T> b, std::integer_sequence<int, I...>) {
  return __builtin_shufflevector(a, b, interleaved<T>(I, Block, Half)...);
}
template <Real T, int Odd, int... I>
[[gnu::always_inline]] inline Vec<T> unzip(Vec<T> a, Vec<T> b, std::integer_sequence<int, I...>) {
  return __builtin_shufflevector(a, b, unzipped<T>(I, Odd)...);
}

/// (a, b) <- the lower and the upper interleaving of (a, b).
template <Real T, int Block> [[gnu::always_inline]] inline void interleave_pair(Vec<T>& a, Vec<T>& b) {
  using All = std::make_integer_sequence<int, lanes<T>>;
  const Vec<T> low = interleave<T, Block, 0>(a, b, All{});
  b = interleave<T, Block, 1>(a, b, All{});
  a = low;
}
template <Real T> [[gnu::always_inline]] inline void unzip_pair(Vec<T>& a, Vec<T>& b) {
  using All = std::make_integer_sequence<int, lanes<T>>;
  const Vec<T> even = unzip<T, 0>(a, b, All{});
  b = unzip<T, 1>(a, b, All{});
  a = even;
}

/// Transposes a square of lanes x lanes elements in registers: first inside 16 bytes, then the 16-byte parts.
template <Real T> [[gnu::always_inline]] inline void transpose(Vec<T> (&r)[lanes<T>]) {
  constexpr int q = quad<T>, parts = lanes<T> / q;
  WSYM_UNROLL
  for (int g = 0; g < lanes<T>; g += q) {
    if constexpr (q == 4) {
      interleave_pair<T, 1>(r[g], r[g + 1]);
      interleave_pair<T, 1>(r[g + 2], r[g + 3]);
      std::swap(r[g + 1], r[g + 2]);
      interleave_pair<T, 2>(r[g], r[g + 1]);
      interleave_pair<T, 2>(r[g + 2], r[g + 3]);
    } else {
      interleave_pair<T, 1>(r[g], r[g + 1]);
    }
  }
  WSYM_UNROLL
  for (int e = 0; e < q; ++e) {
    if constexpr (parts == 4) {
      unzip_pair<T>(r[e], r[q + e]);
      unzip_pair<T>(r[2 * q + e], r[3 * q + e]);
      unzip_pair<T>(r[e], r[2 * q + e]);
      unzip_pair<T>(r[q + e], r[3 * q + e]);
    } else if constexpr (parts == 2) {
      unzip_pair<T>(r[e], r[q + e]);
    }
  }
}

/// r[i] holds row i of the square at p, of which `cols` <= lanes columns of `rows` <= lanes elements lie `stride`
/// apart; the rest of r is 0.
template <Real T>
[[gnu::always_inline]] inline void load_square(const T* p, Index stride, Index rows, Index cols,
                                               Vec<T> (&r)[lanes<T>]) {
  if (rows == lanes<T> && cols == lanes<T>) {
    WSYM_UNROLL
    for (int j = 0; j < lanes<T>; ++j) r[j] = load(p + j * stride);
  } else {
    WSYM_UNROLL
    for (int j = 0; j < lanes<T>; ++j) r[j] = j < cols ? load(p + j * stride, rows) : Vec<T>{};
  }
  transpose<T>(r);
}

/// to <- the transpose of a whole square. On its own, so that its loads need two registers for addresses, not sixteen.
template <Real T> [[gnu::noinline]] void copy_square(const T* from, Index from_stride, T* to, Index to_stride) {
  Vec<T> r[lanes<T>];
  load_square(from, from_stride, lanes<T>, lanes<T>, r);
  WSYM_UNROLL
  for (int l = 0; l < lanes<T>; ++l) store(to + l * to_stride, r[l]);
}

template <Real T> void copy_transposed(View<const T> from, T* to, Index to_stride, Index width) {
  for (Index j = 0; j < from.cols; j += lanes<T>)
    for (Index i = 0; i < from.rows; i += lanes<T>) {
      const Index rows = std::min<Index>(lanes<T>, from.rows - i), cols = std::min<Index>(lanes<T>, from.cols - j);
      T* square = to + i * to_stride + j;
      if (rows == lanes<T> && cols == lanes<T>) {
        if (j + 2 * lanes<T> <= from.cols)  // no prefetcher follows sixteen rows
          for (Index l = 0; l < lanes<T>; ++l) __builtin_prefetch(&from(i, j + lanes<T> + l));
        copy_square(&from(i, j), from.col_stride, square, to_stride);
        continue;
      }
      Vec<T> r[lanes<T>];
      load_square(&from(i, j), from.col_stride, rows, cols, r);
      WSYM_UNROLL
      for (int l = 0; l < lanes<T>; ++l)
        if (l < rows) store(square + l * to_stride, r[l], std::min<Index>(lanes<T>, width - j));
    }
}

template <Real T> void copy_rows(View<const T> from, T* to, Index to_stride, Index width) {
  for (Index i = 0; i < from.rows; ++i)
    for (Index j = 0; j < from.cols; j += lanes<T>)
      store(to + i * to_stride + j, load(&from(i, j), std::min<Index>(lanes<T>, from.cols - j)),
            std::min<Index>(lanes<T>, width - j));
}
}  // namespace detail

/// to[i * to_stride + j] = from(i, j); columns from.cols .. width-1 are filled with 0, and width - from.cols is less
/// than the lanes of a vector. Fast where one stride of `from` is 1.
template <Real T> void pack(View<const T> from, T* to, Index to_stride, Index width) {
  if (from.col_stride == 1) return detail::copy_rows<T>(from, to, to_stride, width);
  if (from.row_stride == 1) return detail::copy_transposed<T>(from, to, to_stride, width);
  for (Index i = 0; i < from.rows; ++i)
    for (Index j = 0; j < width; ++j) to[i * to_stride + j] = j < from.cols ? from(i, j) : T(0);
}

}  // namespace wsym::inline WSYM_SIMD::kernels
