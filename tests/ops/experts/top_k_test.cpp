// SPDX-License-Identifier: MIT
#include "wsym/ops/experts/top_k.hpp"

#include "ops/evaluate.hpp"
#include "reference/sparse.hpp"
#include "wsym/ops/elementwise.hpp"

using namespace wsym;
using test::random_tensor;

namespace {
/// The k entries of each row whose columns are given, as an op.
template <Real T> Var<T> take_columns(Var<T> x, const std::int32_t* columns, Index k) {
  Var<T> y = x.tape().result(x.shape().with_cols(k), x);
  const Index rows = x.rows(), cols = x.cols();
  for (Index n = 0; n < rows; ++n)
    for (Index i = 0; i < k; ++i) y.out()(n, i) = x.data()[n * cols + columns[n * k + i]];
  y.pull([=] {
    x.add_with([&](MatMap<T> dx, bool accumulate) {
      if (!accumulate) dx.setZero();
      for (Index n = 0; n < rows; ++n)
        for (Index i = 0; i < k; ++i) dx(n, columns[n * k + i]) += y.grad()(n, i);
    });
  });
  return y;
}
template <Real T> std::vector<std::int32_t> chosen(const Tensor<T>& x, Index k) {
  Tape<T> tape;
  const std::int32_t* columns = top_k<T>(tape, {x.data(), x.rows(), x.cols(), x.cols()}, k);
  return {columns, columns + x.rows() * k};
}
constexpr std::int32_t columns[] = {2, 0, 1, 3, 0, 2};           // two of four, for three rows
constexpr std::int32_t small_ones[] = {0, 2, 0, 2, 0, 2, 1, 2};  // two of three, for four rows
/// The softmax over all columns of x, of which some are taken and normalised.
const auto normalise = [](auto& x) {
  return normalise_taken(x[0], take_softmax(x[0], softmax(x[0]), columns, 2), columns);
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

TEST_CASE_TEMPLATE("take_softmax: value and gradient have the bits of columns taken from a softmax", T, float, double) {
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

TEST_CASE_TEMPLATE("normalise_taken: a softmax over the taken alone, and a lone entry is 1 with no gradient", T, float,
                   double) {
  const Tensor<T> x = random_tensor<T>({3, 4}, Key(4));
  const Tensor<T> expected = test::value_of<T>([](auto& v) { return softmax(take_columns(v[0], columns, 2)); }, {x});
  CHECK(test::worst_error(test::value_of<T>(normalise, {x}), expected) < test::tolerance<T>);
  const auto lone = [](auto& v) {
    return normalise_taken(v[0], take_softmax(v[0], softmax(v[0]), columns, 1), columns);
  };
  CHECK(same_bits(test::value_of<T>(lone, {x}), Tensor<T>({3, 1}, {1, 1, 1})));
  for (const T slope : test::gradients_of<T>(lone, {x}, Key(5))) CHECK(std::abs(slope) < T(1e-6));
}

TEST_CASE_TEMPLATE("normalise_taken: where a row's sum is a normal number, the bits are the quotients'", T, float,
                   double) {
  const Tensor<T> x({2, 3}, {T(0.25), T(3), T(0.125), T(7), T(0), T(11)});
  const auto quotients = [](auto& v) {
    return normalise_taken(v[0], v[0], columns);
  };
  Tensor<T> expected(x.shape());
  for (Index n = 0; n < 2; ++n) expected.mat().row(n) = x.mat().row(n) / x.mat().row(n).sum();
  CHECK(same_bits(test::value_of<T>(quotients, {x}), expected));
}

TEST_CASE_TEMPLATE("normalise_taken: where the taken softmax vanishes, or nearly, it is computed from the logits", T,
                   float, double) {
  const T size = std::same_as<T, float> ? 200 : 1500, edge = std::same_as<T, float> ? 95 : 735;
  // taken: two zeros; a zero and a smaller one; two subnormal numbers; one normal number, to see the other branch
  const Tensor<T> x({4, 3}, {0, size, 0, 0, size, T(-1), 0, edge, T(-1), 0, size, 0});
  const auto f = [](auto& v) {
    return normalise_taken(v[0], take_softmax(v[0], softmax(v[0]), small_ones, 2), small_ones);
  };
  const auto direct = [](auto& v) {
    return softmax(take_columns(v[0], small_ones, 2));
  };
  CHECK(test::worst_error(test::value_of<T>(f, {x}), test::value_of<T>(direct, {x})) < test::tolerance<T>);
  CHECK(test::worst_error(test::gradients_of<T>(f, {x}, Key(8)), test::gradients_of<T>(direct, {x}, Key(8))) <
        test::tolerance<T>);
}

TEST_CASE("normalise_taken: gradcheck, also where the sum vanishes, and shapes") {
  CHECK(gradcheck(normalise, {random_tensor<double>({3, 4}, Key(6))}, Key(7)).message == "");
  Tensor<double> far = random_tensor<double>({3, 4}, Key(6));
  far(0, 3) = far(2, 1) = 2000;  // columns that rows 0 and 2 do not take
  CHECK(gradcheck(normalise, {far}, Key(7)).message == "");
  CHECK_THROWS_WITH_AS(test::value_of<double>([](auto& v) { return normalise_taken(v[0], v[1], columns); },
                                              {Tensor<double>({3, 4}), Tensor<double>({2, 2})}),
                       "normalise_taken: x is (3, 4) but what was taken (2, 2); they need as many rows", ShapeError);
}
