// SPDX-License-Identifier: MIT
#include "wsym/ops/layer_norm.hpp"

#include "ops/experts.hpp"

using namespace wsym;
using test::random_tensor;

namespace {
const auto op = [](auto& x) {
  return layer_norm(x[0], x[1], x[2]);
};
template <Real T> std::vector<Tensor<T>> inputs_of(const Shape& shape, const Key& key) {
  return {random_tensor<T>(shape, key.child("x")), random_tensor<T>({shape.cols()}, key.child("scale")),
          random_tensor<T>({shape.cols()}, key.child("bias"))};
}
}  // namespace

TEST_CASE_TEMPLATE("layer_norm: with scale 1 and bias 0 every row has mean 0 and variance 1", T, float, double) {
  for (const Shape& shape : {Shape{7}, Shape{17, 16}, Shape{2, 3, 65}}) {
    const Index d = shape.cols();
    const Tensor<T> y =
        test::value_of<T>(op, {random_tensor<T>(shape, Key(1), 5), Tensor<T>({d}, T(1)), Tensor<T>({d})});
    REQUIRE(y.shape() == shape);
    for (Index n = 0; n < y.rows(); ++n) {
      const auto row = y.mat().row(n).template cast<double>();
      CHECK(std::abs(row.mean()) < test::tolerance<T>);
      CHECK(std::abs(row.squaredNorm() / static_cast<double>(d) - 1) < 1e-5);  // epsilon is left out
    }
  }
}

TEST_CASE_TEMPLATE("layer_norm: moving or stretching a row changes nothing", T, float, double) {
  std::vector<Tensor<T>> inputs = inputs_of<T>({5, 17}, Key(1));
  const Tensor<T> y = test::value_of<T>(op, inputs);
  inputs[0].array() = inputs[0].array() * T(64) + T(9);
  CHECK(test::worst_error(test::value_of<T>(op, inputs), y) < 2e-5);  // epsilon counts for less
}

TEST_CASE_TEMPLATE("layer_norm: a constant row gives the bias", T, float, double) {
  const Tensor<T> bias = random_tensor<T>({9}, Key(2));
  const Tensor<T> y = test::value_of<T>(op, {Tensor<T>({1, 9}, T(0.5)), random_tensor<T>({9}, Key(1)), bias});
  CHECK(same_bits(Tensor<T>({9}, y.span()), bias));
}

TEST_CASE("layer_norm: gradcheck in x, scale and bias") {
  for (const Shape& shape : {Shape{7}, Shape{5, 2}, Shape{3, 16}, Shape{3, 65}, Shape{2, 1, 3, 4}}) {
    const GradcheckReport report = gradcheck(op, inputs_of<double>(shape, Key(3)), Key(4));
    CHECK(report.message == "");
    CHECK(report.entries == shape.size() + 2 * shape.cols());
  }
}

TEST_CASE("layer_norm: gradcheck where its input is used elsewhere too") {
  const auto twice = [](auto& x) {
    return layer_norm(layer_norm(x[0], x[1], x[2]), x[1], x[2]);
  };
  CHECK(gradcheck(twice, inputs_of<double>({3, 7}, Key(3)), Key(4)).message == "");
}

TEST_CASE("layer_norm: value and gradients in float are those in double") {
  for (const Index d : {7, 64, 128})
    CHECK(test::float_gradient_error(op, inputs_of<float>({16, d}, Key(5)), Key(6)) < 2e-5);
}

TEST_CASE_TEMPLATE("layer_norm: refuses scales and biases of another size, and rows without columns", T, float,
                   double) {
  CHECK_THROWS_WITH_AS(
      test::value_of<T>(op, {Tensor<T>({2, 3}), Tensor<T>({2}), Tensor<T>({3})}),
      "layer_norm: x is (2, 3) but scale is (2) and bias (3); they need one entry for each of at least one column",
      ShapeError);
  CHECK_THROWS_AS(test::value_of<T>(op, {Tensor<T>({2, 3}), Tensor<T>({3}), Tensor<T>({4})}), ShapeError);
  CHECK_THROWS_AS(test::value_of<T>(op, {Tensor<T>({2, 0}), Tensor<T>({0}), Tensor<T>({0})}), ShapeError);
}
