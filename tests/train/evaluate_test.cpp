// SPDX-License-Identifier: MIT
#include "wsym/train/evaluate.hpp"

#include <doctest/doctest.h>

#include "nn/networks.hpp"
#include "wsym/nn/experts/dense_moe.hpp"
#include "wsym/nn/members/tabm.hpp"
#include "wsym/nn/predict_members.hpp"

using namespace wsym;

namespace {
/// The loss by its definition, over the model's predictions.
template <Real T> double naive_loss(const Mlp<T>& model, const Dataset<T>& data) {
  const Tensor<T> p = predict(model, data.x, data.task.outputs);
  double total = 0, weight = 0;
  for (Index n = 0; n < data.rows(); ++n) {
    double loss = 0, sum = 0;
    for (Index j = 0; j < p.cols(); ++j) {
      const double entry = static_cast<double>(p(n, j));
      if (data.labels.empty())
        loss += std::pow(entry - static_cast<double>(data.y(n, j)), 2) / static_cast<double>(p.cols());
      sum += std::exp(entry);
    }
    if (!data.labels.empty())
      loss = std::log(sum) - static_cast<double>(p(n, data.labels[static_cast<std::size_t>(n)]));
    const double w = data.weights.empty() ? 1.0 : static_cast<double>(data.weights[static_cast<std::size_t>(n)]);
    total += w * loss;
    weight += w;
  }
  return total / weight;
}

template <Real T> std::vector<T> positive_weights(Index rows) {
  std::vector<T> weights;
  for (Index i = 0; i < rows; ++i) weights.push_back(static_cast<T>(0.25 * static_cast<double>(1 + i % 7)));
  return weights;
}

/// The loss and all gradients of a model on a whole data set.
template <Real T> std::vector<double> loss_and_gradients(const Mlp<T>& model, const Dataset<T>& data) {
  Tape<T> tape;
  Pass<T> pass = Pass<T>::train(Key(0));
  const Var<T> loss =
      task_loss<T>(data.task, model(tape.constant(data.x), pass), data.y.span(), data.labels, data.weights);
  tape.backward(loss);
  std::vector<double> all{static_cast<double>(loss.item())};
  for_each_parameter(model, [&](const Parameter<T>& p) {
    for (const T g : tape.gradient(p)) all.push_back(static_cast<double>(g));
  });
  return all;
}
}  // namespace

TEST_CASE_TEMPLATE("evaluate: it is the mean over rows, weighted or not, whatever the number of blocks", T, float,
                   double) {
  const Mlp<T> regressor({3, 8, 2}, Key(1)), classifier({4, 8, 3}, Key(1));
  Workspace<T> workspace;
  for (const Index rows : {1, 7, 255, 256, 257, 600})
    for (const bool weighted : {false, true}) {
      CAPTURE(rows);
      CAPTURE(weighted);
      Dataset<T> numbers = test::waves<T>(rows, Key(2)), classes = test::circle<T>(rows, Key(2));
      if (weighted) numbers.weights = classes.weights = positive_weights<T>(rows);
      CHECK(evaluate(regressor, numbers, workspace) ==
            doctest::Approx(naive_loss(regressor, numbers)).epsilon(test::tolerance<T>));
      CHECK(evaluate(classifier, classes, workspace) ==
            doctest::Approx(naive_loss(classifier, classes)).epsilon(test::tolerance<T>));
    }
}

TEST_CASE_TEMPLATE("evaluate: after the first call nothing is allocated", T, float, double) {
  const Mlp<T> model({4, 8, 3}, Key(1));
  const Dataset<T> data = test::circle<T>(300, Key(2));
  Workspace<T> workspace;
  const double first = evaluate(model, data, workspace);
  const Index before = test::allocations();
  const double second = evaluate(model, data, workspace);
  CHECK(test::allocations() == before);
  CHECK(first == second);
}

TEST_CASE_TEMPLATE("evaluate: a weight of 2 is a row that comes twice, in loss and gradient", T, float, double) {
  const Mlp<T> regressor({3, 8, 2}, Key(1)), classifier({4, 8, 3}, Key(1));
  const std::vector<Index> twice{0, 1, 1, 2, 3, 4, 4};
  const auto compare = [&](const Mlp<T>& model, const Dataset<T>& data) {
    Dataset<T> weighted = data;
    weighted.weights = {1, 2, 1, 1, 2};
    const std::vector<double> a = loss_and_gradients(model, weighted), b = loss_and_gradients(model, take(data, twice));
    CHECK(test::worst_error(a, b) <= test::tolerance<T>);
    CHECK(test::worst_error(a, loss_and_gradients(model, data)) > 1e-3);
  };
  compare(regressor, test::waves<T>(5, Key(2)));
  compare(classifier, test::circle<T>(5, Key(2)));
}

