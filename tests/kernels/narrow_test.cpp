// SPDX-License-Identifier: MIT
#include "wsym/kernels/narrow.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "kernels/guarded.hpp"

using namespace wsym;
using testing::Guarded;
using testing::Layout;

TEST_CASE_TEMPLATE("transposing_product: start + a b for every number of rows it serves, any depth and width", T, float,
                   double) {
  for (Index rows = 1; rows <= kernels::narrow; ++rows)
    for (Index depth : {0, 1, 7, 16, 17, 65, 31 * 16 + 5, 32 * 16, 33 * 16 + 3})
      for (Index cols : {1, 3, 16, 17, 40}) {
        testing::Numbers next;
        Guarded<T> a(rows, depth, depth % 2 ? Layout::by_rows : Layout::by_columns), b(depth, cols, Layout::by_columns);
        Guarded<T> start(rows, cols), c(rows, cols);
        a.fill(next), b.fill(next), start.fill(next);
        const bool started = (rows + cols) % 2 == 0;
        kernels::transposing_product<T>(c.view(), a.view(), b.view(), started ? start.data() : nullptr,
                                        start.view().row_stride);
        const auto expected = reference::product(a.matrix(), b.matrix());
        const double tolerance = 4 * static_cast<double>(depth) * std::numeric_limits<T>::epsilon();
        int wrong = !c.intact();
        for (Index i = 0; i < rows; ++i)
          for (Index j = 0; j < cols; ++j)
            wrong += !(std::abs(c(i, j) - (started ? start(i, j) : T(0)) - expected(i, j)) <= tolerance);
        CAPTURE(rows);
        CAPTURE(depth);
        CAPTURE(cols);
        CHECK(wrong == 0);
      }
}
