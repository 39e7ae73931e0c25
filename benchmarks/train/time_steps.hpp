// SPDX-License-Identifier: MIT
#pragma once
#include <benchmark/benchmark.h>

#include "peak.hpp"

namespace wsym::bench {

/// Times training.step(); of_peak is the part of the FMA peak that the products executed in its tape reach.
template <class Training> void time_steps(benchmark::State& state, Training& training) {
  training.step();
  const auto work = static_cast<double>(training.tape.work());
  for (auto _ : state) benchmark::DoNotOptimize(training.step());
  state.counters["flops"] =
      benchmark::Counter(work, benchmark::Counter::kIsIterationInvariantRate, benchmark::Counter::kIs1000);
  state.counters["of_peak"] = benchmark::Counter(work / fma_peak(), benchmark::Counter::kIsIterationInvariantRate);
}

}  // namespace wsym::bench
