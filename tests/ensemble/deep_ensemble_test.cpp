// SPDX-License-Identifier: MIT
#include "wsym/ensemble/deep_ensemble.hpp"

#include <doctest/doctest.h>

#include "nn/networks.hpp"
#include "wsym/metrics/averaging.hpp"
#include "wsym/nn/experts/soft_moe.hpp"
#include "wsym/nn/members/tabm.hpp"
#include "wsym/optim/adamw.hpp"

using namespace wsym;

namespace {
/// A network that answers with the same numbers whatever comes: biases alone.
template <Real T> Linear<T> answering(std::initializer_list<T> numbers) {
  Linear<T> model;
  model.weight = Parameter<T>(Tensor<T>({static_cast<Index>(numbers.size()), 1}));
  model.bias = Parameter<T>(Tensor<T>({static_cast<Index>(numbers.size())}, numbers));
  return model;
}

template <Real T> TrainedMember<Mlp<T>> train_member(Index i) {
  const Key key = Key(7).child("member").child(i);
  Mlp<T> model({4, 12, 3}, {.mask = Key(8)}, key.child("init"));
  const FitReport report = fit(model, AdamW<T>(), test::circle<T>(60, Key(1)), test::circle<T>(20, Key(2)),
                               {.epochs = 2 + i % 3, .batch_size = 16}, key.child("batches"));
  return {std::move(model), report};
}

template <Real T> DeepEnsemble<Mlp<T>> ensemble_of(std::vector<Mlp<T>> members) {
  return {std::move(members), {TaskKind::regression, 2}};
}
}  // namespace

TEST_CASE_TEMPLATE("ensemble: members have the same bits for any number of threads and either executor", T, float,
                   double) {
  std::vector<Parallel> ways{{1}, {2}, {4}, {8}};
  for (const int threads : {2, 4}) ways.push_back({threads, Executor::std_threads});
  const auto expected = train_members(5, {1}, train_member<T>);
  REQUIRE(expected.size() == 5);
  for (const Parallel& way : ways) {
    const auto members = train_members(5, way, train_member<T>);
    for (std::size_t i = 0; i < 5; ++i) {
      CHECK(test::same_parameters(members[i].model, expected[i].model));
      CHECK(members[i].report.valid_loss == expected[i].report.valid_loss);
    }
  }
  for (std::size_t i = 0; i < 5; ++i) {  // each alone, and masks shared
    CHECK(test::same_parameters(train_member<T>(static_cast<Index>(i)).model, expected[i].model));
    CHECK(expected[i].model.layers[1].weight.frozen() == expected[0].model.layers[1].weight.frozen());
  }
  CHECK_FALSE(test::same_parameters(expected[0].model, expected[1].model));
}

TEST_CASE("ensemble: the error of the lowest member is the one that is thrown") {
  for (const int threads : {1, 4}) {
    const auto failing = [](Index i) -> TrainedMember<Mlp<float>> {
      if (i == 2 || i == 5) throw ConfigError("member " + std::to_string(i));
      return {Mlp<float>({4, 4, 3}, Key(1)), {}};
    };
    CHECK_THROWS_WITH_AS(train_members(6, {threads, Executor::std_threads}, failing), "member 2", ConfigError);
  }
}

TEST_CASE_TEMPLATE("ensemble: outputs are averaged in regression", T, float, double) {
  const DeepEnsemble<Linear<T>> ensemble{{answering<T>({1, 0}), answering<T>({2, 0}), answering<T>({6, -3})},
                                         {TaskKind::regression, 2},
                                         Average::probabilities};  // which regression does not have
  CHECK(same_bits(predict(ensemble, Tensor<T>({1, 1})), Tensor<T>({1, 2}, {3, -1})));
}

TEST_CASE_TEMPLATE("ensemble: averaging logits and averaging probabilities can name different classes", T, float,
                   double) {
  DeepEnsemble<Linear<T>> ensemble{{answering<T>({6, 0}), answering<T>({0, 2}), answering<T>({0, 2})},
                                   {TaskKind::classification, 2}};
  const Tensor<T> x({1, 1}), logits = predict(ensemble, x);
  CHECK(logits[0] == doctest::Approx(2).epsilon(1e-6));
  CHECK(logits[1] == doctest::Approx(1.333333333).epsilon(1e-6));
  ensemble.average = Average::probabilities;
  const Tensor<T> probabilities = predict(ensemble, x);
  CHECK(probabilities[0] == doctest::Approx(0.411978).epsilon(2e-6));
  CHECK(probabilities[1] == doctest::Approx(0.588022).epsilon(2e-6));
}

