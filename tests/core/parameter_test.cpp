// SPDX-License-Identifier: MIT
#include "wsym/core/parameter.hpp"

#include "support.hpp"

using namespace wsym;

TEST_CASE_TEMPLATE("Parameter: the frozen values are written on construction and stand after every change", T, float,
                   double) {
  Parameter<T> p(Tensor<T>(Shape{2, 3}, {1, 2, 3, 4, 5, 6}), Frozen<T>{{1, 5}, {T(-7), T(0.1)}});
  CHECK(same_bits(p.value(), Tensor<T>(Shape{2, 3}, {1, -7, 3, 4, 5, T(0.1)})));
  const T nan = std::numeric_limits<T>::quiet_NaN();
  p.change([&](std::span<T> values) {
    CHECK(values.size() == 6);
    for (T& value : values) value = nan;
  });
  CHECK(same_bits(p.value(), Tensor<T>(Shape{2, 3}, {nan, -7, nan, nan, nan, T(0.1)})));
}

TEST_CASE_TEMPLATE("Parameter: the frozen values stand also when a change throws half-way", T, float, double) {
  Parameter<T> p(Tensor<T>(Shape{3}, {1, 2, 3}), Frozen<T>{{0}, {T(5)}});
  CHECK_THROWS_AS(p.change([](std::span<T> values) {
    values[0] = values[1] = 9;
    throw FormatError("cut short");
  }),
                  FormatError);
  CHECK(same_bits(p.value(), Tensor<T>(Shape{3}, {5, 9, 3})));
}

TEST_CASE_TEMPLATE("Parameter: without frozen entries a change is all there is", T, float, double) {
  Parameter<T> p(Tensor<T>(Shape{2}, {1, 2}));
  p.change([](std::span<T> values) { values[1] = 8; });
  CHECK(same_bits(p.value(), Tensor<T>(Shape{2}, {1, 8})));
  CHECK(p.frozen().size() == 0);
  CHECK(p.size() == 2);
  CHECK(p.shape() == Shape{2});
  CHECK(Parameter<T>().size() == 0);
}

TEST_CASE_TEMPLATE("Parameter: a copy has its own value and the same frozen entries", T, float, double) {
  Parameter<T> p(Tensor<T>(Shape{2}, {1, 2}), Frozen<T>{{0}, {T(3)}});
  const Parameter<T> copy = p;
  p.change([](std::span<T> values) { values[1] = 8; });
  CHECK(same_bits(copy.value(), Tensor<T>(Shape{2}, {3, 2})));
  CHECK(copy.frozen() == p.frozen());
}

TEST_CASE_TEMPLATE("Frozen: clear assigns 0, so that an infinite gradient leaves no NaN", T, float, double) {
  const T inf = std::numeric_limits<T>::infinity();
  Tensor<T> gradient(Shape{3}, {inf, 2, std::numeric_limits<T>::quiet_NaN()});
  Frozen<T>{{0, 2}, {T(1), T(1)}}.clear(gradient.span());
  CHECK(same_bits(gradient, Tensor<T>(Shape{3}, {0, 2, 0})));
}

TEST_CASE_TEMPLATE("Parameter: refuses positions that are out of range, not ascending, or without a value", T, float,
                   double) {
  const auto make = [](std::vector<Index> index, std::vector<T> value) {
    return Parameter<T>(Tensor<T>(Shape{2, 3}), Frozen<T>{std::move(index), std::move(value)});
  };
  CHECK_THROWS_WITH_AS(make({1, 2}, {0}), "Parameter: 2 frozen positions but 1 values", ShapeError);
  CHECK_THROWS_WITH_AS(make({1, 6}, {0, 0}),
                       "Parameter: frozen position 6 after 1 in shape (2, 3); positions ascend and stay below 6",
                       ShapeError);
  CHECK_THROWS_WITH_AS(make({1, 1}, {0, 0}),
                       "Parameter: frozen position 1 after 1 in shape (2, 3); positions ascend and stay below 6",
                       ShapeError);
  CHECK_THROWS_WITH_AS(make({-1}, {0}),
                       "Parameter: frozen position -1 after -1 in shape (2, 3); positions ascend and stay below 6",
                       ShapeError);
}

TEST_CASE("is_parameter, is_tensor: tell members apart") {
  static_assert(is_parameter<Parameter<float>> && !is_parameter<Tensor<float>> && !is_parameter<int>);
  static_assert(is_tensor<Tensor<double>> && !is_tensor<Parameter<double>> && !is_tensor<const Tensor<double>>);
}
