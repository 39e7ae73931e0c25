// SPDX-License-Identifier: MIT
#include "wsym/ops/top_k.hpp"

#include "ops/evaluate.hpp"
#include "reference/sparse.hpp"
#include "wsym/ops/elementwise.hpp"

using namespace wsym;
using test::random_tensor;

namespace {
template <Real T> std::vector<std::int32_t> chosen(const Tensor<T>& x, Index k) {
  Tape<T> tape;
  const std::int32_t* columns = top_k<T>(tape, {x.data(), x.rows(), x.cols(), x.cols()}, k);
  return {columns, columns + x.rows() * k};
}
constexpr std::int32_t columns[] = {2, 0, 1, 3, 0, 2};  // two of four, for three rows
const auto take = [](auto& x) {
  return take_columns(x[0], columns, 2);
};
const auto normalise = [](auto& x) {
  return normalise_rows(x[0]);
};
}  // namespace

TEST_CASE_TEMPLATE("top_k: the columns of the largest entries, largest first", T, float, double) {
  for (const Index cols : test::hard_sizes)
    for (const Index k : {Index(1), Index(2), cols / 2, cols}) {
      if (k < 1 || k > cols) continue;
      const Tensor<T> x = random_tensor<T>({9, cols}, Key(1));
      std::vector<std::int32_t> expected;
      for (Index n = 0; n < 9; ++n)
        for (const auto column : reference::largest(reference::matrix(x), n, k))
          expected.push_back(static_cast<std::int32_t>(column));
      CHECK(chosen(x, k) == expected);
    }
}

TEST_CASE_TEMPLATE("top_k: of equal entries the first column wins", T, float, double) {
  const Tensor<T> x({2, 4}, {1, 3, 3, 3, 0, 0, 0, 0});
  CHECK(chosen(x, 2) == std::vector<std::int32_t>{1, 2, 0, 1});
  CHECK(chosen(x, 4) == std::vector<std::int32_t>{1, 2, 3, 0, 0, 1, 2, 3});
  constexpr T infinity = std::numeric_limits<T>::infinity();
  CHECK(chosen(Tensor<T>({1, 3}, {-infinity, -infinity, 0}), 3) == std::vector<std::int32_t>{2, 0, 1});
}

TEST_CASE_TEMPLATE("top_k: k is from 1 to the columns", T, float, double) {
  const Tensor<T> x({2, 4});
  CHECK_THROWS_WITH_AS(chosen(x, 5), "top_k: k is 5 of 4 columns; it must be from 1 to 4", ConfigError);
  CHECK_THROWS_WITH_AS(chosen(x, 0), "top_k: k is 0 of 4 columns; it must be from 1 to 4", ConfigError);
}

TEST_CASE_TEMPLATE("take_columns: a column of its own for each row", T, float, double) {
  const Tensor<T> x({3, 4}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
  CHECK(same_bits(test::value_of<T>(take, {x}), Tensor<T>({3, 2}, {2, 0, 5, 7, 8, 10})));
}

TEST_CASE("take_columns: gradcheck, and gradients add up") {
  const Tensor<double> x = random_tensor<double>({3, 4}, Key(2));
  CHECK(gradcheck(take, {x}, Key(3)).message == "");
  CHECK(gradcheck([](auto& v) { return take_columns(multiply(v[0], v[0]), columns, 2); }, {x}, Key(3)).message == "");
}

TEST_CASE_TEMPLATE("take_softmax: value and gradient have the bits of take_columns of a softmax", T, float, double) {
  for (const Index cols : test::hard_sizes)
    for (const Index k : {Index(1), Index(2), cols}) {
      if (k > cols) continue;
      const auto fused = [=](auto& x) {
        return take_softmax(x[0], softmax(x[0]), top_k(x[0].tape(), x[0].view(), k), k);
      };
      const auto composed = [=](auto& x) {
        return take_columns(softmax(x[0]), top_k(x[0].tape(), x[0].view(), k), k);
      };
      const auto twice = [](auto f) {  // the gradient is added to one that is there
        return [=](auto& x) {
          const auto first = f(x);
          return add(first, f(x));
        };
      };
      const std::vector<Tensor<T>> x{random_tensor<T>({9, cols}, Key(2))};
      CHECK(same_bits(test::value_of<T>(fused, x), test::value_of<T>(composed, x)));
      CHECK(test::gradients_of<T>(fused, x, Key(3)) == test::gradients_of<T>(composed, x, Key(3)));
      CHECK(test::worst_error(test::gradients_of<T>(twice(fused), x, Key(3)),
                              test::gradients_of<T>(twice(composed), x, Key(3))) < test::tolerance<T>);
    }
}

TEST_CASE("take_softmax: gradcheck, also where the softmax has a gradient of its own, and shapes") {
  const auto both = [](auto& x) {
    const auto y = softmax(x[0]);
    return add(take_softmax(x[0], y, columns, 2), take_columns(y, columns, 2));
  };
  const Tensor<double> x = random_tensor<double>({3, 4}, Key(2));
  CHECK(gradcheck(both, {x}, Key(3)).message == "");
  CHECK_THROWS_WITH_AS(
      test::value_of<double>([](auto& v) { return take_softmax(v[0], v[1], columns, 2); }, {x, Tensor<double>({3, 3})}),
      "take_softmax: x is (3, 4) but its softmax (3, 3); they must be equal", ShapeError);
}

TEST_CASE_TEMPLATE("normalise_rows: rows sum to one, and a lone entry is 1 with no gradient", T, float, double) {
  Tensor<T> x = random_tensor<T>({7, 5}, Key(4));
  x.array() = x.array().exp();
  const Tensor<T> y = test::value_of<T>(normalise, {x});
  for (Index n = 0; n < 7; ++n) {
    CHECK(std::abs(static_cast<double>(y.mat().row(n).sum()) - 1) < test::tolerance<T>);
    CHECK(std::abs(static_cast<double>(y(n, 1) * x(n, 2) - y(n, 2) * x(n, 1))) < test::tolerance<T>);
  }
  const Tensor<T> lone({2, 1}, {T(0.25), T(3)});
  CHECK(same_bits(test::value_of<T>(normalise, {lone}), Tensor<T>({2, 1}, {1, 1})));
  CHECK(test::gradients_of<T>(normalise, {lone}, Key(5)) == std::vector<T>(2));
}

TEST_CASE("normalise_rows: gradcheck") {
  Tensor<double> x = random_tensor<double>({4, 3}, Key(6));
  x.array() = x.array().exp();
  CHECK(gradcheck(normalise, {x}, Key(7)).message == "");
}
