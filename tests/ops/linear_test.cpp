// SPDX-License-Identifier: MIT
#include "wsym/ops/linear.hpp"

#include "ops/evaluate.hpp"
#include "reference/ops.hpp"
#include "wsym/ops/activation.hpp"

using namespace wsym;
using test::random_tensor;

namespace {
const auto plain = [](auto& x) {
  return linear(x[0], x[1], x[2]);
};
const auto fused = [](auto& x) {
  return linear_gelu(x[0], x[1], x[2]);
};
const auto composed = [](auto& x) {
  return gelu(linear(x[0], x[1], x[2]));
};

/// x of a shape, w and b for `out` outputs.
template <Real T> std::vector<Tensor<T>> inputs(Shape shape, Index out, const Key& key) {
  return {random_tensor<T>(shape, key.child("x")), random_tensor<T>({out, shape.cols()}, key.child("w")),
          random_tensor<T>({out}, key.child("b"))};
}
template <Real T> reference::Matrix expected(const std::vector<Tensor<T>>& in) {
  return reference::linear(reference::matrix(in[0]), reference::matrix(in[1]), reference::matrix(in[2]).values);
}
/// Row n of x alone, with the same weights.
template <Real T> std::vector<Tensor<T>> row_of(std::vector<Tensor<T>> in, Index n) {
  const Index cols = in[0].cols();
  in[0] =
      Tensor<T>({1, cols}, in[0].span().subspan(static_cast<std::size_t>(n * cols), static_cast<std::size_t>(cols)));
  return in;
}
}  // namespace

TEST_CASE_TEMPLATE("linear, linear_gelu: agree with plain loops for every hard shape", T, float, double) {
  for (const Shape& shape : test::hard_shapes())
    for (const Index out : test::hard_sizes) {
      const auto in = inputs<T>(shape, out, Key(1));
      const reference::Matrix z = expected(in);
      const Tensor<T> y = test::value_of<T>(plain, in), h = test::value_of<T>(fused, in);
      CAPTURE(shape);
      CAPTURE(out);
      REQUIRE(y.shape() == shape.with_cols(out));
      REQUIRE(h.shape() == shape.with_cols(out));
      REQUIRE(test::worst_error(y, z.values) < test::tolerance<T>);
      REQUIRE(test::worst_error(h, reference::each(z, reference::gelu).values) < test::tolerance<T>);
    }
}

TEST_CASE("linear, linear_gelu: gradcheck in input, weight and bias") {
  for (const Shape& shape : {Shape{7}, Shape{1, 7}, Shape{17, 1}, Shape{2, 3, 5}, Shape{2, 1, 3, 4}})
    for (const Index out : {1, 3, 17}) {
      const auto in = inputs<double>(shape, out, Key(2));
      CHECK(gradcheck(plain, in, Key(3)).message == "");
      CHECK(gradcheck(fused, in, Key(3)).message == "");
    }
}

TEST_CASE("linear, linear_gelu: weights shared by two layers gather both gradients") {
  const auto in = inputs<double>({3, 7}, 7, Key(12));
  const auto twice = [](auto& x) {
    return linear(linear(x[0], x[1], x[2]), x[1], x[2]);
  };
  const auto twice_fused = [](auto& x) {
    return linear_gelu(linear_gelu(x[0], x[1], x[2]), x[1], x[2]);
  };
  CHECK(gradcheck(twice, in, Key(13)).message == "");
  CHECK(gradcheck(twice_fused, in, Key(13)).message == "");
}

TEST_CASE("linear, linear_gelu: the gradients in float are those in double") {
  const auto in = inputs<float>({65, 17}, 16, Key(4));
  CHECK(test::float_gradient_error(plain, in, Key(5)) < 1e-5);
  CHECK(test::float_gradient_error(fused, in, Key(5)) < 1e-5);
}

TEST_CASE_TEMPLATE("linear: doubling the input and the bias doubles every bit of the result", T, float, double) {
  auto in = inputs<T>({17, 65}, 7, Key(6));
  const Tensor<T> y = test::value_of<T>(plain, in);
  for (const std::size_t i : {0u, 2u})
    for (T& value : in[i].span()) value *= 2;
  const Tensor<T> twice = test::value_of<T>(plain, in);
  for (Index i = 0; i < y.size(); ++i) CHECK(twice[i] == 2 * y[i]);
}

TEST_CASE_TEMPLATE("linear, linear_gelu: a row has the same bits alone as in a batch", T, float, double) {
  for (const Index out : {1, 10, 65}) {
    const auto in = inputs<T>({63, 17}, out, Key(7));
    const Tensor<T> y = test::value_of<T>(plain, in), h = test::value_of<T>(fused, in);
    for (Index n = 0; n < 63; ++n) {
      const auto row = row_of(in, n);
      const auto bits = [&](const Tensor<T>& all) {
        return Tensor<T>({1, out},
                         all.span().subspan(static_cast<std::size_t>(n * out), static_cast<std::size_t>(out)));
      };
      REQUIRE(same_bits(test::value_of<T>(plain, row), bits(y)));
      REQUIRE(same_bits(test::value_of<T>(fused, row), bits(h)));
    }
  }
}

TEST_CASE_TEMPLATE("linear_gelu: value and gradients have the bits of gelu(linear)", T, float, double) {
  for (const Shape& shape : test::hard_shapes())
    for (const Index out : test::hard_sizes) {
      const auto in = inputs<T>(shape, out, Key(8));
      CAPTURE(shape);
      CAPTURE(out);
      REQUIRE(same_bits(test::value_of<T>(fused, in), test::value_of<T>(composed, in)));
      REQUIRE(test::gradients_of<T>(fused, in, Key(9)) == test::gradients_of<T>(composed, in, Key(9)));
    }
}

TEST_CASE_TEMPLATE("linear, linear_gelu: an empty batch gives an empty result and no gradient but 0", T, float,
                   double) {
  const auto in = inputs<T>({0, 3}, 2, Key(10));
  CHECK(test::value_of<T>(plain, in).shape() == Shape{0, 2});
  CHECK(test::gradients_of<T>(fused, in, Key(11)) == std::vector<T>(8));
}

TEST_CASE_TEMPLATE("linear, linear_gelu: name the sizes that do not fit", T, float, double) {
  const auto run = [](auto f, Shape x, Shape w, Shape b) {
    return test::value_of<T>(f, {Tensor<T>(x), Tensor<T>(w), Tensor<T>(b)});
  };
  CHECK_THROWS_WITH_AS(run(plain, {6, 9}, {7, 5}, {7}), "linear: x is (6, 9) but weight is (7, 5); x needs 5 columns",
                       ShapeError);
  CHECK_THROWS_WITH_AS(run(plain, {6, 5}, {7, 5}, {5}), "linear: weight is (7, 5) but bias is (5); it needs 7 entries",
                       ShapeError);
  CHECK_THROWS_WITH_AS(run(plain, {6, 5}, {5}, {1}), "linear: weight has shape (5); it needs rank 2, (out, in)",
                       ShapeError);
  CHECK_THROWS_WITH_AS(run(fused, {2, 6, 9}, {7, 5}, {7}),
                       "linear_gelu: x is (2, 6, 9) but weight is (7, 5); x needs 5 columns", ShapeError);
  CHECK_THROWS_WITH_AS(run(fused, {6, 5}, {7, 5}, {8}),
                       "linear_gelu: weight is (7, 5) but bias is (8); it needs 7 entries", ShapeError);
}
