// SPDX-License-Identifier: MIT
#include "wsym/train/fit.hpp"

#include <doctest/doctest.h>

#include "nn/networks.hpp"
#include "wsym/nn/experts/multi_pred.hpp"
#include "wsym/nn/experts/soft_moe.hpp"
#include "wsym/nn/predict_members.hpp"
#include "wsym/optim/adamw.hpp"
#include "wsym/optim/sgd.hpp"

using namespace wsym;

namespace {
/// Gives a Linear<T>(1, 1) the loss losses[e] on zero rows after its step of epoch e + 1, and notes the multipliers.
template <Real T> struct Scripted {
  std::vector<double> losses;
  std::vector<double>* multipliers = nullptr;
  std::size_t at = 0;

  void start(const Linear<T>&) {}
  void step(Linear<T>& model, Tape<T>&, double multiplier) {
    const double loss = losses[std::min(at++, losses.size() - 1)];
    model.bias.change([&](std::span<T> b) { b[0] = static_cast<T>(std::sqrt(loss)); });
    if (multipliers != nullptr) multipliers->push_back(multiplier);
  }
};

template <Real T> Dataset<T> zeros(Index rows) {
  return {Tensor<T>({rows, 1}), Tensor<T>({rows, 1}), {}, {TaskKind::regression, 1}};
}

template <Real T> struct ScriptedRun {
  Linear<T> model{1, 1, Key(1)};
  FitReport report;

  ScriptedRun(std::vector<double> losses, FitOptions options, Index valid_rows = 3, const Observer& observer = {}) {
    report = fit(model, Scripted<T>{std::move(losses)}, zeros<T>(2), zeros<T>(valid_rows), options, Key(2), observer);
  }
  double bias_squared() const { return std::pow(static_cast<double>(model.bias.value()[0]), 2); }
};

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

/// y = bias; notes the first column of every input and whether the pass trains.
template <Real T> struct Recorder {
  Parameter<T> bias{Tensor<T>({1, 1})};
  std::vector<std::vector<Index>>* batches = nullptr;
  std::vector<Key>* keys = nullptr;

  Var<T> operator()(Var<T> x, const Pass<T>& pass) const {
    if (pass.training()) {
      batches->push_back({});
      for (Index i = 0; i < x.rows(); ++i) batches->back().push_back(static_cast<Index>(x.value()(i, 0)));
      keys->push_back(pass.key());
    }
    return linear(x, x.tape().use(bias), x.tape().use(bias));
  }
  static void visit(auto& self, auto&& v) { v("bias", self.bias); }
};

/// A layer that throws Diverged in its pass number `at`, counted over training and evaluation.
template <Real T> struct Throwing {
  Linear<T> linear{1, 1, Key(1)};
  Index at = 0;
  Index* passes = nullptr;

  Var<T> operator()(Var<T> x, const Pass<T>& pass) const {
    expect<Diverged>((*passes)++ != at, "Throwing: enough");
    return linear(x, pass);
  }
  static void visit(auto& self, auto&& v) { v("linear", self.linear); }
};

/// What a loss does not show: a parameter that is not used, and a buffer. The optimiser spoils one of them in epoch 2.
template <Real T> struct Hidden {
  Linear<T> linear{1, 1, Key(1)};
  Parameter<T> unused{Tensor<T>({2})};
  Tensor<T> buffer{Shape{2}};

  Var<T> operator()(Var<T> x, const Pass<T>& pass) const { return linear(x, pass); }
  static void visit(auto& self, auto&& v) {
    v("linear", self.linear);
    v("unused", self.unused);
    v("buffer", self.buffer);
  }
};
template <Real T> struct Spoiling {
  bool parameter = true;
  double number = 0;
  Index after = 2, steps = 0;

  void start(const Hidden<T>&) {}
  void step(Hidden<T>& model, Tape<T>&, double) {
    if (++steps != after) return;
    if (parameter)
      model.unused.change([&](std::span<T> v) { v[1] = static_cast<T>(number); });
    else
      model.buffer[1] = static_cast<T>(number);
  }
};

/// Row i is x = y = i.
template <Real T> Dataset<T> numbered(Index rows) {
  Dataset<T> data{Tensor<T>({rows, 1}), Tensor<T>({rows, 1}), {}, {TaskKind::regression, 1}};
  for (Index i = 0; i < rows; ++i) data.x[i] = data.y[i] = static_cast<T>(i);
  return data;
}
}  // namespace

