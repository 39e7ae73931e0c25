// SPDX-License-Identifier: MIT
#include "wsym/ops/elementary.hpp"

#include "ops/evaluate.hpp"
#include "wsym/ops/activation.hpp"
#include "wsym/ops/elementwise.hpp"

using namespace wsym;
using test::random_tensor;

namespace {

/// Positive entries away from 0, where every op here is smooth.
template <Real T> Tensor<T> positive(const Shape& shape, const Key& key) {
  Tensor<T> x = random_tensor<T>(shape, key);
  for (Index i = 0; i < x.size(); ++i) x[i] = T(0.25) + std::abs(x[i]);
  return x;
}

/// Calls f(name, op, the same as a function of one double) for every op of one value.
template <class F> void for_each_op(const F& f) {
  f(
      "negate", [](auto& x) { return negate(x[0]); }, [](double v) { return -v; });
  f(
      "exp", [](auto& x) { return exp(x[0]); }, [](double v) { return std::exp(v); });
  f(
      "log", [](auto& x) { return log(x[0]); }, [](double v) { return std::log(v); });
  f(
      "sqrt", [](auto& x) { return sqrt(x[0]); }, [](double v) { return std::sqrt(v); });
  f(
      "abs", [](auto& x) { return abs(x[0]); }, [](double v) { return std::abs(v); });
  f(
      "pow 3", [](auto& x) { return pow(x[0], 3); }, [](double v) { return v * v * v; });
  f(
      "pow 0", [](auto& x) { return pow(x[0], 0); }, [](double) { return 1.0; });
  f(
      "pow -2", [](auto& x) { return pow(x[0], -2); }, [](double v) { return 1 / (v * v); });
  f(
      "pow 1.5", [](auto& x) { return pow(x[0], 1.5); }, [](double v) { return std::pow(v, 1.5); });
  f(
      "pow 0.5", [](auto& x) { return pow(x[0], 0.5); }, [](double v) { return std::sqrt(v); });
  f(
      "shift", [](auto& x) { return shift(x[0], 2.5f); }, [](double v) { return v + 2.5; });
  f(
      "reciprocal", [](auto& x) { return reciprocal(x[0], 3); }, [](double v) { return 3 / v; });
  f(
      "clamp", [](auto& x) { return clamp(x[0], 0.5f, 1.25f); }, [](double v) { return std::clamp(v, 0.5, 1.25); });
  f(
      "tanh", [](auto& x) { return tanh(x[0]); }, [](double v) { return std::tanh(v); });
  f(
      "sigmoid", [](auto& x) { return sigmoid(x[0]); }, [](double v) { return 1 / (1 + std::exp(-v)); });
  f(
      "softplus", [](auto& x) { return softplus(x[0]); }, [](double v) { return std::log1p(std::exp(v)); });
  f(
      "silu", [](auto& x) { return silu(x[0]); }, [](double v) { return v / (1 + std::exp(-v)); });
  f(
      "mish", [](auto& x) { return mish(x[0]); }, [](double v) { return v * std::tanh(std::log1p(std::exp(v))); });
  f(
      "selu", [](auto& x) { return selu(x[0]); },
      [](double v) { return 1.0507009873554804934 * (v > 0 ? v : 1.6732632423543772848 * std::expm1(v)); });
}

}  // namespace

TEST_CASE_TEMPLATE("ops of one value: agree with plain loops for every hard shape", T, float, double) {
  const double bound = std::same_as<T, float> ? 3e-6 : 1e-14;
  for_each_op([&](const char* name, auto op, auto expected) {
    CAPTURE(name);
    for (const Shape& shape : test::hard_shapes()) {
      const Tensor<T> x = positive<T>(shape, Key(1)), y = test::value_of<T>(op, {x});
      REQUIRE(y.shape() == shape);
      for (Index i = 0; i < x.size(); ++i)
        REQUIRE(static_cast<double>(y[i]) == doctest::Approx(expected(static_cast<double>(x[i]))).epsilon(bound));
    }
  });
}

TEST_CASE("ops of one value: gradcheck") {
  for_each_op([&](const char* name, auto op, auto) {
    CAPTURE(name);
    for (const Shape& shape : test::hard_shapes())
      CHECK(gradcheck(op, {positive<double>(shape, Key(2))}, Key(3)).message == "");
  });
}

TEST_CASE("ops of one value: the gradients in float are those in double") {
  for_each_op([&](const char* name, auto op, auto) {
    CAPTURE(name);
    CHECK(test::float_gradient_error(op, {positive<float>({17, 65}, Key(4))}, Key(5)) < 3e-5);
  });
}

