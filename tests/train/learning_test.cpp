// SPDX-License-Identifier: MIT
// What holds for whole training runs: frozen entries, allocations, and that something is learnt.
#include <doctest/doctest.h>

#include "nn/networks.hpp"
#include "wsym/optim/adamw.hpp"
#include "wsym/optim/sgd.hpp"
#include "wsym/train/fit.hpp"

using namespace wsym;

namespace {
/// True when every frozen entry has the bits that it started with.
template <Real T> bool frozen_entries_stand(const Mlp<T>& model, const Mlp<T>& start) {
  bool stand = true;
  for (std::size_t l = 0; l < model.layers.size(); ++l)
    for (const Index i : start.layers[l].weight.frozen().index)
      stand =
          stand && std::memcmp(&model.layers[l].weight.value()[i], &start.layers[l].weight.value()[i], sizeof(T)) == 0;
  return stand && count(start).frozen > 0;
}

/// How many entries, biases included, are equal in both models.
template <Real T> Index unmoved(const Mlp<T>& model, const Mlp<T>& start) {
  Index same = 0;
  for (std::size_t l = 0; l < model.layers.size(); ++l) {
    same += (model.layers[l].weight.value().array() == start.layers[l].weight.value().array()).count();
    same += (model.layers[l].bias.value().array() == start.layers[l].bias.value().array()).count();
  }
  return same;
}

/// Entries of the optimiser's state (moments, velocities) that belong to frozen entries and are not 0.
template <Real T, class Optimizer> Index moving_frozen_state(const Optimizer& optimizer, const Mlp<T>& model) {
  Index moving = 0;
  for_each_member(optimizer, [&](const std::string& name, const auto& state) {
    const std::size_t dot = name.find('.');
    if (dot == std::string::npos) return;                            // the step counter
    const std::size_t parameter = std::stoul(name.substr(dot + 1));  // weight and bias of each layer in turn
    if (parameter % 2 == 0)
      for (const Index i : model.layers[parameter / 2].weight.frozen().index) moving += state[i] != 0;
  });
  return moving;
}

FitOptions long_run(double clip_norm, double clip_value) {
  return {.epochs = 30, .patience = 0, .batch_size = 32, .clip_norm = clip_norm, .clip_value = clip_value};
}
}  // namespace

TEST_CASE_TEMPLATE("training: frozen entries stay bit for bit and everything else moves", T, float, double) {
  const Dataset<T> data = test::circle<T>(128, Key(1)), valid = test::circle<T>(20, Key(2));
  const Mlp<T> start = test::w_asymmetric<T>({4, 16, 3});
  for (const FitOptions& options : {long_run(0, 0), long_run(0.5, 0), long_run(0, 0.01)}) {  // 120 steps
    CAPTURE(options.clip_norm);
    CAPTURE(options.clip_value);
    const auto check_run = [&](auto optimizer, bool decays_l2) {
      RunState state(start, std::move(optimizer));
      CHECK(fit(state, data, valid, options, Key(3)).epochs_run == 30);
      CHECK(frozen_entries_stand(state.model, start));
      CHECK(unmoved(state.model, start) == count(start).frozen);
      if (!decays_l2) CHECK(moving_frozen_state(state.optimizer, start) == 0);
    };
    check_run(AdamW<T>({.decay = 0.1}), false);
    check_run(Sgd<T>({.rate = 0.05}), false);
    check_run(Sgd<T>({.rate = 0.05, .decay = 0.1}), true);  // its velocity holds decay theta there, to no effect
  }
}

TEST_CASE_TEMPLATE("training: frozen entries survive a step along infinite gradients", T, float, double) {
  const Mlp<T> start = test::w_asymmetric<T>({4, 16, 3});
  const Tensor<T> x = test::random_tensor<T>({5, 4}, Key(1));
  const std::vector<T> cotangent(15, std::numeric_limits<T>::infinity());
  const auto check_step = [&](auto optimizer) {
    Mlp<T> model = start;
    Tape<T> tape;
    Pass<T> pass = Pass<T>::train(Key(0));
    tape.backward(model(tape.constant(x), pass), cotangent);
    optimizer.step(model, tape);
    CHECK_FALSE(first_not_finite(model).empty());
    CHECK(frozen_entries_stand(model, start));
  };
  check_step(AdamW<T>());
  check_step(Sgd<T>({.decay = 0.1}));
}

