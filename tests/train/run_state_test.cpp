// SPDX-License-Identifier: MIT
#include "wsym/train/run_state.hpp"

#include <doctest/doctest.h>

#include "nn/networks.hpp"
#include "wsym/io/weights.hpp"
#include "wsym/optim/adamw.hpp"
#include "wsym/optim/sgd.hpp"
#include "wsym/train/fit.hpp"

using namespace wsym;

namespace {
template <Real T> struct Run {
  Dataset<T> train = test::circle<T>(70, Key(1)), valid = test::circle<T>(40, Key(2));
  FitOptions options{.epochs = 12, .patience = 3, .batch_size = 32, .schedule = cosine_schedule(36, 0.1)};

  /// Goes on with a state until after epoch `last`, or to the run's own end.
  template <class State> FitReport go(State& state, Index last) const {
    return fit(state, train, valid, options, Key(3), [=](const EpochReport& report) { return report.epoch < last; });
  }
};

bool same_report(const FitReport& a, const FitReport& b) {
  return a.epochs_run == b.epochs_run && a.best_epoch == b.best_epoch && a.best_loss == b.best_loss &&
         a.train_loss == b.train_loss && a.valid_loss == b.valid_loss && a.stop == b.stop;
}
}  // namespace

TEST_CASE_TEMPLATE("run_state: a run stopped after any epoch, saved, loaded and continued has the same bits", T, float,
                   double) {
  const Run<T> run;
  const auto check_all = [&](const auto& optimizer) {
    const RunState start(test::w_asymmetric<T>({4, 16, 3}), optimizer);
    auto whole = start;
    const FitReport expected = run.go(whole, 1000);
    REQUIRE(expected.epochs_run >= 4);
    for (Index last = 1; last <= expected.epochs_run; ++last) {
      CAPTURE(last);
      auto first = start;
      run.go(first, last);
      auto second = start;
      from_bytes(second, to_bytes(first));
      const FitReport report = run.go(second, 1000);
      CHECK(same_report(report, expected));
      CHECK(test::same_parameters(second, whole));
    }
  };
  check_all(AdamW<T>({.rate = 1e-2}));
  check_all(Sgd<T>({.rate = 0.1, .decay = 1e-3}));
}

TEST_CASE_TEMPLATE("run_state: the epochs waited for an improvement are part of it", T, float, double) {
  Run<T> run;
  RunState state(Mlp<T>({4, 8, 3}, Key(1)), AdamW<T>({.rate = 0}));  // the loss of epoch 1 is the best for ever
  run.go(state, 3);
  RunState resumed(Mlp<T>({4, 8, 3}, Key(9)), AdamW<T>({.rate = 0}));
  from_bytes(resumed, to_bytes(state));
  const FitReport report = run.go(resumed, 1000);
  CHECK(report.stop == Stop::patience);
  CHECK(report.epochs_run == 4);
}

TEST_CASE_TEMPLATE("run_state: a finished run that is started again does nothing", T, float, double) {
  const Run<T> run;
  RunState state(Mlp<T>({4, 8, 3}, Key(1)), AdamW<T>());
  const FitReport once = run.go(state, 1000);
  const auto before = state;
  CHECK(same_report(run.go(state, 1000), once));
  CHECK(test::same_parameters(state, before));
}

TEST_CASE_TEMPLATE("run_state: a new one has no epochs and an infinite best loss", T, float, double) {
  RunState state(Mlp<T>({4, 8, 3}, Key(1)), AdamW<T>());
  CHECK(state.epoch == 0);
  CHECK(state.best_epoch == 0);
  CHECK(state.best_loss == std::numeric_limits<double>::infinity());
  CHECK(test::same_parameters(state.best, state.model));
  std::vector<std::string> names;
  for_each_member(state, [&](const std::string& name, const auto&) { names.push_back(name); });
  CHECK(names.front() == "model.layers.0.weight");
  CHECK(names[8] == "best.layers.0.weight");
  CHECK(names[16] == "optimizer.moments.0.first");
  CHECK(names.size() == 32);
  std::string settings;
  for_each_setting(state, [&](const std::string& name, const auto& setting) {
    settings += name + '=' + setting_text(setting) + ' ';
  });
  CHECK(settings ==
        "optimizer.steps=0 optimizer.missed=[0, 0, 0, 0, 0, 0, 0, 0] epoch=0 best_epoch=0 best_loss=inf train_loss=0 "
        "valid_loss=0 ");
}

TEST_CASE("run_state: numbers that a tensor of format 1 cannot hold are refused") {
  const RunState state(Mlp<float>({4, 8, 3}, Key(1)), AdamW<float>());
  const auto load_error = [&](std::vector<double> progress, std::vector<double> steps) -> std::string {
    safetensors::Content content = weights_of(state);
    content.metadata = {{"wsym.weights", "1"}};
    content.tensors.emplace_back("progress", Shape{static_cast<Index>(progress.size())},
                                 std::span<const double>(progress));
    content.tensors.emplace_back("optimizer.steps", Shape{static_cast<Index>(steps.size())},
                                 std::span<const double>(steps));
    auto loaded = state;
    try {
      set_weights(loaded, content, "f");
    } catch (const FormatError& error) {
      return error.what();
    }
    CHECK(loaded.epoch == 7);
    CHECK(loaded.best_epoch == 5);
    CHECK(loaded.best_loss == 0.5);
    CHECK(loaded.train_loss == 0.25);
    CHECK(loaded.valid_loss == 0.75);
    CHECK(loaded.optimizer.steps() == 21);
    return "no error";
  };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::string progress = "f: tensor 'progress' needs five numbers: the epoch, the best one, and three losses";
  CHECK(load_error({7, 5, 0.5, 0.25, 0.75}, {21}) == "no error");
  CHECK(load_error({7, 5, 0.5, 0.25}, {21}) == progress);
  CHECK(load_error({nan, 5, 0.5, 0.25, 0.75}, {21}) == progress);
  CHECK(load_error({7, 8, 0.5, 0.25, 0.75}, {21}) == progress);
  CHECK(load_error({1e300, 8, 0.5, 0.25, 0.75}, {21}) == progress);
  CHECK(load_error({7, 5, 0.5, 0.25, 0.75}, {nan}) == "f: optimizer: tensor 'steps' needs one number");
}
