// SPDX-License-Identifier: MIT
#include "wsym/metrics/regression.hpp"

#include <doctest/doctest.h>

#include "wsym/core/random.hpp"

using wsym::Index;
using wsym::Shape;
using wsym::ShapeError;
using wsym::Tensor;

TEST_CASE_TEMPLATE("regression metrics: values worked out by hand", T, float, double) {
  const Tensor<T> prediction({2, 2}, {T(1), T(2), T(3), T(5)}), target({2, 2}, {T(1), T(4), T(2), T(1)});
  CHECK(wsym::mse(prediction, target) == doctest::Approx(21.0 / 4));
  CHECK(wsym::rmse(prediction, target) == doctest::Approx(std::sqrt(21.0 / 4)));
  CHECK(wsym::mae(prediction, target) == doctest::Approx(7.0 / 4));
  // outputs: 1 - 1 / 0.5 and 1 - 20 / 4.5
  CHECK(wsym::r2(prediction, target) == doctest::Approx((-1 - (20 / 4.5 - 1)) / 2));
}

TEST_CASE_TEMPLATE("regression metrics: perfect and constant predictions have their known values", T, float, double) {
  Tensor<T> target({7, 3});
  for (Index i = 0; i < target.size(); ++i) target[i] = static_cast<T>(wsym::Key(1).normal(i));
  CHECK(wsym::mse(target, target) == 0);
  CHECK(wsym::mae(target, target) == 0);
  CHECK(wsym::r2(target, target) == 1);
  Tensor<T> mean({7, 3});
  mean.mat().rowwise() = target.mat().colwise().mean();
  CHECK(std::abs(wsym::r2(mean, target)) < 1e-6);
  CHECK(std::isnan(wsym::r2(target, Tensor<T>({7, 3}, T(0.1)))));
}

TEST_CASE("regression metrics: an offset adds its square to the mean squared error of residuals of mean zero") {
  const Tensor<double> target({4, 1}), prediction({4, 1}, {-1.0, 1.0, -2.0, 2.0}), moved({4, 1}, {2.0, 4.0, 1.0, 5.0});
  CHECK(wsym::mse(moved, target) == wsym::mse(prediction, target) + 9);
}

TEST_CASE("regression metrics: a long column of float errors is added in double") {
  const Shape shape{1 << 17, 1};  // in float the sum would be off by 1e-3 of itself
  const double error = 0.1f;
  CHECK(wsym::mse(Tensor<float>(shape, 0.1f), Tensor<float>(shape)) == doctest::Approx(error * error).epsilon(1e-12));
}

TEST_CASE("regression metrics: unequal shapes or no rows are an error that shows both") {
  const Tensor<double> a({2, 1}), b({1, 2}), none({0, 1});
  CHECK_THROWS_WITH_AS(wsym::mse(a, b),
                       "mse: prediction is (2, 1) but target is (1, 2); they need one shape with at least one entry",
                       ShapeError);
  CHECK_THROWS_AS(wsym::rmse(none, none), ShapeError);
  CHECK_THROWS_WITH_AS(wsym::mae(none, none),
                       "mae: prediction is (0, 1) but target is (0, 1); they need one shape with at least one entry",
                       ShapeError);
  CHECK_THROWS_WITH_AS(wsym::r2(a, b),
                       "r2: prediction is (2, 1) but target is (1, 2); they need one shape with at least one entry",
                       ShapeError);
}