TEST_CASE_TEMPLATE("evaluate: class weights become row weights", T, float, double) {
  const std::vector<std::int32_t> labels{2, 0, 2, 1};
  const std::vector<T> weights{T(0.5), T(1), T(3)};
  CHECK(row_weights<T>(labels, weights) == std::vector<T>{3, T(0.5), 3, 1});
  CHECK_THROWS_WITH_AS(row_weights<T>(labels, std::vector<T>{1, 2}),
                       "row_weights: label 2 with 2 class weights; one for each class is needed", ConfigError);
}

TEST_CASE_TEMPLATE("task_loss: spec 9.5, the mean of the members' cross-entropies", T, float, double) {
  const Tensor<T> logits({2, 2, 3}, {2, 0, -1, 0, 0, 0, T(0.5), T(1.5), 0, 1, -1, 3});
  const std::vector<std::int32_t> labels{0, 2};
  Tape<T> tape(false);
  const Var<T> loss = task_loss<T>({TaskKind::classification, 3}, tape.constant(logits), {}, labels, {});
  CHECK(static_cast<double>(loss.item()) == doctest::Approx(.71893968).epsilon(3e-8));
}

TEST_CASE_TEMPLATE("task_loss: of several members it is the mean of theirs, with weights, for either task", T, float,
                   double) {
  const Tensor<T> output = test::random_tensor<T>({3, 5, 2}, Key(1)), y = test::random_tensor<T>({5, 2}, Key(2));
  const std::vector<std::int32_t> labels{0, 1, 1, 0, 1};
  for (const TaskKind kind : {TaskKind::regression, TaskKind::classification})
    for (const std::vector<T>& weights : {std::vector<T>{}, positive_weights<T>(5)}) {
      const Task task{kind, 2};
      const std::span<const std::int32_t> classes =
          kind == TaskKind::classification ? std::span(labels) : std::span<const std::int32_t>();
      Tape<T> tape(false);
      double mean = 0;
      for (Index m = 0; m < 3; ++m) {
        const Var<T> own = tape.constant(Shape{5, 2}, output.data() + m * 10);
        mean += static_cast<double>(task_loss<T>(task, own, y.span(), classes, weights).item()) / 3;
      }
      const Var<T> all = task_loss<T>(task, tape.constant(output), y.span(), classes, weights);
      CHECK(static_cast<double>(all.item()) == doctest::Approx(mean).epsilon(1e-6));
    }
}

TEST_CASE_TEMPLATE("task_loss: one-hot probabilities as targets give the loss of their labels", T, float, double) {
  const Tensor<T> output = test::random_tensor<T>({3, 4, 2}, Key(1));
  const std::vector<std::int32_t> labels{0, 1, 1, 0};
  const std::vector<T> targets{1, 0, 0, 1, 0, 1, 1, 0};
  Tape<T> tape(false);
  const Task task{TaskKind::classification, 2};
  CHECK(task_loss<T>(task, tape.constant(output), targets, {}, {}).item() ==
        task_loss<T>(task, tape.constant(output), {}, labels, {}).item());
  CHECK_THROWS_WITH_AS(task_loss<T>(task, tape.constant(output), targets, {}, std::vector<T>(4)),
                       "task_loss: 4 weights beside probabilities as targets; they have none", ShapeError);
}

TEST_CASE_TEMPLATE("task_loss: an output whose axis before the last is not the rows is refused", T, float, double) {
  const std::vector<std::int32_t> labels{0, 1};
  Tape<T> tape(false);
  const auto given = [&](const Tensor<T>& output) {
    return task_loss<T>({TaskKind::classification, 2}, tape.constant(output), {}, labels, {});
  };
  CHECK_THROWS_WITH_AS(
      given(Tensor<T>({4, 2})),
      "task_loss: the model answers 2 rows with (4, 2); it needs (2, outputs), or (members, 2, outputs)", ShapeError);
  CHECK_THROWS_AS(given(Tensor<T>({2, 3, 2})), ShapeError);
  CHECK_THROWS_AS(given(Tensor<T>({0, 2, 2})), ShapeError);
  const Tensor<T> twice({8, 2}), y({4, 2});
  CHECK_THROWS_AS(task_loss<T>({TaskKind::regression, 2}, tape.constant(twice), y.span(), {}, {}), ShapeError);
}