TEST_CASE_TEMPLATE("fit: it stops when the loss has not improved for `patience` epochs", T, float, double) {
  const std::vector<double> losses{5, 4, 4, 4.5, 1};
  for (const bool restore_best : {true, false}) {
    const ScriptedRun<T> run(losses, {.patience = 2, .restore_best = restore_best});
    CHECK(run.report.stop == Stop::patience);
    CHECK(run.report.epochs_run == 4);
    CHECK(run.report.best_epoch == 2);
    CHECK(run.report.best_loss == doctest::Approx(4).epsilon(1e-6));
    CHECK(run.report.valid_loss == doctest::Approx(4.5).epsilon(1e-6));
    CHECK(run.bias_squared() == doctest::Approx(restore_best ? 4 : 4.5).epsilon(1e-6));
  }
}

TEST_CASE_TEMPLATE("fit: an equal loss is no improvement", T, float, double) {
  const ScriptedRun<T> run({3}, {.patience = 3});
  CHECK(run.report.best_epoch == 1);
  CHECK(run.report.epochs_run == 4);
}

TEST_CASE_TEMPLATE("fit: the wait starts anew with each improvement", T, float, double) {
  const ScriptedRun<T> run({5, 6, 4, 6, 3, 6, 6}, {.patience = 2});
  CHECK(run.report.best_epoch == 5);
  CHECK(run.report.epochs_run == 7);
}

TEST_CASE_TEMPLATE("fit: patience 0 never stops early, and the epochs are an upper bound", T, float, double) {
  const ScriptedRun<T> run({3, 2, 3, 4, 5, 6}, {.epochs = 6, .patience = 0});
  CHECK(run.report.stop == Stop::epochs);
  CHECK(run.report.epochs_run == 6);
  CHECK(run.report.best_epoch == 2);
  CHECK(run.bias_squared() == doctest::Approx(2).epsilon(1e-6));
  CHECK(ScriptedRun<T>({1}, {.epochs = 0}).report.epochs_run == 0);
}

TEST_CASE_TEMPLATE("fit: without validation rows it runs all epochs and gives the last weights", T, float, double) {
  const ScriptedRun<T> run({3, 2, 3, 4, 5, 6}, {.epochs = 6, .patience = 1}, 0);
  CHECK(run.report.stop == Stop::epochs);
  CHECK(run.report.epochs_run == 6);
  CHECK(run.report.best_epoch == 6);
  CHECK(run.report.valid_loss == run.report.train_loss);
  CHECK(run.bias_squared() == doctest::Approx(6).epsilon(1e-6));
}

TEST_CASE_TEMPLATE("fit: an observer sees every epoch and may stop the run", T, float, double) {
  std::vector<EpochReport> seen;
  const ScriptedRun<T> run({5, 2, 4, 3}, {.patience = 16}, 3, [&](const EpochReport& report) {
    seen.push_back(report);
    return report.epoch < 3;
  });
  CHECK(run.report.stop == Stop::observer);
  CHECK(run.report.epochs_run == 3);
  REQUIRE(seen.size() == 3);
  const double valid[] = {5, 2, 4}, best[] = {5, 2, 2};
  const Index best_epoch[] = {1, 2, 2};
  for (std::size_t e = 0; e < 3; ++e) {
    CHECK(seen[e].epoch == static_cast<Index>(e) + 1);
    CHECK(seen[e].best_epoch == best_epoch[e]);
    CHECK(seen[e].valid_loss == doctest::Approx(valid[e]).epsilon(1e-6));
    CHECK(seen[e].best_loss == doctest::Approx(best[e]).epsilon(1e-6));
    if (e > 0) CHECK(seen[e].train_loss == doctest::Approx(valid[e - 1]).epsilon(1e-6));  // before the epoch's step
  }
  CHECK(run.bias_squared() == doctest::Approx(2).epsilon(1e-6));
}

