// SPDX-License-Identifier: MIT
#include "wsym/kernels/narrow.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "kernels/guarded.hpp"

using namespace wsym;
using testing::Guarded;
using testing::Layout;

TEST_CASE_TEMPLATE("add_product_transposed: adds (a b)^T for every width it serves", T, float, double) {
  constexpr Index lanes = kernels::lanes<T>;
  for (Index rows : {1, 3, 7, 16, 17, 40})
    for (Index depth : testing::hard_sizes)
      for (Index cols = 1; cols <= kernels::narrow_cols; ++cols) {
        testing::Numbers next;
        const Index width = (rows + lanes - 1) / lanes * lanes;
        Guarded<T> a(rows, depth), b(depth, cols, depth % 2 ? Layout::by_rows : Layout::by_columns);
        Guarded<T> sums(cols, width);
        a.fill(next), b.fill(next), sums.fill([] { return 3; });
        kernels::add_product_transposed<T>(a.view(), b.view(), sums.data(), sums.view().row_stride);
        const auto expected = reference::product(a.matrix(), b.matrix());
        const double tolerance = 4 * static_cast<double>(depth) * std::numeric_limits<T>::epsilon();
        int wrong = !sums.intact();
        for (Index i = 0; i < rows; ++i)
          for (Index j = 0; j < cols; ++j) wrong += !(std::abs(sums(j, i) - 3 - expected(i, j)) <= tolerance);
        CAPTURE(rows);
        CAPTURE(depth);
        CAPTURE(cols);
        CHECK(wrong == 0);
      }
}
