// SPDX-License-Identifier: MIT
#include "wsym/kernels/tile.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "kernels/guarded.hpp"

using namespace wsym;
using testing::Guarded;

TEST_CASE_TEMPLATE("tile_column: every number of rows and columns of a panel, with and without a start", T, float,
                   double) {
  constexpr Index most = 2 * kernels::tile_cols<T>, depth = 5;
  for (Index rows = 1; rows <= 13; ++rows)
    for (Index cols = 1; cols <= most; ++cols) {
      if (cols > kernels::tile_cols<T> && cols != kernels::most_cols<T>(rows, cols)) continue;
      testing::Numbers next;
      Guarded<T> a(rows, depth, testing::Layout::by_columns), b(depth, most), start(rows, cols), c(rows, cols);
      a.fill(next), b.fill(next), start.fill(next);
      const bool started = (rows + cols) % 2 == 0;
      int tiles = 0;
      kernels::tile_column<T>({.a = a.data(),
                               .a_row = 1,
                               .a_col = a.view().col_stride,
                               .b = b.data(),
                               .b_row = b.view().row_stride,
                               .depth = depth,
                               .start = started ? start.data() : nullptr,
                               .start_row = start.view().row_stride,
                               .c = c.data(),
                               .c_row = c.view().row_stride,
                               .tail = 0},
                              rows, cols, [&] { ++tiles; });
      const auto expected = reference::product(a.matrix(), b.matrix());
      int wrong = !c.intact();
      for (Index i = 0; i < rows; ++i)
        for (Index j = 0; j < cols; ++j) {
          const double value = expected(i, j) + (started ? start(i, j) : T(0));
          wrong += !(std::abs(c(i, j) - value) <= 20 * std::numeric_limits<T>::epsilon());
        }
      CAPTURE(rows);
      CAPTURE(cols);
      CHECK(wrong == 0);
      const int vectors = static_cast<int>((cols + kernels::lanes<T> - 1) / kernels::lanes<T>);
      const Index height = vectors > kernels::tile_vectors ? 2 : kernels::tile_rows(vectors);
      CHECK(tiles == (rows + height - 1) / height);
    }
}
