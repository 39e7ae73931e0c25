// SPDX-License-Identifier: MIT
#include "wsym/kernels/dots.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "kernels/chains.hpp"

using namespace wsym;
using testing::Guarded;
using testing::Layout;

TEST_CASE_TEMPLATE("dot_product: start + a b by lanes and blocks, for any rows, terms and layouts", T, float, double) {
  constexpr Layout layouts[] = {Layout::by_rows, Layout::by_columns, Layout::strided};
  for (Index cols = 1; cols <= kernels::dot_columns; ++cols)
    for (Index rows : {1, 2, 3, 7, 8, 9, 16, 17, 40})
      for (Index depth : {0, 1, 3, 15, 16, 17, 64, 93, 511, 512, 513, 1040})
        for (int started = 0; started <= 2; ++started) {
          testing::Numbers next;
          const auto pick = static_cast<std::size_t>(rows + depth);
          Guarded<T> a(rows, depth, layouts[pick % 3]), b(depth, cols, layouts[pick / 3 % 3], 2);
          Guarded<T> start(started == 1 ? 1 : rows, cols), c(rows, cols), dense(1, rows * cols);
          a.fill(next), b.fill(next), start.fill(next);
          const Index start_row = started == 1 ? 0 : start.view().row_stride;
          const T* from = started == 0 ? nullptr : start.data();
          kernels::dot_product<T>(c.view(), a.view(), b.view(), from, start_row);
          kernels::dot_product<T>({dense.data(), rows, cols, cols}, a.view(), b.view(), from, start_row);
          int wrong = !c.intact() + !dense.intact();
          for (Index i = 0; i < rows; ++i)
            for (Index j = 0; j < cols; ++j) {
              const T first = from ? from[i * start_row + j] : T(0);
              const T expected = testing::lane_chains<T>(a.view(), b.view(), i, j, first);
              wrong += !testing::same_bits(c(i, j), expected) + !testing::same_bits(dense[i * cols + j], expected);
            }
          CAPTURE(cols);
          CAPTURE(rows);
          CAPTURE(depth);
          CAPTURE(started);
          CHECK(wrong == 0);
        }
}

TEST_CASE_TEMPLATE("dot_product: adds to c in place", T, float, double) {
  testing::Numbers next;
  Guarded<T> a(21, 600), b(600, 2, Layout::by_columns), c(21, 2);
  a.fill(next), b.fill(next), c.fill(next);
  Guarded<T> before = c;
  kernels::dot_product<T>(c.view(), a.view(), b.view(), c.data(), c.view().row_stride);
  for (Index i = 0; i < 21; ++i)
    for (Index j = 0; j < 2; ++j) CHECK(c(i, j) == testing::lane_chains<T>(a.view(), b.view(), i, j, before(i, j)));
  CHECK(c.intact());
}