TEST_CASE_TEMPLATE("ensemble: copies of a network are that network, and so is their average", T, float, double) {
  const Mlp<T> model({3, 16, 2}, Key(1));
  const Tensor<T> x = test::random_tensor<T>({30, 3}, Key(2)), alone = predict(model, x, 2);
  for (const std::size_t k : {1u, 2u, 3u, 4u, 7u}) {
    const std::vector<Mlp<T>> members(k, model);
    const Tensor<T> together = predict(ensemble_of(members), x), average = predict(mean<Mlp<T>>(members), x, 2);
    CHECK(test::worst_error(together, alone) <= test::tolerance<T>);
    CHECK(test::worst_error(average, alone) <= test::tolerance<T>);
    if (k == 1) CHECK(same_bits(together, alone));
    if (k == 1) CHECK(same_bits(average, alone));
  }
}

TEST_CASE_TEMPLATE("ensemble: a network and its permuted twin predict as one, but their average does not", T, float,
                   double) {
  const Mlp<T> model({3, 16, 2}, Key(1)), twin = test::permuted(model, 1, Key(5).permutation(16));
  const Tensor<T> x = test::random_tensor<T>({30, 3}, Key(2)), alone = predict(model, x, 2);
  CHECK(test::worst_error(predict(ensemble_of<T>({model, twin}), x), alone) <= test::tolerance<T>);
  CHECK(test::worst_error(predict(lerp(model, twin, 0.5), x, 2), alone) > 1e-3);
}

TEST_CASE_TEMPLATE("ensemble: a row alone has the bits that it has in any batch", T, float, double) {
  DeepEnsemble<Mlp<T>> ensemble{{}, {TaskKind::classification, 3}};
  for (std::uint64_t i = 0; i < 3; ++i) ensemble.members.push_back(Mlp<T>({4, 20, 3}, Key(i)));
  const Tensor<T> x = test::random_tensor<T>({300, 4}, Key(2));
  Workspace<T> workspace;
  for (const Average average : {Average::logits, Average::probabilities}) {
    ensemble.average = average;
    const Tensor<T> all = predict(ensemble, x);
    for (const Index rows : {1, 2, 7, 17, 65, 257}) {
      Tensor<T> y({rows, 3});
      predict(ensemble, ConstMatMap<T>(x.data() + 4 * 40, rows, 4), y.mat(), workspace);
      CHECK((y.mat().array() == all.mat().middleRows(40, rows).array()).all());
    }
  }
}

TEST_CASE_TEMPLATE("ensemble: after the first call predicting allocates nothing", T, float, double) {
  const Mlp<T> model({4, 20, 3}, Key(1));
  const DeepEnsemble<Mlp<T>> ensemble{{model, model, model}, {TaskKind::classification, 3}, Average::probabilities};
  const Tensor<T> x = test::random_tensor<T>({300, 4}, Key(2));
  Tensor<T> y({300, 3});
  Workspace<T> workspace;
  predict(ensemble, Tensor<T>(x).mat(), y.mat(), workspace);  // a view that may write is read too
  predict(ensemble, x.mat(), y.mat(), workspace);
  const Index before = test::allocations();
  predict(ensemble, x.mat(), y.mat(), workspace);
  CHECK(test::allocations() == before);
}

TEST_CASE_TEMPLATE("ensemble: diverged members are left out and named", T, float, double) {
  const auto trained = [](Index i) -> TrainedMember<Mlp<T>> {
    Mlp<T> model({4, 8, 3}, Key(static_cast<std::uint64_t>(i)));
    const FitReport report = fit(model, AdamW<T>({.rate = i == 1 ? 1e30 : 1e-3}), test::circle<T>(40, Key(1)),
                                 test::circle<T>(20, Key(2)), {.epochs = 10}, Key(3));
    return {std::move(model), report};
  };
  std::vector<Index> diverged;
  const auto members = train_members(3, {1}, trained);
  const DeepEnsemble<Mlp<T>> ensemble = make_ensemble(members, {TaskKind::classification, 3}, &diverged);
  CHECK(diverged == std::vector<Index>{1});
  REQUIRE(ensemble.members.size() == 2);
  CHECK(test::same_parameters(ensemble.members[0], members[0].model));
  CHECK(test::same_parameters(ensemble.members[1], members[2].model));
  CHECK(predict(ensemble, test::circle<T>(20, Key(2)).x).array().isFinite().all());
  CHECK_THROWS_WITH_AS(make_ensemble(members, {TaskKind::classification, 3}),
                       doctest::Contains("make_ensemble: member 1 diverged (epoch "), Diverged);
}

