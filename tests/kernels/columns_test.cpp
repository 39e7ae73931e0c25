// SPDX-License-Identifier: MIT
#include "wsym/kernels/columns.hpp"

#include <doctest/doctest.h>

#include "kernels/guarded.hpp"

using namespace wsym;
using testing::Guarded;

TEST_CASE_TEMPLATE("scale_columns, affine_columns: every column by its number, or added, or shifted", T, float,
                   double) {
  for (const Index rows : {0, 1, 3, 17})
    for (const Index cols : testing::hard_sizes) {
      testing::Numbers next;
      Guarded<T> x(rows, cols), y(rows, cols), sum(rows, cols), affine(rows, cols), s(1, cols), b(1, cols);
      x.fill(next), s.fill(next), b.fill(next), sum.fill([] { return 1; });
      kernels::scale_columns<T>(x.view(), s.data(), y.view());
      kernels::scale_columns<T>(x.view(), s.data(), sum.view(), true);
      kernels::affine_columns<T>(x.view(), s.data(), b.data(), affine.view());
      int wrong = !y.intact() + !sum.intact() + !affine.intact();
      const double tolerance = 4 * static_cast<double>(std::numeric_limits<T>::epsilon());
      for (Index i = 0; i < rows; ++i)
        for (Index j = 0; j < cols; ++j) {
          const double product = static_cast<double>(s[j]) * static_cast<double>(x(i, j));
          wrong += !testing::same_bits(y(i, j), static_cast<T>(s[j] * x(i, j)));
          wrong += !(std::abs(static_cast<double>(sum(i, j)) - 1 - product) <= tolerance);
          wrong += !(std::abs(static_cast<double>(affine(i, j) - b[j]) - product) <= tolerance);
        }
      CAPTURE(rows);
      CAPTURE(cols);
      CHECK(wrong == 0);
    }
}

TEST_CASE_TEMPLATE("scale_columns, affine_columns: a row has the same bits alone, and in place", T, float, double) {
  for (const Index cols : testing::hard_sizes) {
    testing::Numbers next;
    Guarded<T> x(5, cols), scaled(5, cols), affine(5, cols), s(1, cols), b(1, cols), row(1, cols);
    x.fill(next), s.fill(next), b.fill(next);
    kernels::scale_columns<T>(x.view(), s.data(), scaled.view());
    kernels::affine_columns<T>(x.view(), s.data(), b.data(), affine.view());
    int wrong = 0;
    for (Index i = 0; i < 5; ++i) {
      kernels::affine_columns<T>(x.view().block(i, 0, 1, cols), s.data(), b.data(), row.view());
      for (Index j = 0; j < cols; ++j) wrong += !testing::same_bits(row[j], affine(i, j));
    }
    kernels::scale_columns<T>(x.view(), s.data(), x.view());
    wrong += x.matrix().values != scaled.matrix().values;
    CAPTURE(cols);
    CHECK(wrong == 0);
  }
}
