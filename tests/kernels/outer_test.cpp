// SPDX-License-Identifier: MIT
#include "wsym/kernels/outer.hpp"

#include <doctest/doctest.h>

#include "kernels/chains.hpp"

using namespace wsym;
using testing::Guarded;
using testing::Layout;

TEST_CASE_TEMPLATE("outer_product: start + a b by the chain, for any rows and columns", T, float, double) {
  for (Index depth = 1; depth <= kernels::outer_depth; ++depth)
    for (Index rows : {1, 3, 31, 32, 33, 70})
      for (Index cols : {1, 3, 15, 16, 17, 63, 64, 65, 93, 130})
        for (int started = 0; started <= 2; ++started) {
          testing::Numbers next;
          Guarded<T> a(rows, depth, rows % 2 ? Layout::by_rows : Layout::strided), b(depth, cols);
          Guarded<T> start(started == 1 ? 1 : rows, cols), c(rows, cols);
          a.fill(next), b.fill(next), start.fill(next);
          const Index start_row = started == 1 ? 0 : start.view().row_stride;
          const T* from = started == 0 ? nullptr : start.data();
          kernels::outer_product<T>(c.view(), a.view(), b.view(), from, start_row);
          int wrong = !c.intact();
          for (Index i = 0; i < rows; ++i)
            for (Index j = 0; j < cols; ++j) {
              const T first = from ? from[i * start_row + j] : T(0);
              wrong += !testing::same_bits(c(i, j), testing::chain<T>(a.view(), b.view(), i, j, first));
            }
          CAPTURE(depth);
          CAPTURE(rows);
          CAPTURE(cols);
          CAPTURE(started);
          CHECK(wrong == 0);
        }
}
