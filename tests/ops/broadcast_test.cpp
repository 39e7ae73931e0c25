// SPDX-License-Identifier: MIT
#include "wsym/ops/broadcast.hpp"

#include "ops/evaluate.hpp"
#include "wsym/ops/elementwise.hpp"

using namespace wsym;
using test::random_tensor;

namespace {

/// Calls f(name, op, the same as a function of two doubles) for every op of two values.
template <class F> void for_each_op(const F& f) {
  f(
      "add", [](auto& x) { return add(x[0], x[1]); }, [](double a, double b) { return a + b; });
  f(
      "subtract", [](auto& x) { return subtract(x[0], x[1]); }, [](double a, double b) { return a - b; });
  f(
      "multiply", [](auto& x) { return multiply(x[0], x[1]); }, [](double a, double b) { return a * b; });
  f(
      "divide", [](auto& x) { return divide(x[0], x[1]); }, [](double a, double b) { return a / b; });
  f(
      "maximum", [](auto& x) { return maximum(x[0], x[1]); }, [](double a, double b) { return std::max(a, b); });
  f(
      "minimum", [](auto& x) { return minimum(x[0], x[1]); }, [](double a, double b) { return std::min(a, b); });
}

struct Pair {
  Shape a, b;
};

/// Shapes of two operands: equal, and each way in which the second stands for the first, in both orders.
std::vector<Pair> pairs() {
  std::vector<Pair> all;
  for (const Index rows : {1, 3, 33, 65})
    for (const Index cols : {1, 3, 16, 17, 65}) {
      const Shape whole{rows, cols};
      for (const Shape& part : {whole, Shape{cols}, Shape{1, cols}, Shape{rows, 1}, Shape{1}, Shape{1, 1}}) {
        all.push_back({whole, part});
        all.push_back({part, whole});
      }
    }
  all.push_back({{2, 3, 7}, {7}});
  all.push_back({{2, 3, 7}, {6, 1}});
  all.push_back({{}, {2, 3}});
  all.push_back({{2, 3, 7}, {2, 3, 1}});
  all.push_back({{3, 2500}, {3, 1}});  // longer than a leaf of the sum
  return all;
}

template <Real T> Tensor<T> away_from_zero(const Shape& shape, const Key& key) {
  Tensor<T> x = random_tensor<T>(shape, key);
  for (Index i = 0; i < x.size(); ++i) x[i] += std::copysign(T(0.5), x[i]);
  return x;
}

double entry(const auto& x, Index rows, Index cols, Index row, Index col) {
  const Index width = x.shape().cols(), r = x.shape().rows() == rows ? row : 0, c = width == cols ? col : 0;
  return static_cast<double>(x[r * width + c]);
}

}  // namespace

TEST_CASE_TEMPLATE("ops of two values: agree with plain loops for equal shapes, rows, columns and numbers", T, float,
                   double) {
  for_each_op([&](const char* name, auto op, auto expected) {
    for (const Pair& pair : pairs()) {
      const Tensor<T> a = away_from_zero<T>(pair.a, Key(1)), b = away_from_zero<T>(pair.b, Key(2));
      const Tensor<T> y = test::value_of<T>(op, {a, b});
      CAPTURE(name);
      CAPTURE(pair.a);
      CAPTURE(pair.b);
      const Index rows = std::max(pair.a.rows(), pair.b.rows()), cols = std::max(pair.a.cols(), pair.b.cols());
      REQUIRE(y.shape().rows() == rows);
      REQUIRE(y.shape().cols() == cols);
      std::vector<double> right;
      for (Index i = 0; i < rows; ++i)
        for (Index j = 0; j < cols; ++j)
          right.push_back(expected(entry(a, rows, cols, i, j), entry(b, rows, cols, i, j)));
      REQUIRE(test::worst_error(y, right) < (std::same_as<T, float> ? 1e-6 : 1e-15));
    }
  });
}

TEST_CASE("ops of two values: the result has the shape of the larger operand") {
  const auto shape_of = [](const Shape& a, const Shape& b) {
    return test::value_of<double>([](auto& x) { return add(x[0], x[1]); }, {Tensor<double>(a), Tensor<double>(b)})
        .shape();
  };
  CHECK(shape_of({2, 3, 7}, {7}) == Shape{2, 3, 7});
  CHECK(shape_of({7}, {2, 3, 7}) == Shape{2, 3, 7});
  CHECK(shape_of({1, 7}, {7}) == Shape{1, 7});
  CHECK(shape_of({}, {1, 1}) == Shape{});
}

TEST_CASE("ops of two values: gradcheck in both operands") {
  for_each_op([&](const char* name, auto op, auto) {
    CAPTURE(name);
    for (const Pair& pair : pairs()) {
      if (std::max(pair.a.size(), pair.b.size()) > 200) continue;
      CAPTURE(pair.a);
      CAPTURE(pair.b);
      CHECK(gradcheck(op, {away_from_zero<double>(pair.a, Key(3)), away_from_zero<double>(pair.b, Key(4))}, Key(5))
                .message == "");
    }
  });
}

