// SPDX-License-Identifier: MIT
// The matrix product on the shapes in use. GFLOP/s and of_peak (their ratio to
// the FMA peak) are the best of short rounds that alternate, so that a busy
// machine disturbs neither more than the other. Thin products are also compared
// with OpenBLAS and Eigen: over_peers is the median over rounds of the best
// peer's time over ours.
#include <benchmark/benchmark.h>

#include <map>

#include "kernels/peers.hpp"
#include "peak.hpp"
#include "wsym/kernels/gemm.hpp"

namespace {

using namespace wsym;
using namespace wsym::bench;
using kernels::View;

template <Real T> struct Buffers {
  explicit Buffers(benchmark::State& state)
      : which(static_cast<Product>(state.range(0))), m(state.range(1)), k(state.range(2)), n(state.range(3)) {
    for (Index i = 0; i < m * k; ++i) a[i] = static_cast<T>(i % 13) / 13;
    for (Index i = 0; i < k * n; ++i) b[i] = static_cast<T>(i % 11) / 11;
  }
  void multiply() {
    const View<const T> left =
        which == TN ? View<const T>{a.data(), k, m, m}.transposed() : View<const T>{a.data(), m, k, k};
    const View<const T> right =
        which == NT ? View<const T>{b.data(), n, k, k}.transposed() : View<const T>{b.data(), k, n, n};
    kernels::gemm(View<T>{c.data(), m, n, n}, left, right);
  }
  double work() const { return 2.0 * static_cast<double>(m) * static_cast<double>(k) * static_cast<double>(n); }
  Index repeats() const { return static_cast<Index>(std::max(1.0, 1e7 / work())); }

  Product which;
  Index m, k, n;
  Tensor<T> a{Shape{m * k}}, b{Shape{k * n}}, c{Shape{m * n}};
};

template <class F> double time_of(Index repeats, F&& f) {
  const double time = cpu_seconds([&] {
    for (Index r = 0; r < repeats; ++r) {
      f();
      benchmark::ClobberMemory();
    }
  });
  return time / static_cast<double>(repeats);
}

template <Real T> void gemm(benchmark::State& state) {
  Buffers<T> p(state);
  double rate = 0, peak = 0;
  for (auto _ : state) {
    const double time = time_of(p.repeats(), [&] { p.multiply(); });
    state.PauseTiming();
    double probed = 0;
    const double probe = cpu_seconds([&] { probed = fma_rounds<T>(20000); });
    rate = std::max(rate, p.work() / time);
    peak = std::max(peak, probed / probe);
    state.ResumeTiming();
  }
  state.counters["GFLOP/s"] = rate * 1e-9;
  state.counters["of_peak"] = rate / peak;
}

/// Whether a peer computes what wsym does.
bool agrees(Buffers<float>& p, const Peer& peer) {
  p.multiply();
  const Tensor<float> expected = p.c;
  std::fill_n(p.c.data(), p.c.size(), -1.0f);
  peer.run();
  float most = 0, apart = 0;
  for (Index i = 0; i < p.c.size(); ++i) {
    most = std::max(most, std::abs(expected[i]));
    apart = std::max(apart, std::abs(expected[i] - p.c[i]));
  }
  return apart <= 1e-5f * most;
}

/// Rounds in which wsym and the peers take turns, each round beginning with
/// another.
void compare(benchmark::State& state, Buffers<float>& p, const std::vector<Peer>& peers, int rounds) {
  std::vector<std::vector<double>> times(peers.size() + 1);
  const Index repeats = std::max<Index>(1, p.repeats() / 8);
  for (std::size_t r = 0; r < static_cast<std::size_t>(rounds) * times.size(); ++r) {
    const std::size_t who = (r + r / times.size()) % times.size();
    times[who].push_back(who == peers.size() ? time_of(repeats, [&] { p.multiply(); })
                                             : time_of(repeats, peers[who].run));
  }
  std::map<std::string, double> best;
  for (std::size_t i = 0; i < peers.size(); ++i) {
    std::vector<double> ratios;
    for (std::size_t r = 0; r < times[i].size(); ++r) ratios.push_back(times[i][r] / times.back()[r]);
    const double ratio = median(ratios);
    for (const std::string& name : {"over_" + peers[i].library, std::string("over_peers")})
      best[name] = best.contains(name) ? std::min(best[name], ratio) : ratio;
  }
  for (const auto& [name, ratio] : best) state.counters[name] = ratio;
}

void gemm_thin(benchmark::State& state) {
  static const OpenBlas openblas;
  gemm<float>(state);
  Buffers<float> p(state);
  const Operands operands{p.which, p.m, p.k, p.n, p.a.data(), p.b.data(), p.c.data()};
  std::vector<Peer> peers;
  openblas.add_to(peers, operands);
  add_eigen(peers, operands);
  for (const Peer& peer : peers)
    if (!agrees(p, peer)) return state.SkipWithError("a peer computes something else");
  compare(state, p, peers, 101);
}

void shapes(benchmark::internal::Benchmark* b) {
  b->ArgNames({"NN0_NT1_TN2", "m", "k", "n"});
  for (const int which : {NN, NT, TN})
    for (const int k : {64, 93, 128, 256, 784})
      for (const int n : {64, 128, 256}) b->Args({which, 256, k, n});
}

/// The first and the last layer of a network of width d: forward, input
/// gradient, weight gradient.
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
BENCHMARK(gemm_thin)->Apply(thin_shapes)->MinTime(0.02);
BENCHMARK(gemm<double>)->Args({NT, 256, 128, 128})->Args({NN, 256, 128, 128})->Args({TN, 128, 256, 128});

}  // namespace

BENCHMARK_MAIN();