TEST_CASE_TEMPLATE("fit: a loss that is not finite ends the run, which says so and keeps the best weights", T, float,
                   double) {
  const ScriptedRun<T> run({5, 4, not_a_number, 1}, {});
  CHECK(run.report.diverged());
  CHECK(run.report.reason == "epoch 3: the validation loss is nan");
  CHECK(run.report.epochs_run == 3);
  CHECK(run.report.best_epoch == 2);
  CHECK(run.report.best_loss == doctest::Approx(4).epsilon(1e-6));
  CHECK(run.bias_squared() == doctest::Approx(4).epsilon(1e-6));
  CHECK(ScriptedRun<T>({not_a_number}, {}).report.best_epoch == 0);
}

TEST_CASE_TEMPLATE("fit: a rate that is far too large is reported as diverged, not thrown", T, float, double) {
  for (const bool asymmetric : {false, true}) {
    Mlp<T> model = asymmetric ? test::w_asymmetric<T>({3, 8, 2}) : Mlp<T>({3, 8, 2}, Key(1));
    const FitReport report = fit(model, AdamW<T>({.rate = 1e30}), test::waves<T>(100, Key(2)),
                                 test::waves<T>(50, Key(3)), {.epochs = 20, .batch_size = 32}, Key(4));
    CHECK(report.diverged());
    CHECK(report.epochs_run < 20);
    CHECK(report.reason.find(message("epoch ", report.epochs_run, ": the ")) == 0);
  }
}

TEST_CASE_TEMPLATE("fit: a layer that throws Diverged is reported with its words, in training and in validation", T,
                   float, double) {
  // two batches and one pass over the validation set an epoch
  for (const Index at : {0, 1, 2, 3, 5}) {
    Index passes = 0;
    Throwing<T> model{.at = at, .passes = &passes};
    const FitReport report =
        fit(model, Sgd<T>({.rate = 1e-3}), numbered<T>(4), numbered<T>(2), {.epochs = 9, .batch_size = 2}, Key(1));
    CHECK(report.stop == Stop::diverged);
    CHECK(report.epochs_run == at / 3 + 1);
    CHECK(report.best_epoch == at / 3);
    CHECK(report.reason == message("epoch ", at / 3 + 1, ": Throwing: enough"));
    CHECK(std::isnan(report.valid_loss));
    CHECK(std::isnan(report.train_loss) == (at % 3 != 2));
  }
  Index passes = 0;
  Throwing<T> model{.at = 99, .passes = &passes};
  const FitReport report = fit(model, Sgd<T>(), numbered<T>(4), numbered<T>(2), {.epochs = 3, .batch_size = 2}, Key(1));
  CHECK_FALSE(report.diverged());
  CHECK(report.reason.empty());
}

TEST_CASE_TEMPLATE("fit: every layer whose logits overflow is reported in its own words, not thrown", T, float,
                   double) {
  const Dataset<T> train = test::waves<T>(96, Key(2)), valid = test::waves<T>(32, Key(3));
  const auto routers_alone = [](const std::string& name, const Shape&) {
    return name.ends_with("router.weight") || name == "scale" ? 1.0 : 1e-300;
  };
  const auto reported = [&](auto model, const char* words) {
    const double rate = 0.05 * static_cast<double>(std::numeric_limits<T>::max());  // 10 times that in step 1
    const FitReport report = fit(model, AdamW<T>({.rate = rate, .factor = routers_alone}), train, valid,
                                 {.epochs = 20, .batch_size = 32}, Key(4));
    CHECK(report.diverged());
    CHECK(report.reason.find(message("epoch 1: ", words, ": row ")) == 0);
  };
  const MlpSize size{.in = 3, .hidden = 6, .out = 2};
  reported(SparseMoe<T>(4, size, {}, {}, Key(1)), "Router");
  reported(SparseMoe<T>(4, size, {}, {.experts_choose = true}, Key(1)), "Router");
  reported(SoftMoe<T>(2, size, 2, 0, Key(1)), "SoftMoe");
  const ResidualMlp<T, SparseMoe<T>> residual({.in = 3, .out = 2, .width = 6, .hidden = 7}, Key(1), [](const Key& key) {
    return SparseMoe<T>(4, {.in = 6, .hidden = 7, .out = 6}, {}, {}, key);
  });
  reported(residual, "Router");
  reported(MultiPred<T>{residual}, "Router");
}

