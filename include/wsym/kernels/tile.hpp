// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>
#include <array>
#include <utility>

#include "wsym/kernels/ahead.hpp"

namespace wsym::inline WSYM_SIMD::kernels {

// A tile's accumulators, one row of B and one broadcast of A fill the registers: 32 of them, or 16.
#if defined(__AVX512F__) || (defined(__aarch64__) && defined(__ARM_NEON))
inline constexpr int tile_vectors = 4;
#else
inline constexpr int tile_vectors = 2;
#endif
/// Rows of a tile. A tile one vector wide is taller: eight sums in flight hide the latency of an addition.
constexpr int tile_rows(int vectors) {
  return vectors == 1 ? 8 : 6;
}
template <Real T> inline constexpr int tile_cols = tile_vectors* lanes<T>;

/// What a tile computes: c = start + a b, with rows and columns set by the tile. `start` is null for 0, may be c
/// itself, and repeats one row when its stride is 0. The last vector has `tail` columns (1 .. lanes) in c and start,
/// but is full in b.
template <Real T> struct TileJob {
  const T* a;
  Index a_row, a_col;
  const T* b;
  Index b_row;
  Index depth;
  const T* start;
  Index start_row;
  T* c;
  Index c_row;
  Index tail;
};

/// Each entry is one chain of multiply_add over ascending depth, whatever the tile: this is the library's one inner
/// loop.
template <Real T, int Rows, int Vectors> void tile(const TileJob<T>& job) {
  constexpr int last = (Vectors - 1) * lanes<T>;
  Vec<T> sum[Rows][Vectors];
  WSYM_UNROLL
  for (int i = 0; i < Rows; ++i) {
    WSYM_UNROLL
    for (int j = 0; j < Vectors; ++j) sum[i][j] = Vec<T>{};
  }
  if (job.start) {
    WSYM_UNROLL
    for (int i = 0; i < Rows; ++i) {
      const T* row = job.start + i * job.start_row;
      WSYM_UNROLL
      for (int j = 0; j < Vectors - 1; ++j) sum[i][j] = load(row + j * lanes<T>);
      sum[i][Vectors - 1] = load(row + last, job.tail);
    }
  }
  const T* a = job.a;
  const T* b = job.b;
  for (Index p = 0; p < job.depth; ++p, a += job.a_col, b += job.b_row) {
    Vec<T> row[Vectors];
    WSYM_UNROLL
    for (int j = 0; j < Vectors; ++j) row[j] = in_register<T>(load(b + j * lanes<T>));
    WSYM_UNROLL
    for (int i = 0; i < Rows; ++i) {
      const Vec<T> factor = broadcast(a[i * job.a_row]);
      WSYM_UNROLL
      for (int j = 0; j < Vectors; ++j) sum[i][j] = multiply_add<T>(factor, row[j], sum[i][j]);
    }
  }
  WSYM_UNROLL
  for (int i = 0; i < Rows; ++i) {
    T* row = job.c + i * job.c_row;
    WSYM_UNROLL
    for (int j = 0; j < Vectors - 1; ++j) store<T>(row + j * lanes<T>, sum[i][j]);
    store<T>(row + last, sum[i][Vectors - 1], job.tail);
  }
}

namespace detail {
template <Real T> using TileFunction = void (*)(const TileJob<T>&);

template <Real T, int Vectors, int... I> constexpr auto tiles_of(std::integer_sequence<int, I...>) {
  return std::array<TileFunction<T>, 12>{&tile<T, I + 1, Vectors>...};
}
template <Real T, int... V> constexpr auto all_tiles(std::integer_sequence<int, V...>) {
  return std::array{tiles_of<T, V + 1>(std::make_integer_sequence<int, tile_rows(V + 1)>{})...};
}
}  // namespace detail

/// The columns that tile_column takes at once of those that are left: one or two rows take twice as many, where there
/// are, for enough sums in flight.
template <Real T> constexpr Index most_cols(Index rows, Index cols) {
  return rows <= 2 && cols >= 2 * tile_cols<T> ? 2 * tile_cols<T> : tile_cols<T>;
}

/// c = start + a b for up to tile_cols columns, or for most_cols, and any number of rows, which are shared out evenly
/// among the tiles. job.a, job.c and job.start stand at the first row. Before each tile f() is called.
template <Real T, class F> void tile_column(TileJob<T> job, Index rows, Index cols, const F& f) {
  static constexpr auto tiles = detail::all_tiles<T>(std::make_integer_sequence<int, tile_vectors>{});
  const Index vectors = (cols + lanes<T> - 1) / lanes<T>;
  job.tail = cols - (vectors - 1) * lanes<T>;
  if (vectors > tile_vectors) {
    f();
    return rows == 1 ? tile<T, 1, 2 * tile_vectors>(job) : tile<T, 2, 2 * tile_vectors>(job);
  }
  const auto& of_rows = tiles[static_cast<std::size_t>(vectors - 1)];
  const Index most = tile_rows(static_cast<int>(vectors)), count = (rows + most - 1) / most;
  const Index least = rows / count, longer = rows % count;
  for (Index t = 0; t < count; ++t) {
    const Index now = least + (t < longer ? 1 : 0);
    f();
    of_rows[static_cast<std::size_t>(now - 1)](job);
    job.a += now * job.a_row;
    job.c += now * job.c_row;
    if (job.start) job.start += now * job.start_row;
  }
}

}  // namespace wsym::inline WSYM_SIMD::kernels
