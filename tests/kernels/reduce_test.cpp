// SPDX-License-Identifier: MIT
#include "wsym/kernels/reduce.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "kernels/guarded.hpp"

using namespace wsym;
using testing::Guarded;

TEST_CASE_TEMPLATE("sum, squared_norm: agree with plain sums in double at every length", T, float, double) {
  for (Index n : {0, 1, 3, 7, 16, 17, 63, 64, 65, 255, 1023, 1025, 5000, 100003}) {
    testing::Numbers next;
    Guarded<T> x(1, n);
    x.fill(next);
    long double sum = 0, size = 0, squares = 0;
    for (Index i = 0; i < n; ++i) sum += x[i], size += std::abs(x[i]), squares += static_cast<long double>(x[i]) * x[i];
    const double tolerance = 30 * std::numeric_limits<T>::epsilon();  // a leaf of 16 additions a lane, then a tree
    CAPTURE(n);
    CHECK(std::abs(kernels::sum<T>(x.data(), n) - sum) <= tolerance * size);
    CHECK(std::abs(kernels::squared_norm<T>(x.data(), n) - squares) <= tolerance * squares);
  }
}

TEST_CASE_TEMPLATE("sum: the same bits at any alignment", T, float, double) {
  for (Index n : {17, 1000, 4099}) {
    T first = 0;
    for (Index offset : {0, 1, 2, 3, 5}) {
      testing::Numbers next;
      Guarded<T> x(1, n, testing::Layout::by_rows, offset);
      x.fill(next);
      const T sum = kernels::sum<T>(x.data(), n);
      if (offset == 0) first = sum;
      CHECK(testing::same_bits(sum, first));
    }
  }
}

TEST_CASE_TEMPLATE("column_sums: agree with plain sums; a column's bits do not depend on the others", T, float,
                   double) {
  for (Index rows : {0, 1, 3, 31, 32, 33, 65, 256, 1000})
    for (Index cols : {1, 2, 9, 10, 16, 17, 63, 64, 65, 130}) {
      testing::Numbers next;
      Guarded<T> x(rows, cols), out(1, cols), more(1, cols), one(1, 1);
      x.fill(next), more.fill([] { return 1; });
      kernels::column_sums(x.view(), out.data());
      kernels::column_sums(x.view(), more.data(), true);
      int wrong = !out.intact() + !more.intact();
      for (Index j = 0; j < cols; ++j) {
        double sum = 0;
        for (Index i = 0; i < rows; ++i) sum += x(i, j);
        const double tolerance = 40 * std::numeric_limits<T>::epsilon() * static_cast<double>(rows);
        wrong += !(std::abs(out[j] - sum) <= tolerance) + (more[j] != T(1) + out[j]);
        kernels::column_sums(x.view().block(0, j, rows, 1), one.data());
        wrong += !testing::same_bits(one[0], out[j]);
      }
      CAPTURE(rows);
      CAPTURE(cols);
      CHECK(wrong == 0);
    }
}

TEST_CASE_TEMPLATE("scale_and_sum_columns: the bits of a product, then of column_sums", T, float, double) {
  for (Index rows : {0, 1, 31, 33, 256})
    for (Index cols : {1, 9, 16, 63, 64, 130})
      for (bool accumulate : {false, true}) {
        testing::Numbers next;
        Guarded<T> x(rows, cols), factor(rows, cols), out(1, cols), scaled(rows, cols), sums(1, cols);
        x.fill(next), factor.fill(next), out.fill(next);
        for (Index j = 0; j < cols; ++j) sums[j] = out[j];
        for (Index i = 0; i < rows; ++i)
          for (Index j = 0; j < cols; ++j) scaled(i, j) = x(i, j) * factor(i, j);
        kernels::column_sums(scaled.view(), sums.data(), accumulate);
        kernels::scale_and_sum_columns(x.view(), factor.view(), out.data(), accumulate);
        int wrong = !x.intact() + !out.intact();
        for (Index j = 0; j < cols; ++j) {
          wrong += !testing::same_bits(out[j], sums[j]);
          for (Index i = 0; i < rows; ++i) wrong += !testing::same_bits(x(i, j), scaled(i, j));
        }
        CAPTURE(rows);
        CAPTURE(cols);
        CHECK(wrong == 0);
      }
}
