// SPDX-License-Identifier: MIT
// The element-wise kernels on data that stays in a second-level cache: ns per element, the best of many short rounds.
#include <benchmark/benchmark.h>

#include <cmath>
#include <vector>

#include "timing.hpp"
#include "wsym/kernels/activation.hpp"
#include "wsym/kernels/adamw.hpp"
#include "wsym/kernels/reduce.hpp"
#include "wsym/kernels/softmax.hpp"

namespace {

using namespace wsym;

constexpr Index size = 1 << 14;

template <Real T> std::vector<T> numbers(Index n) {
  std::vector<T> x(static_cast<std::size_t>(n));
  for (Index i = 0; i < n; ++i) x[static_cast<std::size_t>(i)] = static_cast<T>(i % 601 - 300) / T(100);
  return x;
}

template <class F> void time_elements(benchmark::State& state, Index elements, F&& f) {
  double best = 1;
  for (auto _ : state) {
    best = std::min(best, bench::cpu_seconds(f));
    benchmark::ClobberMemory();
  }
  state.counters["ns/element"] = best / static_cast<double>(elements) * 1e9;
}

template <Real T> void gelu(benchmark::State& state) {
  const auto z = numbers<T>(size);
  std::vector<T> y = z, dy = z;
  time_elements(state, size, [&] { kernels::gelu(z.data(), y.data(), state.range(0) ? dy.data() : nullptr, size); });
}
BENCHMARK(gelu<float>)->ArgName("slope")->Arg(0)->Arg(1)->MinTime(0.1);
BENCHMARK(gelu<double>)->ArgName("slope")->Arg(1)->MinTime(0.1);

void gelu_by_std_erf(benchmark::State& state) {
  const auto z = numbers<float>(size);
  std::vector<float> y = z;
  time_elements(state, size, [&] {
    for (std::size_t i = 0; i < z.size(); ++i) y[i] = 0.5f * z[i] * (1 + std::erf(z[i] * 0.70710678f));
  });
}
BENCHMARK(gelu_by_std_erf)->MinTime(0.1);

template <Real T> void adamw(benchmark::State& state) {
  const auto g = numbers<T>(size);
  std::vector<T> theta = g, m = g, v(g.size(), T(1));
  const auto step = kernels::adamw_step<T>(1e-3, 0.03, 0.9, 0.999, 1e-8, 10);
  time_elements(state, size, [&] { kernels::adamw<T>(theta, g, m, v, step); });
}
BENCHMARK(adamw<float>)->MinTime(0.1);
BENCHMARK(adamw<double>)->MinTime(0.1);

void cross_entropy(benchmark::State& state) {
  const Index cols = state.range(0), rows = 256;
  const auto x = numbers<float>(rows * cols);
  std::vector<float> loss(256), g = x;
  const std::vector<std::int32_t> labels(256, 1);
  time_elements(state, rows * cols, [&] {
    kernels::cross_entropy_rows<float>({x.data(), rows, cols, cols}, labels.data(), nullptr, loss.data(),
                                       {g.data(), rows, cols, cols});
  });
}
BENCHMARK(cross_entropy)->ArgName("cols")->Arg(2)->Arg(9)->Arg(10)->Arg(100)->MinTime(0.1);

void column_sums(benchmark::State& state) {
  const Index cols = state.range(0), rows = 256;
  const auto x = numbers<float>(rows * cols);
  std::vector<float> out(static_cast<std::size_t>(cols));
  time_elements(state, rows * cols, [&] { kernels::column_sums<float>({x.data(), rows, cols, cols}, out.data()); });
}
BENCHMARK(column_sums)->ArgName("cols")->Arg(1)->Arg(10)->Arg(128)->MinTime(0.1);

void scale_and_sum_columns(benchmark::State& state) {
  const Index cols = state.range(0), rows = 256;
  auto x = numbers<float>(rows * cols);
  const std::vector<float> factor(x.size(), 1.0f);  // x keeps its size
  std::vector<float> out(static_cast<std::size_t>(cols));
  time_elements(state, rows * cols, [&] {
    kernels::scale_and_sum_columns<float>({x.data(), rows, cols, cols}, {factor.data(), rows, cols, cols}, out.data());
  });
}
BENCHMARK(scale_and_sum_columns)->ArgName("cols")->Arg(64)->Arg(128)->MinTime(0.1);

}  // namespace

BENCHMARK_MAIN();
