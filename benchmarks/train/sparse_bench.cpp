// SPDX-License-Identifier: MIT
#include <benchmark/benchmark.h>

#include "peak.hpp"
#include "timing.hpp"
#include "train/sparse_workload.hpp"

// A sparse layer with noise and balance losses on one thread. of_dense compares its executed operations a second with
// those of dense products alone: the six of one MLP of the same width on tokens x K rows. plain: without noise and
// losses, as peers compute it.
namespace {
using namespace wsym;
using namespace wsym::bench;

/// The time shown is the sparse layer's.
void of_dense(benchmark::State& state, const SparseCase& c) {
  SparseTraining sparse(c);
  DenseProducts dense(c);
  sparse.step(), dense.step();
  PairedRatio paired;
  for (auto _ : state) state.SetIterationTime(paired.round([&] { sparse.step(); }, [&] { dense.step(); }));
  const double work = static_cast<double>(sparse.tape.work());
  state.counters["of_dense"] = work / static_cast<double>(dense.work()) / paired.median();
  state.counters["of_peak"] = benchmark::Counter(work / fma_peak(), benchmark::Counter::kIsIterationInvariantRate);
}

/// What more experts cost at the same number of choices; the time shown is that of the many.
void many_over_few(benchmark::State& state, const SparseCase& many, const SparseCase& few,
                   const RouterOptions& router) {
  SparseTraining a(many, router), b(few, router);
  a.step(), b.step();
  PairedRatio paired;
  for (auto _ : state) state.SetIterationTime(paired.round([&] { a.step(); }, [&] { b.step(); }));
  state.counters["ratio"] = paired.median();
}

void register_all() {
  const auto add = [](const std::string& name, auto function) {
    benchmark::RegisterBenchmark(name.c_str(), function)->Unit(benchmark::kMillisecond)->UseManualTime();
  };
  for (const SparseCase& c : sparse_cases()) {
    add("sparse/" + c.name(), [c](benchmark::State& s) { of_dense(s, c); });
    const SparseCase many{c.width, c.hidden, 64, c.choices}, few{c.width, c.hidden, 8, c.choices};
    const auto compare = [=](const RouterOptions& router) {
      return [=](benchmark::State& s) {
        many_over_few(s, many, few, router);
      };
    };
    add("experts_8_to_64/" + c.name(), compare({}));
    add("experts_8_to_64/" + c.name() + "/plain", compare(plain_router()));
  }
}
}  // namespace

int main(int argc, char** argv) {
  register_all();
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
