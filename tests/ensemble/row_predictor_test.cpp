// SPDX-License-Identifier: MIT
#include "wsym/ensemble/row_predictor.hpp"

#include <doctest/doctest.h>

#include "wsym/nn/members/tabm.hpp"
#include "wsym/nn/symmetry/w_asymmetry.hpp"

using namespace wsym;

namespace {
template <Real T> DeepEnsemble<Mlp<T>> make_ensemble(const MlpSize& size, const Task& task, Average average) {
  DeepEnsemble<Mlp<T>> ensemble{{}, task, average};
  for (std::uint64_t m = 0; m < 5; ++m)
    ensemble.members.emplace_back(size, WAsymmetry{.mask = Key(3)}, Key(4).child(m));
  return ensemble;
}

template <Real T> Tensor<T> make_rows(Index rows, Index cols) {
  Tensor<T> x(Shape{rows, cols});
  for (Index i = 0; i < x.size(); ++i) x[i] = static_cast<T>(Key(5).normal(i));
  return x;
}
}  // namespace

TEST_CASE_TEMPLATE("row_predictor: answers have the bits of the ensemble's own", T, float, double) {
  Workspace<T> workspace;
  for (const Index out : {1, 2, 3, 9, 17})
    for (const Index hidden : {8, 33})
      for (const auto kind : {TaskKind::regression, TaskKind::classification})
        for (const Average average : {Average::logits, Average::probabilities}) {
          const auto ensemble = make_ensemble<T>({7, hidden, out}, {kind, out}, average);
          const RowPredictor<T> predictor(ensemble);
          for (const Index rows : {1, 2, 16, 37}) {
            const Tensor<T> x = make_rows<T>(rows, 7);
            Tensor<T> y(Shape{rows, out});
            predictor(x.mat(), y.mat(), workspace);
            CHECK(same_bits(y, predict(ensemble, x)));
          }
        }
}

TEST_CASE("row_predictor: a copy does not see what becomes of the ensemble") {
  auto ensemble = make_ensemble<float>({7, 8, 3}, {TaskKind::regression, 3}, Average::logits);
  const RowPredictor<float> predictor(ensemble);
  const Tensor<float> x = make_rows<float>(1, 7), before = predict(ensemble, x);
  ensemble.members.pop_back();
  Tensor<float> y(Shape{1, 3});
  Workspace<float> workspace;
  predictor(x.mat(), y.mat(), workspace);
  CHECK(same_bits(y, before));
}

TEST_CASE("row_predictor: it takes MLPs alone, not other networks that have a list of layers") {
  static_assert(std::is_constructible_v<RowPredictor<float>, DeepEnsemble<Mlp<float>>>);
  static_assert(!std::is_constructible_v<RowPredictor<float>, DeepEnsemble<Mlp<double>>>);
  static_assert(!std::is_constructible_v<RowPredictor<float>, DeepEnsemble<TabM<float>>>);
  static_assert(!std::is_constructible_v<RowPredictor<float>, DeepEnsemble<TabMMini<float>>>);
  static_assert(std::same_as<decltype(RowPredictor(DeepEnsemble<Mlp<double>>())), RowPredictor<double>>);
}

TEST_CASE("row_predictor: rows may lie in a tensor that may change") {
  const auto ensemble = make_ensemble<float>({7, 8, 3}, {TaskKind::regression, 3}, Average::logits);
  const RowPredictor<float> predictor(ensemble);
  Tensor<float> x = make_rows<float>(2, 7), y(Shape{2, 3});
  Workspace<float> workspace;
  predictor(x.mat(), y.mat(), workspace);
  CHECK(same_bits(y, predict(ensemble, x)));
}

TEST_CASE("row_predictor: members whose layers do not fit each other are refused before anything is copied") {
  const auto whole = make_ensemble<float>({7, 8, 3}, {TaskKind::regression, 3}, Average::logits);
  const auto refused = [&](std::size_t layer, Shape weight, Shape bias, const char* words) {
    for (const std::size_t m : {std::size_t{0}, std::size_t{4}}) {
      auto ensemble = whole;
      ensemble.members[m].layers[layer].weight = Parameter<float>(Tensor<float>(weight));
      ensemble.members[m].layers[layer].bias = Parameter<float>(Tensor<float>(bias));
      CHECK_THROWS_WITH_AS(RowPredictor<float>{ensemble}, words, ShapeError);
    }
  };
  for (const Index short_bias : {0, 1, 2})
    refused(
        3, {3, 8}, {short_bias},
        message("Mlp: layer 3 has weight (3, 8) and bias (", short_bias, "); it needs (out, in) and (out)").c_str());
  refused(3, {3, 7}, {3}, "Mlp: layer 3 has weight (3, 7) but layer 2 gives 8 outputs; it needs as many columns");
  refused(1, {8}, {8}, "Mlp: layer 1 has weight (8) and bias (8); it needs (out, in) and (out)");
  auto ensemble = whole;
  ensemble.members[2] = Mlp<float>();
  CHECK_THROWS_WITH_AS(RowPredictor<float>{ensemble},
                       "Mlp: it has no layers; a default network or one that was moved from is empty", ConfigError);
}

TEST_CASE("row_predictor: what does not fit is an error that names the sizes") {
  auto ensemble = make_ensemble<float>({7, 8, 3}, {TaskKind::regression, 3}, Average::logits);
  const RowPredictor<float> predictor(ensemble);
  const Tensor<float> x = make_rows<float>(2, 6);
  Tensor<float> y(Shape{2, 3});
  Workspace<float> workspace;
  CHECK_THROWS_WITH_AS(predictor(x.mat(), y.mat(), workspace),
                       "RowPredictor: x is (2, 6) and y (2, 3); they need equal rows, 7 features and 3 outputs",
                       ShapeError);
  ensemble.members.emplace_back(MlpSize{7, 9, 3}, Key(1));
  CHECK_THROWS_AS(RowPredictor<float>{ensemble}, ShapeError);
  ensemble.task.outputs = 4;
  CHECK_THROWS_AS(RowPredictor<float>{ensemble}, ShapeError);
  ensemble.members.clear();
  CHECK_THROWS_AS(RowPredictor<float>{ensemble}, ConfigError);
}
