// SPDX-License-Identifier: MIT
#include "wsym/kernels/gemm.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "kernels/chains.hpp"

using namespace wsym;
using kernels::View;
using testing::Guarded;
using testing::Layout;
using testing::Numbers;

namespace {

/// The promised bits of one entry.
template <class T> T promised(View<const T> a, View<const T> b, Index i, Index j, T start) {
  return b.cols <= 2 ? testing::lane_chains(a, b, i, j, start) : testing::chain(a, b, i, j, start);
}

/// Entries of c that are not as promised from start(i, j), or further from the value in double than rounding explains.
template <class T, class F> int wrong_entries(View<const T> c, Guarded<T>& a, Guarded<T>& b, F&& start) {
  const auto expected = reference::product(a.matrix(), b.matrix());
  const auto terms = static_cast<double>(a.view().cols + 1);
  const double tolerance = terms * terms * std::numeric_limits<T>::epsilon();
  int wrong = 0;
  for (Index i = 0; i < c.rows; ++i)
    for (Index j = 0; j < c.cols; ++j) {
      const T first = start(i, j);
      if (!testing::same_bits(c(i, j), promised<T>(a.view(), b.view(), i, j, first))) ++wrong;
      if (!(std::abs(c(i, j) - (expected(i, j) + first)) <= tolerance)) ++wrong;
    }
  return wrong;
}

/// Products of one shape in every mode; the number of wrong entries and stray writes.
template <class T> int wrong_products(Index m, Index k, Index n, Layout of_a, Layout of_b) {
  Numbers next(static_cast<std::uint32_t>(m * 10007 + k * 101 + n));
  Guarded<T> a(m, k, of_a), b(k, n, of_b, 2), bias(1, n), first(m, n);
  a.fill(next), b.fill(next), bias.fill(next), first.fill(next);
  int wrong = 0;

  Guarded<T> plain(m, n, Layout::by_rows, 3);
  gemm(plain.view(), a.view(), b.view());
  wrong += wrong_entries<T>(plain.view(), a, b, [](Index, Index) { return T(0); }) + !plain.intact();

  Guarded<T> onto = first;
  gemm(onto.view(), a.view(), b.view(), true);
  wrong += wrong_entries<T>(onto.view(), a, b, [&](Index i, Index j) { return first(i, j); }) + !onto.intact();

  Guarded<T> biased(m, n);
  gemm_bias(biased.view(), a.view(), b.view(), bias.data());
  wrong += wrong_entries<T>(biased.view(), a, b, [&](Index, Index j) { return bias[j]; }) + !biased.intact();

  Guarded<T> h(m, n, Layout::by_rows, 2), dh(m, n), alone(m, n), y(m, n), dy(m, n);
  gemm_bias_gelu(h.view(), dh.view(), a.view(), b.view(), bias.data());
  gemm_bias_gelu(alone.view(), View<T>{nullptr, m, n, n}, a.view(), b.view(), bias.data());
  for (Index i = 0; i < m; ++i) kernels::gelu<T>(&biased(i, 0), &y(i, 0), &dy(i, 0), n);
  for (Index i = 0; i < m; ++i)
    for (Index j = 0; j < n; ++j)
      wrong += !testing::same_bits(h(i, j), y(i, j)) + !testing::same_bits(dh(i, j), dy(i, j)) +
               !testing::same_bits(alone(i, j), y(i, j));
  return wrong + !h.intact() + !dh.intact() + !alone.intact();
}

constexpr Layout layouts[] = {Layout::by_rows, Layout::by_columns, Layout::strided};

}  // namespace

TEST_CASE_TEMPLATE("gemm: every entry is the promised sum over k from 0, c or bias, for all hard sizes", T, float,
                   double) {
  for (Index m : testing::hard_sizes)
    for (Index k : testing::hard_sizes)
      for (Index n : testing::hard_sizes) {
        CAPTURE(m);
        CAPTURE(k);
        CAPTURE(n);
        const auto pick = static_cast<std::size_t>(m + 2 * k + n);  // each pair of layouts meets each residue
        CHECK(wrong_products<T>(m, k, n, layouts[pick % 3], layouts[pick / 3 % 3]) == 0);
      }
}

