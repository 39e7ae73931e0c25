// SPDX-License-Identifier: MIT
// Networks that hold several members, trained and evaluated as a whole.
#include "nn/networks.hpp"
#include "wsym/metrics/diversity.hpp"
#include "wsym/nn/members/batch_ensemble.hpp"
#include "wsym/nn/members/mimo.hpp"
#include "wsym/nn/members/tabm.hpp"
#include "wsym/nn/predict_members.hpp"
#include "wsym/nn/residual_mlp.hpp"
#include "wsym/optim/adamw.hpp"
#include "wsym/train/fit.hpp"

using namespace wsym;

namespace {
const ResidualMlpSize residual{.in = 4, .out = 3, .width = 16, .hidden = 32, .members = 3};

template <Real T> ResidualMlp<T, BatchEnsembleFeedForward<T>> batch_ensemble() {
  return {residual, Key(1), [](const Key& key) {
            return BatchEnsembleFeedForward<T>(16, 32, 3, ScaleInit::sign, key);
          }};
}

/// Trains on three classes that do not overlap, and asks for nine of ten unseen rows from the averaged probabilities.
template <Real T, class M> void check_learning(const char* name, M model, Index members) {
  CAPTURE(name);
  const Dataset<T> train = test::circle<T>(600, Key(1)), valid = test::circle<T>(200, Key(2)),
                   unseen = test::circle<T>(300, Key(3));
  const AdamWOptions options{.rate = 5e-3, .decays = kernels_only()};
  const FitReport report = fit(model, AdamW<T>(options), train, valid, {.epochs = 60, .batch_size = 64}, Key(4));
  CHECK_FALSE(report.diverged());
  const std::vector<Tensor<T>> outputs = predict_members(model, unseen.x);
  REQUIRE(static_cast<Index>(outputs.size()) == members);
  const Tensor<T> together = log_mean_probabilities<T>(outputs);
  CHECK(accuracy(together, unseen.labels) >= 0.9);
  double mean = 0;
  for (const Tensor<T>& output : outputs) mean += nll_from_logits(output, unseen.labels) / static_cast<double>(members);
  CHECK(nll_from_logits(together, unseen.labels) < mean);
  CHECK(mean_kl<T>(outputs) > 0);
  Workspace<T> workspace;
  CHECK(evaluate(model, unseen, workspace) == doctest::Approx(mean).epsilon(1e-5));  // the loss is the members' mean
}
}  // namespace

TEST_CASE_TEMPLATE("efficient ensembles: each kind learns, and its members together do better than each", T, float,
                   double) {
  const MlpSize wide{.in = 2 * 4, .hidden = 48, .out = 2 * 3};
  check_learning<T>("batch ensemble", batch_ensemble<T>(), 3);
  check_learning<T>("tabm", TabM<T>({.mlp = {.in = 4, .hidden = 32, .out = 3}, .members = 4}, Key(1)), 4);
  check_learning<T>("tabm mini", TabMMini<T>({.mlp = {.in = 4, .hidden = 32, .out = 3}, .members = 4}, Key(1)), 4);
  check_learning<T>("mimo", Mimo<T>(Mlp<T>(wide, Key(1)), {.members = 2, .replication = 0.5, .repeats = 2}), 2);
}

TEST_CASE_TEMPLATE("efficient ensembles: a network trained with dropout gives samples that agree on most rows", T,
                   float, double) {
  const Dataset<T> train = test::circle<T>(600, Key(1)), unseen = test::circle<T>(300, Key(3));
  ResidualMlp<T> model({.in = 4, .out = 3, .width = 32, .hidden = 64}, Key(1), 0.1);
  fit(model, AdamW<T>({.rate = 5e-3}), train, Dataset<T>(), {.epochs = 30, .batch_size = 64}, Key(4));
  const std::vector<Tensor<T>> samples = predict_mc_dropout(model, unseen.x, 4, Key(5));
  CHECK(accuracy(log_mean_probabilities<T>(samples), unseen.labels) >= 0.9);
  CHECK(mean_kl<T>(samples) > 0);
  CHECK(disagreement<T>(samples) < 0.2);
}

TEST_CASE_TEMPLATE("efficient ensembles: members' scales may learn at a rate of their own", T, float, double) {
  const Dataset<T> data = test::circle<T>(64, Key(1));
  const auto start = batch_ensemble<T>();
  const auto scales_moved = [&](double factor) {
    auto model = start;
    const auto choose = [factor](const std::string& name, const Shape&) {
      return name.find("scale_") == std::string::npos ? 1.0 : factor;
    };
    fit(model, AdamW<T>({.factor = choose}), data, data, {.epochs = 1, .batch_size = 64}, Key(4));
    const auto layer = [](const auto& m) -> const auto& {
      return m.blocks[1].special->inner.up;
    };
    CHECK_FALSE(same_bits(layer(model).weight.value(), layer(start).weight.value()));
    return (layer(model).scale_in.value().array() - layer(start).scale_in.value().array()).abs().maxCoeff();
  };
  CHECK(scales_moved(0) == T(0));
  CHECK(scales_moved(1) > T(0));
}