TEST_CASE_TEMPLATE("task_loss: outputs that are not the task's, and targets that are not one each, are refused", T,
                   float, double) {
  Tape<T> tape(false);
  const Tensor<T> output({2, 3}), targets({2, 3});
  const std::vector<std::int32_t> labels{0, 1};
  const auto regression = [&](Index outputs, std::span<const T> y) {
    return task_loss<T>({TaskKind::regression, outputs}, tape.constant(output), y, {}, {});
  };
  CHECK_THROWS_WITH_AS(regression(1, targets.span()), "task_loss: the model has 3 outputs but the task 1", ShapeError);
  CHECK_THROWS_WITH_AS(task_loss<T>({TaskKind::classification, 2}, tape.constant(output), {}, labels, {}),
                       "task_loss: the model has 3 outputs but the task 2", ShapeError);
  CHECK_THROWS_WITH_AS(
      regression(3, targets.span().first(3)),
      "task_loss: the model answers 1 rows with (2, 3); it needs (1, outputs), or (members, 1, outputs)", ShapeError);
  const std::vector<T> seven(7);
  CHECK_THROWS_WITH_AS(regression(3, seven), "task_loss: y has 7 entries for 2 rows of 3; one each is needed",
                       ShapeError);
}

TEST_CASE_TEMPLATE("evaluate: a model whose outputs are not the task's is refused, and data that do not fit", T, float,
                   double) {
  Workspace<T> workspace;
  const Mlp<T> model({3, 8, 3}, Key(1));
  Dataset<T> data{Tensor<T>({8, 3}, T(1)), Tensor<T>({8, 1}, T(1)), {}, {TaskKind::regression, 1}};
  CHECK_THROWS_WITH_AS(evaluate(model, data, workspace), "task_loss: the model has 3 outputs but the task 1",
                       ShapeError);
  CHECK_THROWS_WITH_AS(evaluate(Mlp<T>({3, 8, 1}, Key(1)), test::waves<T>(8, Key(2)), workspace),
                       "task_loss: the model has 1 outputs but the task 2", ShapeError);
  Dataset<T> classes = test::circle<T>(8, Key(2));
  CHECK_THROWS_WITH_AS(evaluate(Mlp<T>({4, 8, 5}, Key(1)), classes, workspace),
                       "task_loss: the model has 5 outputs but the task 3", ShapeError);
  data.y = Tensor<T>({7, 1});
  CHECK_THROWS_AS(evaluate(Mlp<T>({3, 8, 1}, Key(1)), data, workspace), ShapeError);
}

TEST_CASE_TEMPLATE("evaluate: of a network of several members it is the mean of their losses", T, float, double) {
  const TabM<T> model({.mlp = {.in = 4, .hidden = 8, .out = 3}, .members = 4}, Key(1));
  const Dataset<T> data = test::circle<T>(300, Key(2));
  Workspace<T> workspace;
  double mean = 0;
  for (const Tensor<T>& logits : predict_members(model, data.x)) {
    Tape<T> tape(false);
    mean += static_cast<double>(task_loss<T>(data.task, tape.constant(logits), {}, data.labels, {}).item()) / 4;
  }
  CHECK(evaluate(model, data, workspace) == doctest::Approx(mean).epsilon(1e-6));
}

TEST_CASE_TEMPLATE("evaluate: a weight or a loss that is not finite is Diverged, also where the loss hides the weight",
                   T, float, double) {
  const Dataset<T> data = test::circle<T>(20, Key(2));
  Workspace<T> workspace;
  Mlp<T> model({4, 8, 3}, Key(1));
  const Tensor<T> bias = model.layers[0].bias.value();
  // gelu(-inf) is NaN or 0 as the platform has it: the weight is looked at before
  model.layers[0].bias.change([](std::span<T> b) { b[2] = -std::numeric_limits<T>::infinity(); });
  CHECK_THROWS_WITH_AS(evaluate(model, data, workspace), "evaluate: layers.0.bias of the model is not finite",
                       Diverged);
  model.layers[0].bias = Parameter<T>(bias);
  model.layers[3].bias.change([](std::span<T> b) { b[0] = std::numeric_limits<T>::max(), b[1] = -b[0]; });
  CHECK_THROWS_WITH_AS(evaluate(model, data, workspace), "evaluate: the loss is inf", Diverged);
}

TEST_CASE_TEMPLATE("evaluate: a set without rows is refused", T, float, double) {
  Workspace<T> workspace;
  CHECK_THROWS_WITH_AS(evaluate(Mlp<T>({4, 8, 3}, Key(1)), test::circle<T>(0, Key(2)), workspace),
                       "evaluate: the data set has no rows", ConfigError);
}

TEST_CASE_TEMPLATE("evaluate: a model that draws at evaluation draws from the key", T, float, double) {
  const Dataset<T> data = test::circle<T>(300, Key(2));
  const MixtureOfExperts<T> model(3, {data.features(), 8, data.task.outputs}, {.kind = GateKind::gumbel}, Key(1));
  Workspace<T> workspace;
  const double first = evaluate(model, data, workspace, Key(7));
  CHECK(evaluate(model, data, workspace, Key(7)) == first);
  CHECK(evaluate(model, data, workspace, Key(8)) != first);
}