TEST_CASE_TEMPLATE("fit: weights are looked at before success is reported, also those that no loss shows", T, float,
                   double) {
  constexpr double inf = std::numeric_limits<double>::infinity();
  const auto run = [&](Spoiling<T> optimizer, Index valid_rows, bool restore_best) {
    Hidden<T> model;
    return fit(model, optimizer, zeros<T>(2), zeros<T>(valid_rows), {.epochs = 3, .restore_best = restore_best},
               Key(1));
  };
  for (const Index valid_rows : {0, 2})
    for (const bool restore_best : {true, false}) {
      const FitReport parameter = run({true, inf}, valid_rows, restore_best);
      CHECK(parameter.diverged());
      CHECK(parameter.reason == "epoch 3: unused is not finite");
      CHECK(std::isfinite(parameter.train_loss));
      CHECK(run({false, not_a_number}, valid_rows, restore_best).reason == "epoch 3: buffer is not finite");
      CHECK_FALSE(run({false, -inf}, valid_rows, restore_best).diverged());  // a mask may be infinite
      CHECK_FALSE(run({true, 7}, valid_rows, restore_best).diverged());
    }
}

TEST_CASE_TEMPLATE("fit: what the last step made is looked at without validation rows too: weights, and what they give",
                   T, float, double) {
  Dataset<T> data{test::random_tensor<T>({32, 3}, Key(5)), Tensor<T>({32, 1}, T(1)), {}, {}}, none;
  const auto run = [&](double rate) {
    Mlp<T> model({3, 16, 1, 2}, Key(1));
    const FitReport report = fit(model, Sgd<T>({.rate = rate}), data, none, {.epochs = 1, .batch_size = 32}, Key(1));
    CHECK(std::isfinite(report.train_loss));
    CHECK(report.diverged() != report.reason.empty());
    CHECK(report.diverged() != predict(model, data.x, 1).array().isFinite().all());
    return std::pair(report.reason, first_not_finite(model).empty());
  };
  const double most = static_cast<double>(std::numeric_limits<T>::max());
  CHECK(run(1e-3).first.empty());
  const auto [outputs, weights_are_finite] = run(most / 100);
  CHECK(weights_are_finite);
  CHECK(outputs.find("epoch 1: after the last step: the training loss is ") == 0);
  Hidden<T> untouched;  // nothing was run, so nothing is looked at
  Dataset<T> huge = numbered<T>(2);
  huge.x[1] = huge.y[1] = std::numeric_limits<T>::max();
  CHECK_FALSE(fit(untouched, Spoiling<T>{}, huge, none, {.epochs = 0}, Key(1)).diverged());
}

TEST_CASE_TEMPLATE("fit: a state that had diverged is no success when nothing is left to run", T, float, double) {
  RunState<Linear<T>, Scripted<T>> state(Linear<T>(1, 1, Key(1)), Scripted<T>{{5, 4, not_a_number}});
  const FitOptions options{.epochs = 3};
  CHECK(fit(state, zeros<T>(2), zeros<T>(3), options, Key(2)).diverged());
  const FitReport again = fit(state, zeros<T>(2), zeros<T>(3), options, Key(2));
  CHECK(again.diverged());
  CHECK(again.epochs_run == 3);
  CHECK(again.reason == "epoch 3: the validation loss is nan");

  Index passes = 0;
  RunState<Throwing<T>, Sgd<T>> thrown(Throwing<T>{.at = 4, .passes = &passes}, Sgd<T>({.rate = 1e-3}));
  const FitOptions two{.epochs = 2, .batch_size = 2};
  CHECK(fit(thrown, numbered<T>(4), numbered<T>(2), two, Key(1)).reason == "epoch 2: Throwing: enough");
  CHECK(fit(thrown, numbered<T>(4), numbered<T>(2), two, Key(1)).reason == "epoch 2: the training loss is nan");
}