TEST_CASE_TEMPLATE("training: after the first epoch nothing is allocated", T, float, double) {
  Dataset<T> data = test::waves<T>(150, Key(1));  // batches of 64, 64 and 22
  const Dataset<T> valid = test::waves<T>(300, Key(2));
  const FitOptions options{
      .epochs = 6, .batch_size = 64, .clip_norm = 1, .clip_value = 0.1, .schedule = cosine_schedule(18, 0.5)};
  for (const bool weighted : {false, true}) {
    if (weighted) data.weights.assign(150, T(0.5));
    const auto check_run = [&](auto optimizer) {
      std::array<Index, 6> allocations{};
      std::size_t at = 0;
      Index improved = 0;
      Mlp<T> model = test::w_asymmetric<T>({3, 24, 2});
      fit(model, std::move(optimizer), data, valid, options, Key(3), [&](const EpochReport& report) {
        allocations[at++] = test::allocations();
        improved += report.best_epoch == report.epoch;
        return true;
      });
      for (std::size_t e = 1; e < 6; ++e) CHECK(allocations[e] == allocations[0]);
      CHECK(improved > 1);  // keeping the best weights is among what allocates nothing
    };
    check_run(AdamW<T>());
    check_run(Sgd<T>({.decay = 0.1}));
  }
}

TEST_CASE_TEMPLATE("training: after the first step a step of the same or a smaller batch allocates nothing", T, float,
                   double) {
  const Tensor<T> x = test::random_tensor<T>({64, 4}, Key(1));
  const Dataset<T> data = test::circle<T>(64, Key(1));
  Mlp<T> model = test::w_asymmetric<T>({4, 24, 3});
  AdamW<T> optimizer;
  Tape<T> tape;
  const auto step = [&](Index rows) {
    tape.clear();
    Pass<T> pass = Pass<T>::train(Key(0));
    const Var<T> output = model(tape.constant(Shape{rows, 4}, x.data()), pass);
    const std::span<const std::int32_t> labels(data.labels);
    tape.backward(cross_entropy<T>(output, labels.first(static_cast<std::size_t>(rows))));
    clip_by_norm(model, tape, 1);
    optimizer.step(model, tape);
  };
  step(64);
  const Index before = test::allocations();
  for (const Index rows : {64, 64, 17, 1, 64}) step(rows);
  CHECK(test::allocations() == before);
}

TEST_CASE_TEMPLATE("training: a weight of 2 trains as a row that comes twice", T, float, double) {
  Dataset<T> weighted = test::circle<T>(12, Key(1));
  std::vector<Index> rows;
  for (Index i = 0; i < 12; ++i) {
    weighted.weights.push_back(i % 3 == 0 ? T(2) : T(1));
    for (Index copy = 0; copy < (i % 3 == 0 ? 2 : 1); ++copy) rows.push_back(i);
  }
  Dataset<T> repeated = take(weighted, rows);
  repeated.weights.clear();
  const auto trained = [](const Dataset<T>& data) {
    Mlp<T> model({4, 8, 3}, Key(2));
    fit(model, Sgd<T>({.rate = 0.1}), data, take(data, std::vector<Index>{}), {.epochs = 10}, Key(3));
    return model;
  };
  const Mlp<T> a = trained(weighted), b = trained(repeated);
  for (std::size_t l = 0; l < 4; ++l)  // ten full-batch steps that differ in the order of their sums alone
    CHECK(test::worst_error(a.layers[l].weight.value(), b.layers[l].weight.value()) <= 10 * test::tolerance<T>);
}

TEST_CASE_TEMPLATE("training: a regression is learnt", T, float, double) {
  const Dataset<T> train = test::waves<T>(600, Key(1)), valid = test::waves<T>(200, Key(2)),
                   unseen = test::waves<T>(200, Key(3));
  Workspace<T> workspace;
  for (const bool asymmetric : {false, true}) {
    CAPTURE(asymmetric);
    Mlp<T> model = asymmetric ? test::w_asymmetric<T>({3, 32, 2}) : Mlp<T>({3, 32, 2}, Key(1));
    const FitReport report =
        fit(model, AdamW<T>({.rate = 5e-3}), train, valid, {.epochs = 60, .batch_size = 64}, Key(4));
    // The mean of the targets leaves (Var sin 2x + Var x y) / 2 = 0.75; without noise a tenth of it is within reach.
    CHECK(evaluate(model, unseen, workspace) < 0.075);
    CHECK(evaluate(model, valid, workspace) == doctest::Approx(report.best_loss).epsilon(1e-6));
  }
}

TEST_CASE_TEMPLATE("training: a classification is learnt", T, float, double) {
  const Dataset<T> train = test::circle<T>(600, Key(1)), valid = test::circle<T>(200, Key(2)),
                   unseen = test::circle<T>(300, Key(3));
  for (const bool asymmetric : {false, true}) {
    CAPTURE(asymmetric);
    Mlp<T> model = asymmetric ? test::w_asymmetric<T>({4, 32, 3}) : Mlp<T>({4, 32, 3}, Key(1));
    fit(model, AdamW<T>({.rate = 5e-3}), train, valid, {.epochs = 60, .batch_size = 64}, Key(4));
    const Tensor<T> logits = predict(model, unseen.x, 3);
    Index right = 0;
    for (Index i = 0; i < 300; ++i) {
      Index best = 0;
      logits.mat().row(i).maxCoeff(&best);
      right += best == unseen.labels[static_cast<std::size_t>(i)];
    }
    CHECK(right >= 270);  // 90 %: the classes do not overlap; the largest of them alone is 39 %
  }
}
