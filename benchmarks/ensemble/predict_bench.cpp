// SPDX-License-Identifier: MIT
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <new>

#include "timing.hpp"
#include "train/workload.hpp"
#include "wsym/ensemble/row_predictor.hpp"

// Prediction with 64 networks through one workspace. Calls after the first must
// not allocate, or the benchmark is an error. One row cannot take less than
// reading every weight once: read_us is the median time of that in rounds that
// alternate with as many predictions, and of_read the median of its ratio to
// theirs.
namespace {
thread_local long allocations = 0;
}

[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* p = std::malloc(size)) return p;
  throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t alignment) {
  ++allocations;
  const auto unit = static_cast<std::size_t>(alignment);
  if (void* p = std::aligned_alloc(unit, (size + unit - 1) / unit * unit)) return p;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* p) noexcept {
  std::free(p);
}
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept {
  std::free(p);
}
[[gnu::noinline]] void operator delete(void* p, std::align_val_t) noexcept {
  std::free(p);
}
[[gnu::noinline]] void operator delete(void* p, std::size_t, std::align_val_t) noexcept {
  std::free(p);
}

namespace {
using namespace wsym;
using namespace wsym::bench;

/// The sum of all parameters, in the order in which they lie in memory: one
/// pass at the speed of reading.
float read_all(const std::vector<Mlp<float>>& members) {
  constexpr int ways = 8, step = kernels::lanes<float>;
  kernels::Vec<float> sum[ways] = {};
  for (const Mlp<float>& member : members)
    for_each_parameter(member, [&](const Parameter<float>& p) {
      const float* x = p.value().data();
      Index i = 0;
      for (; i + ways * step <= p.size(); i += ways * step)
        for (int w = 0; w < ways; ++w) sum[w] += kernels::load(x + i + w * step);
      kernels::for_each_vector<float>(p.size() - i,
                                      [&](Index j, auto count) { sum[0] += kernels::load(x + i + j, count); });
    });
  for (int w = 1; w < ways; ++w) sum[0] += sum[w];
  return kernels::sum_of_lanes<float>(sum[0])[0];
}

template <class F>
void compare_with_reading(benchmark::State& state, const std::vector<Mlp<float>>& members, F&& call) {
  PairedRatio of_read;
  std::vector<double> reads;
  for (int round = 0; round < 301; ++round)
    reads.push_back(of_read.round([&] { benchmark::DoNotOptimize(read_all(members)); }, call));
  state.counters["read_us"] = 1e6 * median(reads);
  state.counters["of_read"] = of_read.median();
}

/// `copied`: through a RowPredictor.
void predict_rows(benchmark::State& state, const Case& c, Index members, Index rows, bool copied) {
  DeepEnsemble<Mlp<float>> ensemble{{}, c.task};
  for (Index m = 0; m < members; ++m) ensemble.members.push_back(make_mlp(c, false, static_cast<std::uint64_t>(m)));
  const Dataset<float> data = make_rows(c, rows, Key(7));
  Tensor<float> y(Shape{rows, c.task.outputs});
  Workspace<float> workspace;
  const RowPredictor<float> predictor(ensemble);
  const auto call = [&] {
    if (copied)
      predictor(std::as_const(data.x).mat(), y.mat(), workspace);
    else
      predict(ensemble, std::as_const(data.x).mat(), y.mat(), workspace);
  };
  call();
  allocations = 0;
  for (auto _ : state) call();
  if (allocations != 0) state.SkipWithError("a call after the first allocates");
  const double weights = 4.0 * static_cast<double>(members * count(ensemble.members[0]).parameters);
  state.counters["rows"] = benchmark::Counter(static_cast<double>(rows), benchmark::Counter::kIsIterationInvariantRate);
  if (rows > 1) return;
  state.counters["weight_bytes"] =
      benchmark::Counter(weights, benchmark::Counter::kIsIterationInvariantRate, benchmark::Counter::kIs1024);
  compare_with_reading(state, ensemble.members, call);
}
}  // namespace

int main(int argc, char** argv) {
  for (const char* name : {"california_64", "otto_128", "mnist_256"})
    for (const Index rows : {1, 16, 256, 4096})
      for (const bool copied : {false, true}) {
        const std::string what = copied ? "row_predictor/" : "predict/";
        benchmark::RegisterBenchmark((what + name + "/members:64/rows:" + std::to_string(rows)).c_str(),
                                     [=](benchmark::State& s) { predict_rows(s, find_case(name), 64, rows, copied); })
            ->Unit(benchmark::kMicrosecond);
      }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
