// SPDX-License-Identifier: MIT
#include "wsym/train/weight_average.hpp"

#include <doctest/doctest.h>

#include "nn/networks.hpp"
#include "wsym/optim/adamw.hpp"
#include "wsym/train/fit.hpp"

using namespace wsym;

namespace {
template <Real T> std::vector<Mlp<T>> networks(Index n, Key mask = Key(9)) {
  std::vector<Mlp<T>> models;
  for (Index i = 0; i < n; ++i) models.push_back(Mlp<T>({3, 6, 2}, {.mask = mask}, Key(static_cast<std::uint64_t>(i))));
  return models;
}
}  // namespace

TEST_CASE_TEMPLATE("weight_average: of equal weights it is the mean of all models", T, float, double) {
  const std::vector<Mlp<T>> models = networks<T>(7);
  WeightAverage<Mlp<T>> average;
  for (std::size_t i = 0; i < models.size(); ++i) {
    average.add(models[i]);
    CHECK(average.count() == static_cast<Index>(i + 1));
    CHECK(distance(average.model(), mean(std::span(models).first(i + 1))) <= test::tolerance<T>);
  }
  CHECK(same_frozen<Mlp<T>>(std::vector{average.model(), models[0]}));
}

TEST_CASE_TEMPLATE("weight_average: exponential weights are rho^k (1 - rho), the first model taking the rest", T, float,
                   double) {
  const std::vector<Mlp<T>> models = networks<T>(5);
  const double rho = 0.75;
  WeightAverage<Mlp<T>> average(rho);
  for (const Mlp<T>& model : models) average.add(model);
  std::vector<double> weights;
  for (int i = 0; i < 5; ++i) weights.push_back(std::pow(rho, 4 - i) * (i == 0 ? 1 : 1 - rho));
  const Mlp<T> expected = combine<Mlp<T>>(detail::pointers(std::span<const Mlp<T>>(models)), weights);
  CHECK(distance(average.model(), expected) <= test::tolerance<T>);
  CHECK(average.count() == 5);
  CHECK(same_frozen<Mlp<T>>(std::vector{average.model(), models[0]}));
}

TEST_CASE_TEMPLATE("weight_average: rho 0 keeps the last model", T, float, double) {
  const std::vector<Mlp<T>> models = networks<T>(3);
  WeightAverage<Mlp<T>> average(0);
  for (const Mlp<T>& model : models) average.add(model);
  CHECK(test::same_parameters(average.model(), models[2]));
}

TEST_CASE_TEMPLATE("weight_average: an observer of fit collects the models that training passes through", T, float,
                   double) {
  const Dataset<T> train = test::circle<T>(60, Key(1)), valid = test::circle<T>(30, Key(2));
  RunState<Mlp<T>, AdamW<T>> state(Mlp<T>({4, 8, 3}, {.mask = Key(9)}, Key(3)), AdamW<T>());
  WeightAverage<Mlp<T>> average;
  std::vector<Mlp<T>> late;
  const auto observe = [&](const EpochReport& report) {
    if (report.epoch > 3) {
      average.add(state.model);
      late.push_back(state.model);
    }
    return true;
  };
  fit(state, train, valid, {.epochs = 8, .patience = 0}, Key(4), observe);
  CHECK(average.count() == 5);
  CHECK(distance(average.model(), mean<Mlp<T>>(late)) <= test::tolerance<T>);
  CHECK(distance(average.model(), state.model) > 1e-3);
}

TEST_CASE_TEMPLATE("weight_average: an average with a model that is not finite is no answer", T, float, double) {
  for (const double number : {std::numeric_limits<double>::infinity(), std::nan("")}) {
    std::vector<Mlp<T>> models = networks<T>(3);
    models[1].layers[2].bias.change([&](std::span<T> b) { b[1] = static_cast<T>(number); });
    WeightAverage<Mlp<T>> average, last(0);
    for (const Mlp<T>& model : models) average.add(model), last.add(model);
    CHECK_THROWS_WITH_AS(average.model(), "WeightAverage: layers.2.bias of the average of 3 models is not finite",
                         Diverged);
    CHECK_THROWS_AS(last.model(), Diverged);
  }
}

TEST_CASE_TEMPLATE("weight_average: no model, an unlike one, and a rho out of range are refused", T, float, double) {
  using Average = WeightAverage<Mlp<T>>;
  Average average;
  CHECK_THROWS_WITH_AS(average.model(), "WeightAverage: no model was added; at least one is needed", ConfigError);
  average.add(Mlp<T>({3, 6, 2}, Key(1)));
  CHECK_THROWS_AS(average.add(Mlp<T>({3, 7, 2}, Key(1))), ShapeError);
  CHECK(average.count() == 1);
  CHECK_THROWS_WITH_AS(Average(1), "WeightAverage: rho is 1; it must be from 0 to below 1", ConfigError);
  CHECK_THROWS_AS(Average(-0.1), ConfigError);
  CHECK_THROWS_AS(Average(std::nan("")), ConfigError);
}
