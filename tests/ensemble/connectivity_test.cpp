// SPDX-License-Identifier: MIT
#include "wsym/ensemble/connectivity.hpp"

#include <doctest/doctest.h>

#include "nn/networks.hpp"
#include "wsym/train/evaluate.hpp"

using namespace wsym;

namespace {
/// A model of one number.
template <Real T> struct Point {
  Parameter<T> at;

  explicit Point(T x) : at(Tensor<T>({1}, {x})) {}
  double x() const { return static_cast<double>(at.value()[0]); }
  static void visit(auto& self, auto&& v) { v("at", self.at); }
};
}  // namespace

TEST_CASE_TEMPLATE("loss_barrier: 25 equally spaced points with both ends, and the loss there", T, float, double) {
  const LossBarrier line = loss_barrier(Point<T>(0), Point<T>(3), [](const Point<T>& p) { return p.x(); });
  REQUIRE(line.lambda.size() == 25);
  REQUIRE(line.loss.size() == 25);
  for (std::size_t i = 0; i < 25; ++i) {
    CHECK(line.lambda[i] == static_cast<double>(i) / 24);
    CHECK(line.loss[i] == doctest::Approx(3 * line.lambda[i]).epsilon(1e-6));
  }
  CHECK(line.worst == 3);
}

TEST_CASE_TEMPLATE("loss_barrier: between two minima it is the height of the pass over the chord", T, float, double) {
  const auto wells = [](const Point<T>& p) {
    return (p.x() * p.x() - 1) * (p.x() * p.x() - 1);
  };
  const LossBarrier line = loss_barrier(Point<T>(-1), Point<T>(1), wells);
  CHECK(line.barrier == 1);  // at lambda = 1/2, the 13th point
  CHECK(line.worst == 1);

  const auto tilted = [&](const Point<T>& p) {
    return wells(p) + 2 * p.x();
  };
  CHECK(loss_barrier(Point<T>(-1), Point<T>(1), tilted).barrier == doctest::Approx(1));
  CHECK(loss_barrier(Point<T>(-1), Point<T>(1), tilted).worst == 2);  // an end
}

TEST_CASE_TEMPLATE("loss_barrier: none along a convex loss, nor from a model to itself", T, float, double) {
  const auto bowl = [](const Point<T>& p) {
    return p.x() * p.x();
  };
  CHECK(loss_barrier(Point<T>(-2), Point<T>(5), bowl).barrier == 0);
  const Mlp<T> model({4, 8, 3}, Key(1));
  const Dataset<T> data = test::circle<T>(50, Key(2));
  Workspace<T> workspace;
  const auto loss = [&](const Mlp<T>& m) {
    return evaluate(m, data, workspace);
  };
  const LossBarrier line = loss_barrier(model, model, loss);
  CHECK(line.barrier <= test::tolerance<T>);
  CHECK(line.worst == doctest::Approx(loss(model)).epsilon(1e-5));
}

TEST_CASE_TEMPLATE("loss_barrier: a NaN on the way is not hidden", T, float, double) {
  const auto hole = [](const Point<T>& p) {
    return p.x() > 0.3 && p.x() < 0.6 ? std::nan("") : p.x();
  };
  const auto throwing = [&](const Point<T>& p) {  // as evaluate does
    expect<Diverged>(!std::isnan(hole(p)), "the loss is nan");
    return p.x();
  };
  for (const LossBarrier& line :
       {loss_barrier(Point<T>(0), Point<T>(1), hole), loss_barrier(Point<T>(0), Point<T>(1), throwing)}) {
    CHECK(std::isnan(line.barrier));
    CHECK(std::isnan(line.worst));
    CHECK(std::isnan(line.loss[10]));
    CHECK(line.loss[24] == 1);
  }
  const std::vector<Point<T>> points{Point<T>(0), Point<T>(1)};
  CHECK(std::isnan(mean_barrier<Point<T>>(points, throwing)));
}

TEST_CASE("loss_barrier: fewer than two points and unlike models are refused") {
  const auto loss = [](const auto&) {
    return 0.0;
  };
  CHECK_THROWS_WITH_AS(loss_barrier(Point<float>(0), Point<float>(1), loss, 1),
                       "loss_barrier: 1 points; at least 2 are needed", ConfigError);
  CHECK_THROWS_AS(loss_barrier(Mlp<float>({3, 4, 1}, Key(1)), Mlp<float>({3, 5, 1}, Key(1)), loss), ShapeError);
}

TEST_CASE_TEMPLATE("mean_barrier: the loss of the mean over the mean of the losses", T, float, double) {
  const auto bowl = [](const Point<T>& p) {
    return p.x() * p.x();
  };
  const std::vector<Point<T>> points{Point<T>(-1), Point<T>(1), Point<T>(3)};
  CHECK(mean_barrier<Point<T>>(points, bowl) == doctest::Approx(1 - 11.0 / 3));
  CHECK(mean_barrier<Point<T>>(std::span(points).first(1), bowl) == 0);
  const std::vector<Point<T>> two{Point<T>(-1), Point<T>(1)};
  const auto hill = [](const Point<T>& p) {
    return -p.x() * p.x();
  };
  CHECK(mean_barrier<Point<T>>(two, hill) == loss_barrier(two[0], two[1], hill, 3).barrier);
  CHECK_THROWS_AS(mean_barrier<Point<T>>(std::span<const Point<T>>(), bowl), ConfigError);
}