TEST_CASE("ops of two values: the gradients in float are those in double, sums over long rows and columns included") {
  for_each_op([&](const char* name, auto op, auto) {
    CAPTURE(name);
    for (const Pair& pair : {Pair{{17, 65}, {17, 65}}, {{70, 3000}, {3000}}, {{3, 3000}, {3, 1}}, {{1}, {70, 300}}})
      CHECK(test::float_gradient_error(
                op, {away_from_zero<float>(pair.a, Key(6)), away_from_zero<float>(pair.b, Key(7))}, Key(8)) < 1e-4);
  });
}

TEST_CASE("ops of two values: a row, a column or a number is the same as its copies written out") {
  const Tensor<double> x = random_tensor<double>({5, 7}, Key(9));
  for (const Shape& part : {Shape{7}, Shape{5, 1}, Shape{1}}) {
    const Tensor<double> b = random_tensor<double>(part, Key(10));
    Tensor<double> copies(Shape{5, 7});
    for (Index i = 0; i < 5; ++i)
      for (Index j = 0; j < 7; ++j) copies(i, j) = entry(b, 5, 7, i, j);
    for_each_op([&](const char* name, auto op, auto) {
      CAPTURE(name);
      CHECK(test::worst_error(test::value_of<double>(op, {x, b}), test::value_of<double>(op, {x, copies})) == 0);
    });
  }
}

TEST_CASE("maximum, minimum: equal entries share the gradient, and NaN of either operand stays") {
  const Tensor<double> x(Shape{2}, {1, 2});
  const std::vector<double> g =
      test::gradients_of<double>([](auto& v) { return maximum(v[0], v[1]); }, {x, x}, Key(11));
  const Tensor<double> c = random_tensor<double>({2}, Key(11));
  for (const std::size_t i : {0u, 1u}) {
    CHECK(g[i] == c[static_cast<Index>(i)] / 2);
    CHECK(g[i + 2] == c[static_cast<Index>(i)] / 2);
  }
  const Tensor<double> nan(Shape{2}, {std::nan(""), std::nan("")});
  for (const bool first : {true, false}) {
    const Tensor<double> y = test::value_of<double>([](auto& v) { return maximum(v[0], minimum(v[0], v[1])); },
                                                    {first ? nan : x, first ? x : nan});
    for (const double value : y.span()) CHECK(std::isnan(value));
  }
}

TEST_CASE("ops of two values: other shapes are refused with both") {
  Tape<float> tape;
  const Tensor<float> a({2, 3}), b({3, 2}), row({1, 2}), column({3, 1});
  const auto text = [](const char* op, const char* shapes) {
    return std::string(op) + ": " + shapes +
           "; one may be a row (d), a column (n, 1) or one entry of the other, else they must be equal";
  };
  CHECK_THROWS_WITH_AS(add(tape.constant(a), tape.constant(b)), text("add", "a is (2, 3) but b is (3, 2)").c_str(),
                       ShapeError);
  CHECK_THROWS_WITH_AS(divide(tape.constant(a), tape.constant(row)),
                       text("divide", "a is (2, 3) but b is (1, 2)").c_str(), ShapeError);
  CHECK_THROWS_WITH_AS(maximum(tape.constant(column), tape.constant(a)),
                       text("maximum", "a is (3, 1) but b is (2, 3)").c_str(), ShapeError);
  CHECK_THROWS_AS(add(tape.constant(column), tape.constant(row)), ShapeError);
}

TEST_CASE("ops of two values: no allocation after the first step, and operands of two tapes are refused") {
  const Parameter<float> p(random_tensor<float>({17, 65}, Key(12))), q(random_tensor<float>({65}, Key(13)));
  Tape<float> tape, other;
  const auto step = [&] {
    tape.clear();
    tape.backward(sum(divide(multiply(tape.use(p), tape.use(q)), tape.use(q))));
  };
  step();
  const Index before = test::allocations();
  step();
  CHECK(test::allocations() == before);
  CHECK_THROWS_AS(subtract(tape.use(p), other.use(q)), Error);
}

TEST_CASE("sum_entries: agrees with a plain sum for any count") {
  for (const Index n : {0, 1, 3, 15, 16, 17, 63, 65, 1023, 1024, 1025, 5000}) {
    const Tensor<float> x = random_tensor<float>({n}, Key(14));
    double expected = 0;
    for (const float value : x.span()) expected += static_cast<double>(value);
    const float y =
        detail::sum_entries<float>(0, n, [&](Index i, auto count) { return kernels::load(x.data() + i, count); });
    CHECK(std::abs(static_cast<double>(y) - expected) < 1e-4);
  }
}