TEST_CASE("ops of one value: below 0 too, where they are defined there") {
  const Tensor<double> x(Shape{4}, {-2, -0.75, -0.125, 1.5});
  const auto check = [&](auto op) {
    return gradcheck(op, {x}, Key(6)).message;
  };
  CHECK(check([](auto& v) { return abs(v[0]); }) == "");
  CHECK(check([](auto& v) { return pow(v[0], 3); }) == "");
  CHECK(check([](auto& v) { return pow(v[0], -1); }) == "");
  CHECK(check([](auto& v) { return tanh(v[0]); }) == "");
  CHECK(check([](auto& v) { return mish(v[0]); }) == "");
  CHECK(check([](auto& v) { return selu(v[0]); }) == "");
  CHECK(check([](auto& v) { return clamp(v[0], -1, 1); }) == "");
}

TEST_CASE_TEMPLATE("log, sqrt, abs, pow: at 0 and below", T, float, double) {
  const Tensor<T> x(Shape{3}, {0, -1, std::numeric_limits<T>::quiet_NaN()});
  const Tensor<T> logs = test::value_of<T>([](auto&v) { return log(v[0]); }, {x}),
                  roots = test::value_of<T>([](auto&v) { return sqrt(v[0]); }, {x}),
                  powers = test::value_of<T>([](auto&v) { return pow(v[0], 1.5); }, {x}),
                  sizes = test::value_of<T>([](auto&v) { return abs(v[0]); }, {x});
  CHECK(logs[0] == -std::numeric_limits<T>::infinity());
  CHECK(roots[0] == 0);
  CHECK(powers[0] == 0);
  CHECK(sizes[0] == 0);
  CHECK(sizes[1] == 1);
  for (const Tensor<T>* y : {&logs, &roots, &powers}) CHECK(std::isnan((*y)[1]));
  for (const Tensor<T>* y : {&logs, &roots, &powers, &sizes}) CHECK(std::isnan((*y)[2]));
  CHECK(test::gradients_of<T>([](auto& v) { return abs(v[0]); }, {Tensor<T>(Shape{1}, {0})}, Key(1))[0] == 0);
}

TEST_CASE("exp, log: undo each other; tanh is sigmoid of twice, shifted; silu and softplus follow from sigmoid") {
  const Tensor<double> x = random_tensor<double>({7, 17}, Key(7), 3);
  const auto same = [&](auto a, auto b) {
    return test::worst_error(test::value_of<double>(a, {x}), test::value_of<double>(b, {x}));
  };
  CHECK(same([](auto& v) { return log(exp(v[0])); }, [](auto& v) { return v[0]; }) < 1e-15);
  CHECK(same([](auto& v) { return tanh(v[0]); },
             [](auto& v) { return shift(scale(sigmoid(scale(v[0], 2.0)), 2.0), -1); }) < 1e-14);
  CHECK(same([](auto& v) { return silu(v[0]); }, [](auto& v) { return multiply(v[0], sigmoid(v[0])); }) < 1e-15);
  CHECK(same([](auto& v) { return softplus(v[0]); }, [](auto& v) { return negate(log(sigmoid(negate(v[0])))); }) <
        1e-14);
}

TEST_CASE("clamp: the ends pass the gradient, and bounds in the wrong order are refused") {
  const std::vector<double> g = test::gradients_of<double>([](auto& v) { return clamp(v[0], -1, 1); },
                                                           {Tensor<double>(Shape{5}, {-2, -1, 0, 1, 2})}, Key(1));
  CHECK(g[0] == 0);
  CHECK(g[1] != 0);
  CHECK(g[2] != 0);
  CHECK(g[3] != 0);
  CHECK(g[4] == 0);
  Tape<float> tape;
  const Tensor<float> x(Shape{1});
  CHECK_THROWS_WITH_AS(clamp(tape.constant(x), 2, 1), "clamp: from 2 to 1; the first must not be above the second",
                       ConfigError);
}

TEST_CASE("stop_gradient: the value passes and the gradient does not") {
  const Tensor<double> x = random_tensor<double>({3, 7}, Key(8));
  const auto f = [](auto& v) {
    return multiply(v[0], stop_gradient(v[0]));
  };
  const std::vector<double> g = test::gradients_of<double>(f, {x}, Key(9));
  const Tensor<double> c = random_tensor<double>({3, 7}, Key(9));
  for (Index i = 0; i < x.size(); ++i) CHECK(g[static_cast<std::size_t>(i)] == c[i] * x[i]);
}

TEST_CASE("ops of one value: no allocation after the first step") {
  const Parameter<float> p(positive<float>({17, 65}, Key(10)));
  Tape<float> tape;
  const auto step = [&] {
    tape.clear();
    tape.backward(sum(tanh(log(pow(exp(tape.use(p)), 1.5)))));
  };
  step();
  const Index before = test::allocations();
  step();
  CHECK(test::allocations() == before);
}