TEST_CASE("ensemble: a member whose training throws Diverged does not take the others with it") {
  for (const int threads : {1, 4}) {
    const auto train = [](Index i) -> TrainedMember<Mlp<float>> {
      if (i == 1) throw Diverged("Router: row 0 has the logit nan");
      return {Mlp<float>({4, 4, 3}, Key(9).child(i)), {}};
    };
    const auto members = train_members(3, {threads, Executor::std_threads}, train);
    REQUIRE(members.size() == 3);
    CHECK(members[1].report.diverged());
    CHECK(members[1].report.reason == "Router: row 0 has the logit nan");
    std::vector<Index> diverged;
    const auto ensemble = make_ensemble(members, {TaskKind::classification, 3}, &diverged);
    CHECK(diverged == std::vector<Index>{1});
    CHECK(test::same_parameters(ensemble.members[1], Mlp<float>({4, 4, 3}, Key(9).child(2))));
    CHECK_THROWS_WITH_AS(
        make_ensemble(members, {TaskKind::classification, 3}),
        "make_ensemble: member 1 diverged (Router: row 0 has the logit nan); give a list for such members to leave "
        "them out",
        Diverged);
  }
}

TEST_CASE("ensemble: a layer that throws Diverged in fit loses its member alone") {
  const auto train = [](Index i) -> TrainedMember<SoftMoe<float>> {
    SoftMoe<float> model(2, {.in = 4, .hidden = 5, .out = 3}, 2, 0, Key(9).child(i));
    const FitReport report = fit(model, AdamW<float>({.rate = i == 0 ? 1e30 : 1e-3}), test::circle<float>(40, Key(1)),
                                 test::circle<float>(20, Key(2)), {.epochs = 4}, Key(3));
    return {std::move(model), report};
  };
  std::vector<Index> diverged;
  const auto ensemble = make_ensemble(train_members(3, {1}, train), {TaskKind::classification, 3}, &diverged);
  CHECK(diverged == std::vector<Index>{0});
  CHECK(ensemble.members.size() == 2);
}

TEST_CASE("ensemble: members that are not finite are left out whatever their report says, and none left is an error") {
  Mlp<float> good({4, 4, 3}, Key(1)), bad = good;
  bad.layers[1].bias.change([](std::span<float> b) { b[3] = std::numeric_limits<float>::infinity(); });
  const Task task{TaskKind::classification, 3};
  std::vector<Index> diverged;
  CHECK(make_ensemble<Mlp<float>>({{bad, {}}, {good, {}}}, task, &diverged).members.size() == 1);
  CHECK(diverged == std::vector<Index>{0});
  CHECK_THROWS_WITH_AS(make_ensemble<Mlp<float>>({{bad, {}}, {bad, {}}}, task, &diverged),
                       "make_ensemble: all 2 members diverged; member 0 diverged (layers.1.bias is not finite)",
                       Diverged);
  CHECK_THROWS_WITH_AS(make_ensemble<Mlp<float>>({}, task, &diverged),
                       "make_ensemble: no members; at least one is needed", ConfigError);
}

TEST_CASE("ensemble: a negative number of members is refused") {
  const auto train = [](Index) -> TrainedMember<Mlp<float>> {
    return {};
  };
  CHECK_THROWS_WITH_AS(train_members(-1, {1}, train), "train_members: -1 members; their number is not negative",
                       ConfigError);
  CHECK(train_members(0, {1}, train).empty());
}

TEST_CASE_TEMPLATE("ensemble: of networks of several members it is the mean over all members of all networks", T, float,
                   double) {
  const Tensor<T> x = test::random_tensor<T>({300, 4}, Key(5));
  DeepEnsemble<TabM<T>> ensemble{{}, {TaskKind::classification, 3}};
  for (const Index members : {5, 2})
    ensemble.members.emplace_back(TabMSize{.mlp = {.in = 4, .hidden = 8, .out = 3}, .members = members},
                                  Key(9).child(members));
  const std::vector<Tensor<T>> all = predict_members(ensemble, x);
  REQUIRE(all.size() == 7);
  CHECK(same_bits(all[0], predict_members(ensemble.members[0], x)[0]));
  CHECK(same_bits(all[5], predict_members(ensemble.members[1], x)[0]));
  CHECK(test::worst_error(predict(ensemble, x), mean_outputs<T>(all)) <= test::tolerance<T>);
  ensemble.average = Average::probabilities;
  Tensor<T> logs = log_mean_probabilities<T>(all);
  logs.array() = logs.array().exp();
  CHECK(test::worst_error(predict(ensemble, x), logs) <= test::tolerance<T>);
  ensemble.task = {TaskKind::regression, 3};
  CHECK(test::worst_error(predict(ensemble, x), mean_outputs<T>(all)) <= test::tolerance<T>);
}

