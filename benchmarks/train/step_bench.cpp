// SPDX-License-Identifier: MIT
#include <benchmark/benchmark.h>

#include "timing.hpp"
#include "train/by_hand.hpp"
#include "train/time_steps.hpp"
#include "wsym/train/fit.hpp"

// Whole training steps through the public API, one thread. of_peak counts the operations of the products that were
// executed (Tape::work) against the FMA peak of the same run.
namespace {
using namespace wsym;
using namespace wsym::bench;

void step(benchmark::State& state, const Case& c, bool asymmetric) {
  Training training(c, asymmetric);
  time_steps(state, training);
}

/// One epoch of fit() in steps: shuffling, gathering and the best-model copy included, no validation.
void fit_step(benchmark::State& state, const Case& c) {
  constexpr Index steps = 64;
  const Dataset<float> rows = make_rows(c, steps * batch_rows, Key(5));
  const Dataset<float> none{Tensor<float>(Shape{0, c.features}), {}, {}, c.task};
  RunState run(make_mlp(c), AdamW<float>({.rate = rate, .decay = decay}));
  FitOptions options{.epochs = 0, .batch_size = batch_rows};
  for (auto _ : state) {
    ++options.epochs;
    fit(run, rows, none, options, Key(6));
  }
  state.counters["per_step"] = benchmark::Counter(
      static_cast<double>(steps), benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

/// AdamW alone, with the gradients of one step.
void adamw(benchmark::State& state, const Case& c, bool asymmetric) {
  Training training(c, asymmetric);
  training.step();
  for (auto _ : state) training.member.optimizer.step(training.member.model, training.tape);
  state.counters["per_parameter"] =
      benchmark::Counter(static_cast<double>(count(training.member.model).parameters),
                         benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

/// How much longer A takes than B; the time shown is A's.
template <class A, class B> void ratio(benchmark::State& state, A a, B b) {
  PairedRatio paired;
  for (auto _ : state) state.SetIterationTime(paired.round([&] { a.step(); }, [&] { b.step(); }));
  state.counters["ratio"] = paired.median();
}

void register_all() {
  for (const Case& c : cases()) {
    const auto add = [&](const std::string& what, auto function) {
      return benchmark::RegisterBenchmark((what + "/" + c.name()).c_str(), function)->Unit(benchmark::kMicrosecond);
    };
    add("step/mlp", [c](benchmark::State& s) { step(s, c, false); });
    add("step/w_asymmetric", [c](benchmark::State& s) { step(s, c, true); });
    add("fit", [c](benchmark::State& s) { fit_step(s, c); });
    add("adamw/mlp", [c](benchmark::State& s) { adamw(s, c, false); });
    add("adamw/w_asymmetric", [c](benchmark::State& s) { adamw(s, c, true); });
    add("tape_over_hand", [c](benchmark::State& s) { ratio(s, Training(c), ByHand(c)); })->UseManualTime();
    add("w_asymmetric_over_mlp", [c](benchmark::State& s) {
      ratio(s, Training(c, true), Training(c));
    })->UseManualTime();
  }
}
}  // namespace

int main(int argc, char** argv) {
  register_all();
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
