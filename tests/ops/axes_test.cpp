// SPDX-License-Identifier: MIT
#include "wsym/ops/axes.hpp"

#include "ops/evaluate.hpp"

using namespace wsym;
using test::random_tensor;

namespace {

/// Calls f(name, op with (x, axis), the same of the entries along an axis).
template <class F> void for_each_op(const F& f) {
  using Line = std::vector<double>;
  const auto mean_of = [](const Line& v) {
    double total = 0;
    for (const double x : v) total += x;
    return total / static_cast<double>(v.size());
  };
  const auto spread = [mean_of](const Line& v, double degrees) {
    double total = 0;
    for (const double x : v) total += (x - mean_of(v)) * (x - mean_of(v));
    return total / degrees;
  };
  f(
      "sum", [](auto x, int axis) { return sum(x, axis); },
      [=](const Line& v) { return mean_of(v) * static_cast<double>(v.size()); });
  f(
      "mean", [](auto x, int axis) { return mean(x, axis); }, mean_of);
  f(
      "max", [](auto x, int axis) { return max(x, axis); },
      [](const Line& v) { return *std::max_element(v.begin(), v.end()); });
  f(
      "variance", [](auto x, int axis) { return variance(x, axis); },
      [=](const Line& v) { return spread(v, static_cast<double>(v.size())); });
}

std::vector<Shape> shapes() {
  return {{1}, {7}, {65}, {3, 17}, {17, 3}, {2, 3, 7}, {2, 16, 5}, {2, 3, 4, 5}, {33, 65}, {1, 1500}};
}

}  // namespace

TEST_CASE_TEMPLATE("sum, mean, max, variance over an axis: agree with plain loops", T, float, double) {
  for_each_op([&](const char* name, auto op, auto expected) {
    for (const Shape& shape : shapes())
      for (int axis = 0; axis < shape.rank(); ++axis) {
        CAPTURE(name);
        CAPTURE(shape);
        CAPTURE(axis);
        const Tensor<T> x = random_tensor<T>(shape, Key(1));
        const Tensor<T> y = test::value_of<T>([&](auto& v) { return op(v[0], axis); }, {x});
        REQUIRE(y.shape() == (shape.rank() == 1 ? Shape{1} : shape.erased(axis)));
        Index inner = 1;
        for (int i = axis + 1; i < shape.rank(); ++i) inner *= shape[i];
        std::vector<double> right;
        for (Index place = 0; place < y.size(); ++place) {
          std::vector<double> line;
          for (Index k = 0; k < shape[axis]; ++k)
            line.push_back(static_cast<double>(x[(place / inner * shape[axis] + k) * inner + place % inner]));
          right.push_back(expected(line));
        }
        REQUIRE(test::worst_error(y, right) < test::tolerance<T>);
      }
  });
}

TEST_CASE("sum, mean, max, variance over an axis: gradcheck, and in float as in double") {
  for_each_op([&](const char* name, auto op, auto) {
    CAPTURE(name);
    for (const Shape& shape : {Shape{7}, {3, 17}, {2, 3, 7}, {2, 3, 4, 5}})
      for (int axis = 0; axis < shape.rank(); ++axis) {
        const auto f = [&](auto& v) {
          return op(v[0], axis);
        };
        CHECK(gradcheck(f, {random_tensor<double>(shape, Key(2))}, Key(3)).message == "");
        CHECK(test::float_gradient_error(f, {random_tensor<float>(shape, Key(2))}, Key(3)) < 1e-5);
      }
  });
  const auto unbiased = [](auto& v) {
    return variance(v[0], 1, 1);
  };
  CHECK(gradcheck(unbiased, {random_tensor<double>({3, 5}, Key(4))}, Key(5)).message == "");
}

TEST_CASE("variance: of equal entries is 0, a shift changes nothing, and ddof divides by less") {
  const Tensor<double> x(Shape{1, 4}, {1e8 + 1, 1e8 + 2, 1e8 + 3, 1e8 + 4}), same(Shape{4}, {7, 7, 7, 7});
  CHECK(test::value_of<double>([](auto& v) { return variance(v[0], 1); }, {x})[0] == 1.25);
  CHECK(test::value_of<double>([](auto& v) { return variance(v[0], 1, 1); }, {x})[0] == doctest::Approx(5.0 / 3));
  CHECK(test::value_of<double>([](auto& v) { return variance(v[0], 0); }, {same})[0] == 0);
}

TEST_CASE("max: the first of equal entries takes the gradient, and NaN stays") {
  const Tensor<double> x(Shape{4}, {1, 3, 3, 2}), nan(Shape{3}, {1, std::nan(""), 5});
  const std::vector<double> g = test::gradients_of<double>([](auto& v) { return max(v[0], 0); }, {x}, Key(6));
  CHECK(g[0] == 0);
  CHECK(g[1] != 0);
  CHECK(g[2] == 0);
  CHECK(std::isnan(test::value_of<double>([](auto& v) { return max(v[0], 0); }, {nan})[0]));
}

TEST_CASE("sum, mean, max, variance over an axis: axes that are not there, and axes without entries") {
  Tape<float> tape;
  const Tensor<float> x({2, 3}), none({2, 0});
  CHECK_THROWS_WITH_AS(sum(tape.constant(x), 2), "sum: axis 2 of (2, 3); axes count from 0 to 1", ShapeError);
  CHECK_THROWS_WITH_AS(max(tape.constant(x), -1), "max: axis -1 of (2, 3); axes count from 0 to 1", ShapeError);
  CHECK_THROWS_WITH_AS(mean(tape.constant(none), 1), "mean: axis 1 of (2, 0) has no entries", ShapeError);
  CHECK_THROWS_WITH_AS(max(tape.constant(none), 1), "max: axis 1 of (2, 0) has no entries", ShapeError);
  CHECK_THROWS_WITH_AS(
      variance(tape.constant(x), 0, 2),
      "variance: axis 0 of (2, 3) with ddof 2; it needs more than ddof entries, and ddof is not negative", ShapeError);
  const Var<float> zeros = sum(tape.constant(none), 1);
  CHECK(zeros.shape() == Shape{2});
  CHECK(zeros.data()[0] == 0);
}

TEST_CASE("sum, mean, max, variance over an axis: no allocation after the first step") {
  const Parameter<float> p(random_tensor<float>({3, 17, 5}, Key(7)));
  Tape<float> tape;
  const auto step = [&] {
    tape.clear();
    tape.backward(sum(max(variance(mean(tape.use(p), 2), 0) + sum(sum(tape.use(p), 2), 0), 0)));
  };
  step();
  const Index before = test::allocations();
  step();
  CHECK(test::allocations() == before);
}