TEST_CASE_TEMPLATE("gemm: all layouts of both operands give the same entries", T, float, double) {
  for (Layout of_a : layouts)
    for (Layout of_b : layouts)
      for (Index n : {1, 2, 9, 10, 13, 33, 93}) {
        CAPTURE(n);
        CHECK(wrong_products<T>(19, 21, n, of_a, of_b) == 0);
        CHECK(wrong_products<T>(n, 35, 19, of_a, of_b) == 0);
      }
}

TEST_CASE_TEMPLATE("gemm: products beyond one block of depth or rows keep the order of terms", T, float, double) {
  CHECK(wrong_products<T>(5, 1000, 70, Layout::by_rows, Layout::by_columns) == 0);
  CHECK(wrong_products<T>(70, 401, 5, Layout::by_rows, Layout::by_columns) == 0);
  CHECK(wrong_products<T>(10, 500, 93, Layout::by_columns, Layout::by_rows) == 0);
  CHECK(wrong_products<T>(400, 30, 20, Layout::by_rows, Layout::by_columns) == 0);
  CHECK(wrong_products<T>(385, 401, 3, Layout::by_rows, Layout::by_columns) == 0);
  CHECK(wrong_products<T>(1, 401, 300, Layout::by_columns, Layout::by_rows) == 0);
  CHECK(wrong_products<T>(2, 401, 300, Layout::by_columns, Layout::by_rows) == 0);
  CHECK(wrong_products<T>(1, 1100, 300, Layout::by_rows, Layout::by_columns) == 0);
  CHECK(wrong_products<T>(3, 600, 300, Layout::by_rows, Layout::by_columns) == 0);
  CHECK(wrong_products<T>(40, 1100, 2, Layout::by_rows, Layout::by_rows) == 0);
}

TEST_CASE_TEMPLATE("gemm: without depth the product is 0, c or bias; without rows or columns nothing happens", T, float,
                   double) {
  for (Index m : {1, 3, 40})
    for (Index n : {1, 3, 40}) CHECK(wrong_products<T>(m, 0, n, Layout::by_rows, Layout::by_columns) == 0);
  CHECK(wrong_products<T>(0, 3, 5, Layout::by_rows, Layout::by_rows) == 0);
  CHECK(wrong_products<T>(5, 3, 0, Layout::by_rows, Layout::by_rows) == 0);
}

TEST_CASE_TEMPLATE("gemm: what is read next changes no bit", T, float, double) {
  Numbers numbers;
  for (const auto& [m, k, n] :
       {std::array<Index, 3>{1, 5, 100}, {64, 64, 128}, {30, 900, 65}, {400, 7, 20}, {0, 3, 3}}) {
    Guarded<T> a(m, k, Layout::by_columns), b(k, n), bias(1, n), plain(m, n), hinted(m, n);
    a.fill(numbers), b.fill(numbers), bias.fill(numbers);
    const std::vector<T> soon(1000), later(1);
    const kernels::Next<T> next{View<const T>{soon.data(), 50, 20, 20}, View<const T>{later.data(), 1, 1, 7}};
    const auto compare = [&] {
      int wrong = !hinted.intact();
      for (Index i = 0; i < plain.view().rows; ++i)
        for (Index j = 0; j < plain.view().cols; ++j) wrong += !testing::same_bits(plain(i, j), hinted(i, j));
      CHECK(wrong == 0);
    };
    gemm(plain.view(), a.view(), b.view());
    gemm(hinted.view(), a.view(), b.view(), false, next);
    compare();
    gemm_bias(plain.view(), a.view(), b.view(), bias.data());
    gemm_bias(hinted.view(), a.view(), b.view(), bias.data(), next);
    compare();
    gemm_bias_gelu(plain.view(), View<T>{nullptr, m, n, n}, a.view(), b.view(), bias.data());
    gemm_bias_gelu(hinted.view(), View<T>{nullptr, m, n, n}, a.view(), b.view(), bias.data(), next);
    compare();
  }
}

