// SPDX-License-Identifier: MIT
#include "wsym/ops/figlu.hpp"

#include "ops/evaluate.hpp"

using namespace wsym;
using test::random_tensor;

namespace {
const auto op = [](auto& x) {
  return figlu(x[0], x[1]);
};
}  // namespace

TEST_CASE_TEMPLATE("figlu: agrees with plain loops for every hard size", T, float, double) {
  for (const Index rows : test::hard_sizes)
    for (const Index d : test::hard_sizes) {
      CAPTURE(rows);
      CAPTURE(d);
      const Tensor<T> x = random_tensor<T>({rows, d}, Key(1)), c = random_tensor<T>({d, d}, Key(2));
      Tensor<double> expected({rows, d});
      for (Index n = 0; n < rows; ++n)
        for (Index i = 0; i < d; ++i) {
          double z = 0;
          for (Index j = 0; j < d; ++j) z += static_cast<double>(c(i, j)) * static_cast<double>(x(n, j));
          expected(n, i) = static_cast<double>(x(n, i)) / (1 + std::exp(-z));
        }
      REQUIRE(test::worst_error(test::value_of<T>(op, {x, c}), expected) <= 10 * test::tolerance<T>);
    }
}

TEST_CASE_TEMPLATE("figlu: C = 0 halves, a steep gate opens and shuts, leading axes are rows", T, float, double) {
  const Tensor<T> x({2, 2}, {1, -2, 3, 4});
  CHECK(same_bits(test::value_of<T>(op, {x, Tensor<T>({2, 2})}), Tensor<T>({2, 2}, {T(0.5), -1, T(1.5), 2})));
  const Tensor<T> steep({2, 2}, {1000, 0, 0, 1000});
  CHECK(same_bits(test::value_of<T>(op, {x, steep}), Tensor<T>({2, 2}, {1, T(-0.0), 3, 4})));
  const Tensor<T> c = random_tensor<T>({2, 2}, Key(2)), deep({1, 2, 1, 2}, x.span());
  const Tensor<T> y = test::value_of<T>(op, {deep, c});
  CHECK(y.shape() == deep.shape());
  CHECK(same_bits(Tensor<T>({2, 2}, y.span()), test::value_of<T>(op, {x, c})));
}

TEST_CASE("figlu: gradcheck in both inputs, and with one input as both") {
  for (const Index d : {1, 3, 7, 17})
    CHECK(
        gradcheck(op, {random_tensor<double>({5, d}, Key(3)), random_tensor<double>({d, d}, Key(4))}, Key(5)).message ==
        "");
  const auto itself = [](auto& x) {
    return figlu(x[0], x[0]);
  };
  CHECK(gradcheck(itself, {random_tensor<double>({4, 4}, Key(3))}, Key(5)).message == "");
}

TEST_CASE("figlu: the gradients in float are those in double") {
  CHECK(test::float_gradient_error(op, {random_tensor<float>({9, 17}, Key(3)), random_tensor<float>({17, 17}, Key(4))},
                                   Key(5)) < 2e-5);
}

TEST_CASE_TEMPLATE("figlu: a C of another shape is refused", T, float, double) {
  CHECK_THROWS_WITH_AS(test::value_of<T>(op, {Tensor<T>({4, 3}), Tensor<T>({3, 2})}),
                       "figlu: x is (4, 3) but C is (3, 2); it needs (3, 3)", ShapeError);
}