TEST_CASE_TEMPLATE("ensemble: evaluate is the loss of the mean answer of all members, as the ensemble averages", T,
                   float, double) {
  Workspace<T> workspace;
  const Dataset<T> classes = test::circle<T>(300, Key(1)), numbers = test::waves<T>(300, Key(1));
  DeepEnsemble<TabM<T>> ensemble{{}, classes.task};
  for (const Index members : {3, 2})
    ensemble.members.emplace_back(TabMSize{.mlp = {.in = 4, .hidden = 8, .out = 3}, .members = members},
                                  Key(9).child(members));
  CHECK(evaluate(ensemble, classes, workspace) ==
        doctest::Approx(nll_from_logits<T>(predict(ensemble, classes.x), classes.labels)).epsilon(1e-5));
  ensemble.average = Average::probabilities;
  const Tensor<T> logs = log_mean_probabilities<T>(predict_members(ensemble, classes.x));
  CHECK(evaluate(ensemble, classes, workspace) ==
        doctest::Approx(nll_from_logits<T>(logs, classes.labels)).epsilon(1e-5));
  CHECK_THROWS_WITH_AS(evaluate(ensemble, numbers, workspace),
                       "evaluate: the data set has 2 targets but the ensemble's task 3 classes; they must be equal",
                       ShapeError);
  CHECK_THROWS_AS(evaluate(ensemble, test::circle<T>(0, Key(1)), workspace), ConfigError);
  DeepEnsemble<Mlp<T>> regressors{{Mlp<T>({3, 8, 2}, Key(1)), Mlp<T>({3, 8, 2}, Key(2))}, numbers.task};
  const Tensor<T> y = predict(regressors, numbers.x);
  CHECK(evaluate(regressors, numbers, workspace) ==
        doctest::Approx(static_cast<double>((y.array() - numbers.y.array()).square().mean())).epsilon(1e-5));
  regressors.members[1].layers[3].bias.change([](std::span<T> b) { b[0] = std::numeric_limits<T>::infinity(); });
  CHECK_THROWS_WITH_AS(evaluate(regressors, numbers, workspace), "evaluate: the loss is inf", Diverged);
}

TEST_CASE_TEMPLATE("ensemble: its members are its networks, each drawing from its own stream", T, float, double) {
  DeepEnsemble<MixtureOfExperts<T>> ensemble{{}, {TaskKind::regression, 2}};
  const GateOptions gumbel{.kind = GateKind::gumbel};
  const MixtureOfExperts<T> one(3, {.in = 3, .hidden = 5, .out = 2}, gumbel, Key(1));
  ensemble.members = {one, one};
  const Tensor<T> x = test::random_tensor<T>({20, 3}, Key(2));
  const std::vector<Tensor<T>> members = predict_members(ensemble, x);
  REQUIRE(members.size() == 2);
  CHECK_FALSE(same_bits(members[0], members[1]));
  for (std::size_t m = 0; m < 2; ++m) CHECK(same_bits(members[m], predict_members(one, x, Key(m))[0]));
  CHECK(test::worst_error(predict(ensemble, x), mean_outputs<T>(members)) <= test::tolerance<T>);
}

TEST_CASE_TEMPLATE("ensemble: groups of its networks are respected", T, float, double) {
  DeepEnsemble<SoftMoe<T>> ensemble{{}, {TaskKind::regression, 2}};
  for (const Index group : {4, 6})
    ensemble.members.emplace_back(2, MlpSize{.in = 3, .hidden = 5, .out = 2}, 2, group, Key(9).child(group));
  CHECK(rows_together(ensemble) == 12);
  CHECK(predict(ensemble, test::random_tensor<T>({24, 3}, Key(2))).rows() == 24);
  CHECK_THROWS_WITH_AS(predict(ensemble, test::random_tensor<T>({20, 3}, Key(2))),
                       "predict: x has 20 rows, but the model takes groups of 12 rows; x needs a multiple of it",
                       ShapeError);
}

TEST_CASE_TEMPLATE("ensemble: sizes that do not fit and an ensemble of none are refused", T, float, double) {
  const Tensor<T> x({2, 1});
  DeepEnsemble<Linear<T>> ensemble{{}, {TaskKind::regression, 2}};
  CHECK_THROWS_WITH_AS(predict(ensemble, x), "predict: the ensemble has no members", ConfigError);
  ensemble.members.push_back(answering<T>({1, 2, 3}));
  CHECK_THROWS_WITH_AS(predict(ensemble, x), "predict: a member has 3 outputs but the task 2", ShapeError);
  CHECK_THROWS_WITH_AS(predict_members(ensemble, x), "predict_members: a member has 3 outputs but the task 2",
                       ShapeError);
  CHECK_THROWS_WITH_AS(predict_members(DeepEnsemble<Linear<T>>{}, x), "predict_members: the ensemble has no members",
                       ConfigError);
  Tensor<T> y({1, 2});
  Workspace<T> workspace;
  CHECK_THROWS_WITH_AS(predict(ensemble, x.mat(), y.mat(), workspace),
                       "predict: x has 2 rows and the task 2 outputs, but y is (1, 2)", ShapeError);
}