TEST_CASE_TEMPLATE("fit: outputs that are not the task's are refused before a step, and the state is as before", T,
                   float, double) {
  const Dataset<T> data = test::waves<T>(20, Key(2)), classes = test::circle<T>(20, Key(2));
  const auto refused = [](const Dataset<T>& train, const MlpSize& size, double mixup, const char* words) {
    const Mlp<T> start(size, Key(1));
    RunState<Mlp<T>, AdamW<T>> state(start, AdamW<T>());
    CHECK_THROWS_WITH_AS(fit(state, train, train, {.epochs = 2, .mixup = mixup}, Key(1)), words, ShapeError);
    CHECK(test::same_parameters(state.model, start));
    CHECK(state.epoch == 0);
    CHECK(state.train_loss == 0);
  };
  for (const double mixup : {0.0, 0.5}) {
    refused(data, {3, 8, 3}, mixup, "task_loss: the model has 3 outputs but the task 2");
    refused(data, {3, 8, 1}, mixup, "task_loss: the model has 1 outputs but the task 2");
  }
  for (const double mixup : {0.0, 0.5})
    refused(classes, {4, 8, 6}, mixup, "task_loss: the model has 6 outputs but the task 3");
}

TEST_CASE_TEMPLATE("fit: a network without layers is refused by fit, evaluate, predict and predict_members", T, float,
                   double) {
  const char* const words = "Mlp: it has no layers; a default network or one that was moved from is empty";
  const Dataset<T> data = test::circle<T>(20, Key(2));
  Workspace<T> workspace;
  Mlp<T> moved({4, 8, 3}, Key(1));
  const Mlp<T> taken = std::move(moved);
  CHECK_THROWS_WITH_AS(fit(moved, AdamW<T>(), data, data, {}, Key(1)), words, ConfigError);
  CHECK_THROWS_WITH_AS(evaluate(moved, data, workspace), words, ConfigError);
  CHECK_THROWS_WITH_AS(predict(moved, data.x, 3), words, ConfigError);
  CHECK_THROWS_WITH_AS(predict_members(moved, data.x), words, ConfigError);
  CHECK_THROWS_WITH_AS(predict(Mlp<T>(), data.x, 3), words, ConfigError);
}

TEST_CASE_TEMPLATE(
    "fit: an entry that is not finite, and weights that are all 0, are named at the door, by evaluate too", T, float,
    double) {
  const Mlp<T> start({3, 8, 2}, Key(1));
  const Dataset<T> good = test::waves<T>(20, Key(2));
  Workspace<T> workspace;
  const auto refused = [&]<class E>(const Dataset<T>& data, const char* words, E) {
    Mlp<T> model = start;
    CHECK_THROWS_WITH_AS(fit(model, AdamW<T>(), data, good, {}, Key(1)), words, E);
    CHECK_THROWS_WITH_AS(fit(model, AdamW<T>(), good, data, {}, Key(1)), words, E);
    CHECK_THROWS_WITH_AS(evaluate(model, data, workspace), words, E);
    CHECK(test::same_parameters(model, start));
  };
  Dataset<T> data = good;
  data.x(17, 1) = std::numeric_limits<T>::quiet_NaN();
  refused(data, "Dataset: row 17, column 1 (from 0) of x is nan; finite numbers are needed", DataError(""));
  data = good;
  data.y(3, 1) = -std::numeric_limits<T>::infinity();
  refused(data, "Dataset: row 3, column 1 (from 0) of y is -inf; finite numbers are needed", DataError(""));
  data = good;
  data.weights.assign(20, T(0));
  refused(data, "Dataset: all 20 weights are 0", ConfigError(""));
  data.weights[4] = -1;
  refused(data, "Dataset: row 4 (from 0) has weight -1; weights are finite and not negative", ConfigError(""));
}

TEST_CASE_TEMPLATE("fit: sets of unequal tasks or features are refused with both", T, float, double) {
  Mlp<T> model({4, 8, 3}, Key(1));
  const Dataset<T> classes = test::circle<T>(20, Key(2));
  Dataset<T> fewer = classes;
  fewer.task.outputs = 4;
  CHECK_THROWS_WITH_AS(fit(model, AdamW<T>(), classes, fewer, {}, Key(1)),
                       "fit: the training set has 3 classes but the validation set 4 classes; they must be equal",
                       ShapeError);
  CHECK_THROWS_WITH_AS(fit(model, AdamW<T>(), classes, test::waves<T>(20, Key(2)), {}, Key(1)),
                       "fit: the training set has 3 classes but the validation set 2 targets; they must be equal",
                       ShapeError);
  fewer = classes;
  fewer.x = test::random_tensor<T>({20, 5}, Key(1));
  CHECK_THROWS_WITH_AS(fit(model, AdamW<T>(), classes, fewer, {}, Key(1)),
                       "fit: the training set has 4 features but the validation set 5; they must be equal", ShapeError);
}

