// SPDX-License-Identifier: MIT
#include "wsym/kernels/rows.hpp"

#include <doctest/doctest.h>

#include <numeric>

#include "kernels/guarded.hpp"

using namespace wsym;
using testing::Guarded;

namespace {
/// The hard sizes and the widths of the paper's outputs.
constexpr Index widths[] = {1, 2, 3, 7, 9, 10, 16, 17, 63, 64, 65};

template <class T> constexpr double tolerance(Index terms) {
  return static_cast<double>(2 * terms) * std::numeric_limits<T>::epsilon();
}
}  // namespace

TEST_CASE_TEMPLATE("scale_rows: multiplies every row by its number, or adds that", T, float, double) {
  for (const Index rows : {0, 1, 3, 17})
    for (const Index cols : widths)
      for (const Index stride : {1, 3}) {
        testing::Numbers next;
        Guarded<T> x(rows, cols), y(rows, cols), sum(rows, cols), scale(1, rows * stride + 1);
        x.fill(next), scale.fill(next), y.fill(next), sum.fill([] { return 1; });
        kernels::scale_rows<T>(x.view(), scale.data(), stride, y.view(), false);
        kernels::scale_rows<T>(x.view(), scale.data(), stride, sum.view(), true);
        int wrong = !y.intact() + !sum.intact();
        for (Index i = 0; i < rows; ++i)
          for (Index j = 0; j < cols; ++j) {
            const double expected = static_cast<double>(scale[i * stride]) * static_cast<double>(x(i, j));
            wrong += !testing::same_bits(y(i, j), static_cast<T>(scale[i * stride] * x(i, j)));
            wrong += !(std::abs(static_cast<double>(sum(i, j)) - 1 - expected) <= tolerance<T>(2));
          }
        CAPTURE(rows);
        CAPTURE(cols);
        CHECK(wrong == 0);
      }
}

TEST_CASE_TEMPLATE("add_row: copies, or adds, and writes nothing else", T, float, double) {
  for (const Index cols : widths) {
    testing::Numbers next;
    Guarded<T> x(1, cols), y(1, cols), sum(1, cols);
    x.fill(next), y.fill(next), sum.fill([] { return 1; });
    kernels::add_row(x.data(), y.data(), cols, false);
    kernels::add_row(x.data(), sum.data(), cols, true);
    int wrong = !y.intact() + !sum.intact();
    for (Index j = 0; j < cols; ++j)
      wrong += !testing::same_bits(y(0, j), x(0, j)) + !testing::same_bits(sum(0, j), static_cast<T>(1 + x(0, j)));
    CAPTURE(cols);
    CHECK(wrong == 0);
  }
}

TEST_CASE_TEMPLATE("scale_rows: works in place", T, float, double) {
  testing::Numbers next;
  Guarded<T> x(5, 19), y(5, 19), scale(1, 5);
  x.fill(next), scale.fill(next);
  kernels::scale_rows<T>(x.view(), scale.data(), 1, y.view(), false);
  kernels::scale_rows<T>(x.view(), scale.data(), 1, x.view(), false);
  CHECK(x.matrix().values == y.matrix().values);
  CHECK(x.intact());
}

TEST_CASE_TEMPLATE("row_dots: the inner product of each pair of rows, or adds that", T, float, double) {
  for (const Index rows : {0, 1, 3, 17})
    for (const Index cols : widths)
      for (const Index stride : {1, 3}) {
        testing::Numbers next;
        Guarded<T> x(rows, cols), y(rows, cols), out(1, rows * stride + 1), sum(1, rows * stride + 1);
        x.fill(next), y.fill(next), out.fill([] { return 2; }), sum.fill([] { return 1; });
        kernels::row_dots<T>(x.view(), y.view(), out.data(), stride, false);
        kernels::row_dots<T>(x.view(), y.view(), sum.data(), stride, true);
        int wrong = !out.intact() + !sum.intact();
        for (Index i = 0; i < rows * stride + 1; ++i) {
          const bool between = i % stride != 0 || i >= rows * stride;
          double dot = 0;
          for (Index j = 0; j < cols && !between; ++j)
            dot += static_cast<double>(x(i / stride, j)) * static_cast<double>(y(i / stride, j));
          wrong += !(std::abs(static_cast<double>(out[i]) - (between ? 2 : dot)) <= tolerance<T>(cols));
          wrong += !(std::abs(static_cast<double>(sum[i]) - 1 - dot) <= tolerance<T>(cols));
        }
        CAPTURE(rows);
        CAPTURE(cols);
        CHECK(wrong == 0);
      }
}

