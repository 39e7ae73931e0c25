// SPDX-License-Identifier: MIT
#include "wsym/ops/activation.hpp"

#include "ops/evaluate.hpp"
#include "reference/ops.hpp"

using namespace wsym;
using test::random_tensor;

namespace {
const auto run_gelu = [](auto& x) {
  return gelu(x[0]);
};
const auto run_relu = [](auto& x) {
  return relu(x[0]);
};

/// The derivative of an entry-wise op at each x.
template <Real T, class F> Tensor<T> slope_of(F f, const Tensor<T>& x) {
  const Parameter<T> p(x);
  const std::vector<T> ones(static_cast<std::size_t>(x.size()), T(1));
  Tape<T> tape;
  std::vector<Var<T>> leaf{tape.use(p)};
  tape.backward(f(leaf), ones);
  return Tensor<T>(x.shape(), tape.gradient(p));
}

/// The bound that gelu promises, on |y - expected| / max(1, |x|).
template <Real T> constexpr double gelu_bound = std::same_as<T, float> ? 2e-7 : 1e-15;
}  // namespace

TEST_CASE_TEMPLATE("gelu: the specification's values and derivatives, the exact form's", T, float, double) {
  const double bound = std::same_as<T, float> ? 2e-7 : 1e-12;
  const Tensor<T> x(Shape{9}, {-3, -2, -1, T(-0.5), 0, T(0.5), 1, 2, 3});
  const double values[] = {-0.004049694095, -0.045500263896, -0.158655253931, -0.154268769363, 0,
                           0.345731230637,  0.841344746069,  1.954499736104,  2.995950305905};
  const Tensor<T> y = test::value_of<T>(run_gelu, {x});
  for (Index i = 0; i < 9; ++i)
    CHECK(std::abs(static_cast<double>(y[i]) - values[i]) <=
          bound * std::max(1.0, std::abs(static_cast<double>(x[i]))));
  CHECK(std::abs(static_cast<double>(y[6]) - 0.841191990608) > 1e-4);  // the tanh form

  const Tensor<T> at(Shape{5}, {-2, -1, 0, 1, 2});
  const double slopes[] = {-0.085231801078, -0.083315470588, 0.5, 1.083315470588, 1.085231801078};
  const Tensor<T> slope = slope_of(run_gelu, at);
  for (Index i = 0; i < 5; ++i) CHECK(std::abs(static_cast<double>(slope[i]) - slopes[i]) <= 2 * bound);
}

TEST_CASE_TEMPLATE("gelu: value and derivative agree with plain loops for every hard shape", T, float, double) {
  for (const Shape& shape : test::hard_shapes()) {
    const Tensor<T> x = random_tensor<T>(shape, Key(1), 3);
    const Tensor<T> y = test::value_of<T>(run_gelu, {x}), slope = slope_of(run_gelu, x);
    CAPTURE(shape);
    REQUIRE(y.shape() == shape);
    for (Index i = 0; i < x.size(); ++i) {
      const double at = static_cast<double>(x[i]), bound = gelu_bound<T> * std::max(1.0, std::abs(at));
      REQUIRE(std::abs(static_cast<double>(y[i]) - reference::gelu(at)) <= bound);
      REQUIRE(std::abs(static_cast<double>(slope[i]) - reference::gelu_slope(at)) <= bound);
    }
  }
}

TEST_CASE("gelu, relu: gradcheck") {
  for (const Shape& shape : test::hard_shapes()) {
    Tensor<double> x = random_tensor<double>(shape, Key(2), 2);
    CHECK(gradcheck(run_gelu, {x}, Key(3)).message == "");
    for (double& value : x.span()) value += value < 0 ? -0.01 : 0.01;  // away from the kink of relu
    CHECK(gradcheck(run_relu, {x}, Key(3)).message == "");
  }
}

TEST_CASE("gelu, relu: the gradients in float are those in double") {
  const Tensor<float> x = random_tensor<float>({17, 65}, Key(4), 2);
  CHECK(test::float_gradient_error(run_gelu, {x}, Key(5)) < 1e-6);
  CHECK(test::float_gradient_error(run_relu, {x}, Key(5)) < 1e-6);
}

TEST_CASE_TEMPLATE("gelu: gelu(x) - gelu(-x) = x", T, float, double) {
  const Tensor<T> x = random_tensor<T>({1000}, Key(6), 4);
  Tensor<T> mirrored = x;
  for (T& value : mirrored.span()) value = -value;
  const Tensor<T> y = test::value_of<T>(run_gelu, {x}), z = test::value_of<T>(run_gelu, {mirrored});
  for (Index i = 0; i < x.size(); ++i)
    REQUIRE(std::abs(static_cast<double>(y[i]) - static_cast<double>(z[i]) - static_cast<double>(x[i])) <=
            2 * gelu_bound<T> * std::max(1.0, std::abs(static_cast<double>(x[i]))));
}

TEST_CASE_TEMPLATE("gelu, relu: an entry's bits do not depend on where it stands", T, float, double) {
  const Tensor<T> all = random_tensor<T>({65}, Key(7), 3);
  const Tensor<T> y = test::value_of<T>(run_gelu, {all}), z = test::value_of<T>(run_relu, {all});
  for (Index i = 0; i < all.size(); ++i) {
    const Tensor<T> one(Shape{1}, all[i]);
    CHECK(same_bits(test::value_of<T>(run_gelu, {one}), Tensor<T>(Shape{1}, y[i])));
    CHECK(same_bits(test::value_of<T>(run_relu, {one}), Tensor<T>(Shape{1}, z[i])));
  }
}

TEST_CASE_TEMPLATE("gelu, relu: far out they are 0 or x, and NaN stays NaN", T, float, double) {
  const T inf = std::numeric_limits<T>::infinity(), large = std::numeric_limits<T>::max();
  const Tensor<T> x(Shape{4}, {-inf, -large, large, inf}), step(Shape{4}, {0, 0, 1, 1});
  for (const Tensor<T>& y : {test::value_of<T>(run_gelu, {x}), test::value_of<T>(run_relu, {x})}) {
    CHECK(y[0] == 0);
    CHECK(y[1] == 0);
    CHECK(y[2] == large);
    CHECK(y[3] == inf);
  }
  CHECK(test::worst_error(slope_of(run_gelu, x), step) == 0);
  CHECK(test::worst_error(slope_of(run_relu, x), step) == 0);
  for (const Index n : test::hard_sizes) {
    const Tensor<T> nan(Shape{n}, std::numeric_limits<T>::quiet_NaN());
    for (const Tensor<T>& y : {test::value_of<T>(run_gelu, {nan}), test::value_of<T>(run_relu, {nan})})
      for (const T value : y.span()) CHECK(std::isnan(value));
  }
}

TEST_CASE_TEMPLATE("relu: keeps what is above 0, and has derivative 0 at 0", T, float, double) {
  for (const Shape& shape : test::hard_shapes()) {
    const Tensor<T> x = random_tensor<T>(shape, Key(8));
    const Tensor<T> y = test::value_of<T>(run_relu, {x});
    CHECK(y.shape() == shape);
    CHECK(test::worst_error(y, reference::each(reference::matrix(x), [](double v) { return v > 0 ? v : 0; }).values) ==
          0);
    CHECK(same_bits(test::value_of<T>(run_relu, {y}), y));
  }
  const Tensor<T> at(Shape{4}, {T(-0.0), 0, std::numeric_limits<T>::denorm_min(), -1});
  CHECK(same_bits(slope_of(run_relu, at), Tensor<T>(Shape{4}, {0, 0, 1, 0})));
}
