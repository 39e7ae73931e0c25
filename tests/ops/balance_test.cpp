// SPDX-License-Identifier: MIT
#include "wsym/ops/balance.hpp"

#include "ops/experts.hpp"
#include "wsym/ops/elementwise.hpp"

using namespace wsym;
using test::random_tensor;

namespace {
const auto op = [](auto& x) {
  return balance_loss(x[0]);
};
}  // namespace

TEST_CASE_TEMPLATE("balance_loss: is the squared coefficient of variation of the experts' importances", T, float,
                   double) {
  for (const Index rows : test::hard_sizes)
    for (const Index experts : test::hard_sizes) {
      const Tensor<T> alpha = test::random_weights<T>({rows, experts}, Key(1));
      std::vector<double> importance(static_cast<std::size_t>(experts));
      for (Index n = 0; n < rows; ++n)
        for (Index e = 0; e < experts; ++e) importance[static_cast<std::size_t>(e)] += static_cast<double>(alpha(n, e));
      double mean = 0, variance = 0;
      for (const double i : importance) mean += i / static_cast<double>(experts);
      for (const double i : importance) variance += (i - mean) * (i - mean) / static_cast<double>(experts);
      CHECK(std::abs(static_cast<double>(test::value_of<T>(op, {alpha})[0]) - variance / (mean * mean)) <
            10 * test::tolerance<T>);
    }
}

TEST_CASE_TEMPLATE("balance_loss: 0 where all experts carry the same, E - 1 where one carries all", T, float, double) {
  Tensor<T> even({8, 4});
  even.mat().setConstant(T(0.25));
  CHECK(test::value_of<T>(op, {even})[0] == 0);
  CHECK(test::value_of<T>(op, {test::one_hot<T>(8, 5, 3)})[0] == 4);
  Tensor<T> taken_in_turn({4, 4});  // no row is even, but the batch is
  for (Index n = 0; n < 4; ++n) taken_in_turn(n, n) = 1;
  CHECK(test::value_of<T>(op, {taken_in_turn})[0] == 0);
}

TEST_CASE("balance_loss: gradcheck") {
  for (const Index experts : {1, 2, 5, 17})
    CHECK(gradcheck(op, {random_tensor<double>({7, experts}, Key(2))}, Key(3)).message == "");
  const auto twice = [](auto& x) {
    return balance_loss(add(x[0], x[0]));
  };
  CHECK(gradcheck(twice, {random_tensor<double>({3, 4}, Key(2))}, Key(3)).message == "");
}

TEST_CASE("balance_loss: the gradients in float are those in double") {
  CHECK(test::float_gradient_error(op, {test::random_weights<float>({65, 17}, Key(5))}, Key(6)) < 1e-5);
}

TEST_CASE_TEMPLATE("balance_loss: leading axes are rows, and their order does not matter", T, float, double) {
  const Tensor<T> alpha = test::random_weights<T>({6, 3}, Key(7));
  const T loss = test::value_of<T>(op, {alpha})[0];
  CHECK(test::value_of<T>(op, {Tensor<T>({2, 3, 3}, alpha.span())})[0] == loss);
  Tensor<T> reversed({6, 3});
  for (Index n = 0; n < 6; ++n) reversed.mat().row(n) = alpha.mat().row(5 - n);
  CHECK(std::abs(static_cast<double>(test::value_of<T>(op, {reversed})[0] - loss)) < test::tolerance<T>);
}

TEST_CASE_TEMPLATE("balance_loss: refuses an empty batch", T, float, double) {
  CHECK_THROWS_WITH_AS(test::value_of<T>(op, {Tensor<T>({0, 3})}),
                       "balance_loss: alpha is (0, 3); it needs a row and an expert at least", ShapeError);
}