TEST_CASE_TEMPLATE("weighted_sum: has the bits of scaling the rows one after the other onto their sum", T, float,
                   double) {
  for (const Index rows : {1, 2, 3, 17})
    for (const Index cols : widths) {
      testing::Numbers next;
      Guarded<T> x(rows, cols), w(1, rows), sum(1, cols), expected(1, cols);
      x.fill(next), w.fill(next);
      kernels::weighted_sum<T>(x.view(), w.data(), sum.data());
      for (Index i = 0; i < rows; ++i)
        kernels::scale_rows<T>(x.view().block(i, 0, 1, cols), &w[i], 1, expected.view(), i > 0);
      int wrong = !sum.intact();
      for (Index j = 0; j < cols; ++j) {
        double plain = 0;
        for (Index i = 0; i < rows; ++i) plain += static_cast<double>(w[i]) * static_cast<double>(x(i, j));
        wrong += !testing::same_bits(sum[j], expected[j]);
        wrong += !(std::abs(static_cast<double>(sum[j]) - plain) <= tolerance<T>(rows));
      }
      CAPTURE(rows);
      CAPTURE(cols);
      CHECK(wrong == 0);
    }
}

TEST_CASE_TEMPLATE("scale_rows, row_dots: a row has the same bits alone as among others", T, float, double) {
  for (const Index cols : widths) {
    testing::Numbers next;
    Guarded<T> x(33, cols), y(33, cols), scaled(33, cols), dots(1, 33), scale(1, 33), row(1, cols), dot(1, 1);
    x.fill(next), y.fill(next), scale.fill(next);
    kernels::scale_rows<T>(x.view(), scale.data(), 1, scaled.view(), false);
    kernels::row_dots<T>(x.view(), y.view(), dots.data(), 1, false);
    int wrong = 0;
    for (Index i = 0; i < 33; ++i) {
      kernels::scale_rows<T>(x.view().block(i, 0, 1, cols), &scale[i], 1, row.view(), false);
      kernels::row_dots<T>(x.view().block(i, 0, 1, cols), y.view().block(i, 0, 1, cols), dot.data(), 1, false);
      wrong += !testing::same_bits(dot[0], dots[i]);
      for (Index j = 0; j < cols; ++j) wrong += !testing::same_bits(row[j], scaled(i, j));
    }
    CAPTURE(cols);
    CHECK(wrong == 0);
  }
}

TEST_CASE_TEMPLATE("top_k_rows: agrees with a stable sort of each row, many equal entries and -inf among them", T,
                   float, double) {
  constexpr T values[] = {-std::numeric_limits<T>::infinity(), T(-1), T(0), T(0.5), T(2)};
  for (const Index rows : {0, 1, 7, 16, 35})
    for (const Index cols : widths)
      for (const Index k : {Index(1), Index(2), Index(4), Index(5), cols})
        for (const Index from : {0, 1}) {  // without and with -inf
          if (k > cols) continue;
          Guarded<T> x(rows, cols);
          testing::Numbers next;
          x.fill([&] {
            return static_cast<double>(
                values[1 - from + static_cast<Index>((next() + 1) / 2 * static_cast<double>(4 + from))]);
          });
          std::vector<T> room(static_cast<std::size_t>(k));
          std::vector<std::int32_t> column(static_cast<std::size_t>(rows * k)), expected;
          kernels::top_k_rows<T>(x.view(), k, room.data(), column.data());
          for (Index i = 0; i < rows; ++i) {
            std::vector<std::int32_t> order(static_cast<std::size_t>(cols));
            std::iota(order.begin(), order.end(), 0);
            std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return x(i, a) > x(i, b); });
            expected.insert(expected.end(), order.begin(), order.begin() + k);
          }
          CAPTURE(rows);
          CAPTURE(cols);
          CAPTURE(k);
          CHECK(column == expected);
        }
}