TEST_CASE_TEMPLATE("gemm: a row alone has the bits it has in a batch, through a whole network", T, float, double) {
  for (Index out : {1, 2, 9, 10, 17}) {
    CAPTURE(out);
    constexpr Index rows = 77, in = 93, hidden = 65;
    Numbers next;
    Guarded<T> x(rows, in), w1(hidden, in), b1(1, hidden), w2(out, hidden), b2(1, out);
    x.fill(next), w1.fill(next), b1.fill(next), w2.fill(next), b2.fill(next);
    Guarded<T> h(rows, hidden), dh(rows, hidden), y(rows, out), h1(1, hidden), dh1(1, hidden), y1(1, out);
    gemm_bias_gelu(h.view(), dh.view(), x.view(), w1.view().transposed(), b1.data());
    gemm_bias(y.view(), h.view(), w2.view().transposed(), b2.data());
    int wrong = 0;
    for (Index i = 0; i < rows; ++i) {
      gemm_bias_gelu(h1.view(), dh1.view(), x.view().block(i, 0, 1, in), w1.view().transposed(), b1.data());
      gemm_bias(y1.view(), h1.view(), w2.view().transposed(), b2.data());
      for (Index j = 0; j < hidden; ++j) wrong += !testing::same_bits(dh1[j], dh(i, j));
      for (Index j = 0; j < out; ++j) wrong += !testing::same_bits(y1[j], y(i, j));
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE_TEMPLATE("gemm: agrees with Eigen's product on the shapes in use", T, float, double) {
  using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  struct Layer {
    Index rows, in, out;
  };
  for (const Layer layer : {Layer{256, 8, 64},
                            {256, 93, 128},
                            {256, 784, 64},
                            {256, 64, 1},
                            {256, 64, 2},
                            {256, 128, 9},
                            {256, 64, 10},
                            {37, 128, 128},
                            {1, 93, 128}}) {
    const Index rows = layer.rows, in = layer.in, out = layer.out;
    CAPTURE(in);
    CAPTURE(out);
    Numbers next;
    const Matrix x = Matrix::NullaryExpr(rows, in, [&] { return static_cast<T>(next()); });
    const Matrix w = Matrix::NullaryExpr(out, in, [&] { return static_cast<T>(next()); });
    const Matrix dy = Matrix::NullaryExpr(rows, out, [&] { return static_cast<T>(next()); });
    const auto view = [](const Matrix& m) {
      return View<const T>{m.data(), m.rows(), m.cols(), m.cols()};
    };
    const auto result = [](Matrix& m) {
      return View<T>{m.data(), m.rows(), m.cols(), m.cols()};
    };
    Matrix y(rows, out), dx(rows, in), dw(out, in);
    gemm(result(y), view(x), view(w).transposed());
    gemm(result(dx), view(dy), view(w));
    gemm(result(dw), view(dy).transposed(), view(x));
    const T tolerance = 100 * std::numeric_limits<T>::epsilon();
    CHECK((y - x.lazyProduct(w.transpose())).cwiseAbs().maxCoeff() <= tolerance * std::sqrt(static_cast<T>(in)));
    CHECK((dx - dy.lazyProduct(w)).cwiseAbs().maxCoeff() <= tolerance * std::sqrt(static_cast<T>(out)));
    CHECK((dw - dy.transpose().lazyProduct(x)).cwiseAbs().maxCoeff() <= tolerance * std::sqrt(static_cast<T>(rows)));
  }
}

TEST_CASE_TEMPLATE("gemm: infinities and NaN stay in their rows and columns", T, float, double) {
  Guarded<T> a(5, 4), b(4, 19), c(5, 19);
  a.fill([] { return 1; }), b.fill([] { return 2; });
  a(1, 2) = std::numeric_limits<T>::infinity();
  b(3, 17) = std::numeric_limits<T>::quiet_NaN();
  gemm(c.view(), a.view(), b.view());
  for (Index i = 0; i < 5; ++i)
    for (Index j = 0; j < 19; ++j) {
      if (j == 17)
        CHECK(std::isnan(c(i, j)));
      else
        CHECK(c(i, j) == (i == 1 ? std::numeric_limits<T>::infinity() : T(8)));
    }
}
