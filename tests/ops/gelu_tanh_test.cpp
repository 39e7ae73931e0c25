// SPDX-License-Identifier: MIT
#include "wsym/ops/gelu_tanh.hpp"

#include "ops/evaluate.hpp"
#include "wsym/ops/activation.hpp"

using namespace wsym;

namespace {
const auto op = [](auto& x) {
  return gelu_tanh(x[0]);
};
}  // namespace

TEST_CASE_TEMPLATE("gelu_tanh: the spec's numbers", T, float, double) {
  const Tensor<T> y = test::value_of<T>(op, {Tensor<T>({5}, {-2, -1, T(0.5), 1, 2})});
  const double expected[] = {-.045402306, -.158808009, .345714010, .841191991, 1.954597694};
  for (Index i = 0; i < 5; ++i)
    CHECK(std::abs(static_cast<double>(y[i]) - expected[i]) < (std::same_as<T, float> ? 3e-7 : 1e-9));
}

TEST_CASE("gelu_tanh: gradcheck for every hard shape, and float as double") {
  for (const Shape& shape : test::hard_shapes())
    CHECK(gradcheck(op, {test::random_tensor<double>(shape, Key(1), 2)}, Key(2)).message == "");
  CHECK(test::float_gradient_error(op, {test::random_tensor<float>({17, 65}, Key(1), 2)}, Key(2)) < 2e-6);
}

TEST_CASE_TEMPLATE("gelu_tanh: stays within 5e-4 of the exact form", T, float, double) {
  Tensor<T> x({2001});
  for (Index i = 0; i < 2001; ++i) x[i] = static_cast<T>(i - 1000) / 125;
  const auto exact = [](auto& v) {
    return gelu(v[0]);
  };
  const Tensor<T> a = test::value_of<T>(op, {x}), b = test::value_of<T>(exact, {x});
  const T worst = (a.array() - b.array()).abs().maxCoeff();
  CHECK(worst < T(5e-4));
  CHECK(worst > T(4e-4));  // it is not the exact one
}
