// SPDX-License-Identifier: MIT
#include "wsym/ops/operators.hpp"

#include "ops/evaluate.hpp"

using namespace wsym;
using test::random_tensor;

TEST_CASE_TEMPLATE("operators: each is the op of its name, a number on either side", T, float, double) {
  Tensor<T> x = random_tensor<T>({3, 17}, Key(1)), y = random_tensor<T>({17}, Key(2));
  for (Index i = 0; i < x.size(); ++i) x[i] += std::copysign(T(1), x[i]);
  for (Index i = 0; i < y.size(); ++i) y[i] += std::copysign(T(1), y[i]);
  const auto value = [&](auto f) {
    return test::value_of<T>([&](auto& v) { return f(v[0], v[1]); }, {x, y});
  };
  const auto same = [&](auto f, auto g) {
    return test::worst_error(value(f), value(g)) == 0;
  };
  CHECK(same([](auto a, auto b) { return a + b; }, [](auto a, auto b) { return add(a, b); }));
  CHECK(same([](auto a, auto b) { return a - b; }, [](auto a, auto b) { return subtract(a, b); }));
  CHECK(same([](auto a, auto b) { return a * b; }, [](auto a, auto b) { return multiply(a, b); }));
  CHECK(same([](auto a, auto b) { return a / b; }, [](auto a, auto b) { return divide(a, b); }));
  CHECK(same([](auto a, auto) { return -a; }, [](auto a, auto) { return negate(a); }));
  const Tensor<T> numbers[] = {value([](auto a, auto) { return a + 3; }), value([](auto a, auto) { return 3 + a; }),
                               value([](auto a, auto) { return a - 3; }), value([](auto a, auto) { return 3 - a; }),
                               value([](auto a, auto) { return a * 3; }), value([](auto a, auto) { return 3 * a; }),
                               value([](auto a, auto) { return a / 3; }), value([](auto a, auto) { return 3 / a; })};
  for (Index i = 0; i < x.size(); ++i) {
    const T expected[] = {x[i] + 3, 3 + x[i], x[i] - 3, 3 - x[i], x[i] * 3, 3 * x[i], x[i] / 3, 3 / x[i]};
    for (std::size_t k = 0; k < 8; ++k) REQUIRE(numbers[k][i] == expected[k]);
  }
}

TEST_CASE("operators: gradcheck of an expression, and in float as in double") {
  const auto f = [](auto& v) {
    const auto a = v[0], b = v[1];
    return (a + b) * (2 - a) / (1 + b * b) - -a / 4 + 3 / (2 + a * a) - 0.5f;
  };
  const Tensor<double> a = random_tensor<double>({3, 7}, Key(3)), b = random_tensor<double>({7}, Key(4));
  CHECK(gradcheck(f, {a, b}, Key(5)).message == "");
  CHECK(test::float_gradient_error(f, {random_tensor<float>({3, 7}, Key(3)), random_tensor<float>({7}, Key(4))},
                                   Key(5)) < 1e-5);
}
