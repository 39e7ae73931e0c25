// SPDX-License-Identifier: MIT
// The matrix product on the shapes in use: items/s are floating-point operations, of_peak their ratio to the FMA peak,
// both the best of short rounds that alternate, so that a busy machine disturbs neither more than the other.
#include <benchmark/benchmark.h>

#include "peak.hpp"
#include "wsym/core/tensor.hpp"
#include "wsym/kernels/gemm.hpp"

namespace {

using namespace wsym;
using kernels::View;

/// NN is dY W, NT is X W^T (W as rows of outputs), TN is dY^T X.
enum Product { NN, NT, TN };

template <Real T> void gemm(benchmark::State& state) {
  const auto which = static_cast<Product>(state.range(0));
  const Index m = state.range(1), k = state.range(2), n = state.range(3);
  const auto filled = [](Index size) {
    return std::vector<T>(static_cast<std::size_t>(size), T(0.5));
  };
  std::vector<T> a = filled(m * k), b = filled(k * n), c = filled(m * n);
  const View<const T> left =
      which == TN ? View<const T>{a.data(), k, m, m}.transposed() : View<const T>{a.data(), m, k, k};
  const View<const T> right =
      which == NT ? View<const T>{b.data(), n, k, k}.transposed() : View<const T>{b.data(), k, n, n};
  const View<T> result{c.data(), m, n, n};

  const double work = 2.0 * static_cast<double>(m) * static_cast<double>(k) * static_cast<double>(n);
  const auto repeats = static_cast<Index>(std::max(1.0, 1e7 / work));
  double rate = 0, peak = 0;
  for (auto _ : state) {
    const double time = bench::cpu_seconds([&] {
      for (Index r = 0; r < repeats; ++r) kernels::gemm(result, left, right);
    });
    benchmark::ClobberMemory();
    state.PauseTiming();
    double probed = 0;
    const double probe = bench::cpu_seconds([&] { probed = bench::fma_rounds<T>(20000); });
    rate = std::max(rate, work * static_cast<double>(repeats) / time);
    peak = std::max(peak, probed / probe);
    state.ResumeTiming();
  }
  state.counters["GFLOP/s"] = rate * 1e-9;
  state.counters["of_peak"] = rate / peak;
}

void shapes(benchmark::internal::Benchmark* b) {
  b->ArgNames({"NN0_NT1_TN2", "m", "k", "n"});
  for (const int which : {NN, NT, TN})
    for (const int k : {64, 93, 128, 256, 784})
      for (const int n : {64, 128, 256}) b->Args({which, 256, k, n});
}

/// The first and the last layer of a network of width d: forward, input gradient, weight gradient.
void thin_shapes(benchmark::internal::Benchmark* b) {
  b->ArgNames({"NN0_NT1_TN2", "m", "k", "n"});
  for (const int d : {64, 128, 256}) {
    b->Args({NT, 256, 8, d});
    b->Args({TN, d, 256, 8});
    for (const int out : {1, 2, 9, 10}) {
      b->Args({NT, 256, d, out});
      b->Args({NN, 256, out, d});
      b->Args({TN, out, 256, d});
    }
    b->Args({NT, 1, d, d});
  }
}

BENCHMARK(gemm<float>)->Apply(shapes)->MinTime(0.05);
BENCHMARK(gemm<float>)->Name("gemm_thin<float>")->Apply(thin_shapes)->MinTime(0.05);
BENCHMARK(gemm<double>)->Args({NT, 256, 128, 128})->Args({NN, 256, 128, 128})->Args({TN, 128, 256, 128});

}  // namespace

BENCHMARK_MAIN();
