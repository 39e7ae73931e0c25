// SPDX-License-Identifier: MIT
#include "wsym/ensemble/soup.hpp"

#include <doctest/doctest.h>

#include "nn/networks.hpp"

using namespace wsym;

namespace {
/// A model of two numbers.
template <Real T> struct Point {
  Parameter<T> at;

  Point(T x, T y) : at(Tensor<T>({2}, {x, y})) {}
  static void visit(auto& self, auto&& v) { v("at", self.at); }
};

template <Real T> double square(const Point<T>& p) {
  return static_cast<double>(p.at.value()[0] * p.at.value()[0] + p.at.value()[1] * p.at.value()[1]);
}
}  // namespace

TEST_CASE_TEMPLATE("uniform_soup: it is the mean", T, float, double) {
  const std::vector<Mlp<T>> models{Mlp<T>({3, 5, 2}, Key(1)), Mlp<T>({3, 5, 2}, Key(2)), Mlp<T>({3, 5, 2}, Key(3))};
  CHECK(test::same_parameters(uniform_soup<Mlp<T>>(models), mean<Mlp<T>>(models)));
}

TEST_CASE_TEMPLATE("greedy_soup: best first, and a model comes in if the loss does not rise", T, float, double) {
  // losses 25, 1, 4, 9: (1, 0), then (-2, 0) to (-1/2, 0), not (3, 0) to (2/3, 0), nor (0, 5)
  const std::vector<Point<T>> points{{0, 5}, {1, 0}, {-2, 0}, {3, 0}};
  const Soup<Point<T>> soup = greedy_soup<Point<T>>(points, square<T>);
  CHECK(soup.members == std::vector<Index>{1, 2});
  CHECK(same_bits(soup.model.at.value(), Tensor<T>({2}, {T(-0.5), 0})));
  CHECK(soup.loss == 0.25);
}

TEST_CASE_TEMPLATE("greedy_soup: it weighs its members alike, and goes on after one that it left out", T, float,
                   double) {
  // (1, 0), (-1, 0) make (0, 0); (0, 3) would raise it; of four at 0 all come in
  const std::vector<Point<T>> points{{1, 0}, {0, 3}, {-1, 0}, {4, 0}, {-4, 0}};
  CHECK(greedy_soup<Point<T>>(points, square<T>).members == std::vector<Index>{0, 2});
  const auto flat = [](const Point<T>&) {
    return 1.0;
  };
  const Soup<Point<T>> all = greedy_soup<Point<T>>(points, flat);  // equal losses do not rise, and keep their order
  CHECK(all.members == std::vector<Index>{0, 1, 2, 3, 4});
  CHECK(test::worst_error(all.model.at.value(), Tensor<T>({2}, {0, T(0.6)})) <= test::tolerance<T>);
}

TEST_CASE_TEMPLATE("greedy_soup: never worse than the best model, and networks of one mask stay in their family", T,
                   float, double) {
  std::vector<Mlp<T>> models;
  for (std::uint64_t i = 0; i < 5; ++i) models.push_back(Mlp<T>({3, 8, 2}, {.mask = Key(9)}, Key(i)));
  const auto loss = [](const Mlp<T>& model) {
    double sum = 0;
    for_each_parameter(model, [&](const Parameter<T>& p) { sum += static_cast<double>(p.value()[0]); });
    return sum * sum;
  };
  const Soup<Mlp<T>> soup = greedy_soup<Mlp<T>>(models, loss);
  for (const Mlp<T>& model : models) CHECK(soup.loss <= loss(model));
  CHECK(soup.loss == loss(soup.model));
  CHECK(same_frozen<Mlp<T>>(std::vector{soup.model, models[0]}));
}

TEST_CASE_TEMPLATE("greedy_soup: models and soups without a loss stay out", T, float, double) {
  const std::vector<Point<T>> points{{-3, 0}, {1, 0}, {-1, 1}};
  const auto broken = [](const Point<T>& p) {
    return p.at.value()[0] < -2 || p.at.value()[0] == 0 ? std::nan("") : square(p);
  };
  CHECK(greedy_soup<Point<T>>(points, broken).members == std::vector<Index>{1});
  const auto nothing = [](const Point<T>&) {
    return std::nan("");
  };
  const auto throwing = [&](const Point<T>& p) {
    const double loss = broken(p);
    expect<Diverged>(!std::isnan(loss), "evaluate: the loss is nan");
    return loss;
  };
  CHECK(greedy_soup<Point<T>>(points, throwing).members == std::vector<Index>{1});
  CHECK_THROWS_WITH_AS(greedy_soup<Point<T>>(points, nothing), "greedy_soup: the loss of every model is NaN", Diverged);
  CHECK_THROWS_WITH_AS(greedy_soup<Point<T>>(std::span<const Point<T>>(), square<T>),
                       "greedy_soup: no models; at least one is needed", ConfigError);
}
