// SPDX-License-Identifier: MIT
#include "wsym/kernels/pack.hpp"

#include <doctest/doctest.h>

#include "kernels/guarded.hpp"

using namespace wsym;
using testing::Guarded;
using testing::Layout;

TEST_CASE_TEMPLATE("pack: copies exactly, from any layout, and fills the last vector with 0", T, float, double) {
  constexpr Index lanes = kernels::lanes<T>;
  for (Index rows : testing::hard_sizes)
    for (Index cols : testing::hard_sizes)
      for (Layout layout : {Layout::by_rows, Layout::by_columns, Layout::strided})
        for (Index width : {cols, (cols + lanes - 1) / lanes * lanes}) {
          testing::Numbers next;
          Guarded<T> from(rows, cols, layout), to(rows, width);
          from.fill(next);
          kernels::pack<T>(from.view(), to.data(), to.view().row_stride, width);
          int wrong = !to.intact();
          for (Index i = 0; i < rows; ++i)
            for (Index j = 0; j < width; ++j) wrong += to(i, j) != (j < cols ? from(i, j) : T(0));
          CAPTURE(rows);
          CAPTURE(cols);
          CHECK(wrong == 0);
        }
}