TEST_CASE_TEMPLATE("fit: groups must divide batches and sets", T, float, double) {
  const MlpSize size{.in = 3, .hidden = 6, .out = 2};
  const auto run = [&](Index rows, Index valid_rows, Index batch) {
    SoftMoe<T> model(2, size, 2, 6, Key(1));
    return fit(model, AdamW<T>(), test::waves<T>(rows, Key(2)), test::waves<T>(valid_rows, Key(3)),
               {.epochs = 1, .batch_size = batch}, Key(4));
  };
  CHECK(run(30, 18, 12).epochs_run == 1);
  CHECK_THROWS_WITH_AS(run(30, 18, 16),
                       "fit: batches of 16 rows of 30, and 18 for validation, but the model takes groups of 6 rows; "
                       "each must be a multiple of it",
                       ShapeError);
  CHECK_THROWS_AS(run(31, 18, 12), ShapeError);
  CHECK_THROWS_AS(run(30, 19, 12), ShapeError);
}

TEST_CASE_TEMPLATE("fit: every epoch visits every row once, in an order that key and epoch decide", T, float, double) {
  const auto batches_of = [](std::uint64_t seed, std::vector<Key>* keys) {
    std::vector<std::vector<Index>> batches;
    Recorder<T> model{.batches = &batches, .keys = keys};
    fit(model, Sgd<T>({.rate = 0}), numbered<T>(10), numbered<T>(3), {.epochs = 2, .batch_size = 4}, Key(seed));
    return batches;
  };
  std::vector<Key> keys, again;
  const auto batches = batches_of(1, &keys);
  REQUIRE(batches.size() == 6);
  std::vector<std::vector<Index>> orders(2);
  for (std::size_t b = 0; b < 6; ++b) {
    CHECK(batches[b].size() == (b % 3 == 2 ? 2 : 4));
    orders[b / 3].insert(orders[b / 3].end(), batches[b].begin(), batches[b].end());
    for (std::size_t c = 0; c < b; ++c) CHECK_FALSE(keys[b] == keys[c]);  // noise of its own for every step
  }
  CHECK(orders[0] != orders[1]);
  for (std::vector<Index>& order : orders) {
    std::sort(order.begin(), order.end());
    CHECK(order == std::vector<Index>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
  }
  CHECK(batches_of(1, &again) == batches);
  CHECK(again == keys);
  CHECK(batches_of(2, &again) != batches);
}

TEST_CASE_TEMPLATE("fit: the training loss is the mean over batches, the partial one weighing the same", T, float,
                   double) {
  std::vector<std::vector<Index>> batches;
  std::vector<Key> keys;
  Recorder<T> model{.batches = &batches, .keys = &keys};
  const FitReport report =
      fit(model, Sgd<T>({.rate = 0}), numbered<T>(5), numbered<T>(0), {.epochs = 1, .batch_size = 4}, Key(1));
  double expected = 0;
  for (const auto& rows : batches)
    for (const Index y : rows) expected += static_cast<double>(y * y) / static_cast<double>(rows.size()) / 2;
  CHECK(report.train_loss == doctest::Approx(expected).epsilon(1e-6));
}

TEST_CASE_TEMPLATE("fit: the schedule counts optimiser steps through all epochs", T, float, double) {
  std::vector<double> multipliers;
  Linear<T> model(1, 1, Key(1));
  fit(model, Scripted<T>{{1}, &multipliers}, zeros<T>(5), zeros<T>(1),
      {.epochs = 2,
       .batch_size = 2,
       .schedule =
           [](Index t) {
             return static_cast<double>(t);
           }},
      Key(2));
  CHECK(multipliers == std::vector<double>{0, 1, 2, 3, 4, 5});
}

TEST_CASE_TEMPLATE("fit: a plateau schedule is driven by an observer", T, float, double) {
  std::vector<double> multipliers;
  Linear<T> model(1, 1, Key(1));
  Plateau plateau(0.5, 2);
  fit(model, Scripted<T>{{5, 4, 4, 4, 4}, &multipliers}, zeros<T>(2), zeros<T>(1),
      {.epochs = 5,
       .schedule =
           [&](Index) {
             return plateau.multiplier();
           }},
      Key(2), [&](const EpochReport& report) {
        plateau.update(report.valid_loss);
        return true;
      });
  CHECK(multipliers == std::vector<double>{1, 1, 1, 1, 0.5});
}

TEST_CASE_TEMPLATE("fit: clipping bounds what a step can do", T, float, double) {
  const Dataset<T> data = test::waves<T>(20, Key(2));
  const Mlp<T> start({3, 8, 2}, Key(1));
  const auto after_one_step = [&](FitOptions options) {
    Mlp<T> model = start;
    options.epochs = 1;
    fit(model, Sgd<T>({.rate = 1, .momentum = 0}), data, {data.x, data.y, {}, data.task}, options, Key(3));
    return model;
  };
  const double free = distance(start, after_one_step({}));
  CHECK(distance(start, after_one_step({.clip_norm = free / 4})) == doctest::Approx(free / 4).epsilon(1e-5));
  CHECK(distance(start, after_one_step({.clip_norm = free * 4})) == free);
  const Mlp<T> clipped = after_one_step({.clip_value = 0.01});
  double largest = 0;
  for (std::size_t l = 0; l < 4; ++l) {
    const auto moved = clipped.layers[l].weight.value().array() - start.layers[l].weight.value().array();
    largest = std::max(largest, static_cast<double>(moved.abs().maxCoeff()));
  }
  CHECK(largest == doctest::Approx(0.01).epsilon(1e-4));
}

TEST_CASE_TEMPLATE("fit: mixup with an alpha near 0 mixes nothing: the bits are those of training without it", T, float,
                   double) {
  const auto train = [](const Dataset<T>& data, double alpha) {
    Mlp<T> model({data.features(), 8, data.task.outputs}, Key(1));
    const FitReport report =
        fit(model, AdamW<T>(), data, data, {.epochs = 3, .batch_size = 16, .mixup = alpha}, Key(4));
    CHECK(std::isfinite(report.train_loss));
    return model;
  };
  for (const Dataset<T>& data : {test::waves<T>(50, Key(2)), test::circle<T>(50, Key(2))}) {
    const Mlp<T> plain = train(data, 0);
    CHECK(test::same_parameters(train(data, 1e-9), plain));
    CHECK_FALSE(test::same_parameters(train(data, 0.5), plain));
  }
}

TEST_CASE_TEMPLATE("fit: unusable input is refused and leaves the model as it was", T, float, double) {
  const Mlp<T> start({3, 8, 2}, Key(1));
  Mlp<T> model = start;
  const Dataset<T> data = test::waves<T>(20, Key(2));
  CHECK_THROWS_WITH_AS(fit(model, AdamW<T>(), data, data, {.batch_size = 0}, Key(1)),
                       "fit: epochs 1000, patience 16, batch size 0, clip norm 0, clip value 0, mixup 0; none is "
                       "negative, and a batch has at least 1 row",
                       ConfigError);
  CHECK_THROWS_AS(fit(model, AdamW<T>(), data, data, {.mixup = -1}, Key(1)), ConfigError);
  Dataset<T> weighted = data;
  weighted.weights = std::vector<T>(20, T(1));
  CHECK_THROWS_WITH_AS(fit(model, AdamW<T>(), weighted, data, {.mixup = 0.5}, Key(1)),
                       "fit: mixup of rows that have weights of their own", ConfigError);
  CHECK_THROWS_WITH_AS(fit(model, AdamW<T>(), test::waves<T>(0, Key(2)), data, {}, Key(1)),
                       "fit: the training set has no rows", ConfigError);
  Dataset<T> broken = data;
  broken.y = Tensor<T>({19, 2});
  CHECK_THROWS_AS(fit(model, AdamW<T>(), broken, data, {}, Key(1)), ShapeError);
  CHECK_THROWS_AS(fit(model, AdamW<T>(), data, broken, {}, Key(1)), ShapeError);
  CHECK_THROWS_AS(fit(model, AdamW<T>(), test::circle<T>(20, Key(1)), data, {}, Key(1)), ShapeError);
  CHECK(test::same_parameters(model, start));
}
