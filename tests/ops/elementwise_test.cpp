// SPDX-License-Identifier: MIT
#include "wsym/ops/elementwise.hpp"

#include "ops/evaluate.hpp"
#include "reference/ops.hpp"

using namespace wsym;
using test::random_tensor;

namespace {
const auto run_add = [](auto& x) {
  return add(x[0], x[1]);
};
const auto run_multiply = [](auto& x) {
  return multiply(x[0], x[1]);
};
const auto run_sum = [](auto& x) {
  return sum(x[0]);
};
auto run_scale(float c) {
  return [c]<Real T>(const std::vector<Var<T>>& x) {
    return scale(x[0], static_cast<T>(c));
  };
}
}  // namespace

TEST_CASE_TEMPLATE("add, multiply, scale: entry by entry the number that the machine rounds to", T, float, double) {
  for (const Shape& shape : test::hard_shapes()) {
    const Tensor<T> a = random_tensor<T>(shape, Key(1)), b = random_tensor<T>(shape, Key(2));
    const Tensor<T> total = test::value_of<T>(run_add, {a, b}), product = test::value_of<T>(run_multiply, {a, b}),
                    scaled = test::value_of<T>(run_scale(3), {a});
    CAPTURE(shape);
    REQUIRE(total.shape() == shape);
    REQUIRE(product.shape() == shape);
    REQUIRE(scaled.shape() == shape);
    for (Index i = 0; i < a.size(); ++i) {
      REQUIRE(total[i] == a[i] + b[i]);
      REQUIRE(product[i] == a[i] * b[i]);
      REQUIRE(scaled[i] == 3 * a[i]);
    }
  }
}

TEST_CASE_TEMPLATE("sum: agrees with a plain loop and has one element", T, float, double) {
  for (const Shape& shape : test::hard_shapes()) {
    const Tensor<T> x = random_tensor<T>(shape, Key(3)), y = test::value_of<T>(run_sum, {x});
    double expected = 0;
    for (const T value : x.span()) expected += static_cast<double>(value);
    CHECK(y.shape() == Shape{1});
    CHECK(std::abs(static_cast<double>(y[0]) - expected) < test::tolerance<T>);
  }
  CHECK(test::value_of<T>(run_sum, {Tensor<T>(Shape{0, 3})})[0] == 0);
}

TEST_CASE("add, multiply, scale, sum: gradcheck in every input") {
  for (const Shape& shape : test::hard_shapes()) {
    const Tensor<double> a = random_tensor<double>(shape, Key(4)), b = random_tensor<double>(shape, Key(5));
    CHECK(gradcheck(run_add, {a, b}, Key(6)).message == "");
    CHECK(gradcheck(run_multiply, {a, b}, Key(6)).message == "");
    CHECK(gradcheck(run_scale(-2.5f), {a}, Key(6)).message == "");
    CHECK(gradcheck(run_sum, {a}, Key(6)).message == "");
  }
}

TEST_CASE("add, multiply, scale, sum: the gradients in float are those in double") {
  const Tensor<float> a = random_tensor<float>({17, 65}, Key(7)), b = random_tensor<float>({17, 65}, Key(8));
  CHECK(test::float_gradient_error(run_add, {a, b}, Key(9)) < 1e-6);
  CHECK(test::float_gradient_error(run_multiply, {a, b}, Key(9)) < 1e-6);
  CHECK(test::float_gradient_error(run_scale(-2.5f), {a}, Key(9)) < 1e-6);
  CHECK(test::float_gradient_error(run_sum, {a}, Key(9)) < 1e-6);
}

TEST_CASE("add, multiply: with itself as the other operand both gradients count") {
  const Tensor<double> x = random_tensor<double>({3, 7}, Key(10));
  CHECK(gradcheck([](auto& v) { return add(v[0], v[0]); }, {x}, Key(11)).message == "");
  CHECK(gradcheck([](auto& v) { return multiply(v[0], v[0]); }, {x}, Key(11)).message == "");
}

TEST_CASE_TEMPLATE("add, multiply, scale, sum: commute, and agree with one another", T, float, double) {
  const Tensor<T> a = random_tensor<T>({17, 65}, Key(12)), b = random_tensor<T>({17, 65}, Key(13)),
                  twos(Shape{17, 65}, T(2));
  CHECK(same_bits(test::value_of<T>(run_add, {a, b}), test::value_of<T>(run_add, {b, a})));
  CHECK(same_bits(test::value_of<T>(run_multiply, {a, b}), test::value_of<T>(run_multiply, {b, a})));
  CHECK(same_bits(test::value_of<T>(run_scale(2), {a}), test::value_of<T>(run_add, {a, a})));
  CHECK(same_bits(test::value_of<T>(run_scale(2), {a}), test::value_of<T>(run_multiply, {a, twos})));
  const Tensor<T> twice = test::value_of<T>(run_add, {a, a});
  CHECK(test::value_of<T>(run_sum, {twice})[0] == 2 * test::value_of<T>(run_sum, {a})[0]);
}

TEST_CASE_TEMPLATE("sum: has the same bits for the same entries in any shape", T, float, double) {
  const Tensor<T> flat = random_tensor<T>({2 * 17 * 65}, Key(14)), deep({2, 17, 65}, flat.span());
  CHECK(same_bits(test::value_of<T>(run_sum, {flat}), test::value_of<T>(run_sum, {deep})));
}

TEST_CASE_TEMPLATE("where: the chosen entry, and a gradient to it alone, whatever the other one is", T, float, double) {
  const T nan = std::numeric_limits<T>::quiet_NaN();
  const Tensor<T> c(Shape{2, 2}, {1, 0, -2, 0}), a(Shape{2, 2}, {1, nan, 3, nan}), b(Shape{2, 2}, {nan, 2, nan, 4});
  const auto f = [](auto& v) {
    return where(v[0], v[1], v[2]);
  };
  const Tensor<T> y = test::value_of<T>(f, {c, a, b});
  for (Index i = 0; i < 4; ++i) CHECK(y[i] == static_cast<T>(i + 1));
  const std::vector<T> g =
      test::gradients_of<T>([&](auto& v) { return where(v[0].tape().constant(c), v[0], v[1]); }, {a, b}, Key(15));
  const Tensor<T> cotangent = random_tensor<T>({2, 2}, Key(15));
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(g[i] == (i % 2 == 0 ? cotangent[static_cast<Index>(i)] : T(0)));
    CHECK(g[i + 4] == (i % 2 == 0 ? T(0) : cotangent[static_cast<Index>(i)]));
  }
}

TEST_CASE("where: gradcheck for every hard shape, and unequal shapes are refused") {
  for (const Shape& shape : test::hard_shapes()) {
    const Tensor<double> c = random_tensor<double>(shape, Key(16));
    Tensor<double> signs(shape);
    for (Index i = 0; i < c.size(); ++i) signs[i] = c[i] > 0;
    const auto f = [&](auto& v) {
      return where(v[0].tape().constant(signs), v[0], v[1]);
    };
    CHECK(
        gradcheck(f, {random_tensor<double>(shape, Key(17)), random_tensor<double>(shape, Key(18))}, Key(19)).message ==
        "");
  }
  Tape<float> tape;
  const Tensor<float> a({2, 3}), b({3});
  CHECK_THROWS_WITH_AS(where(tape.constant(a), tape.constant(a), tape.constant(b)),
                       "where: a is (2, 3) but b is (3); they must be equal", ShapeError);
  CHECK_THROWS_WITH_AS(where(tape.constant(b), tape.constant(a), tape.constant(a)),
                       "where: the condition is (3) but a and b are (2, 3); they must be equal", ShapeError);
}
