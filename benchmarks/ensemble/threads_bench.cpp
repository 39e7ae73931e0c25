// SPDX-License-Identifier: MIT
#include <benchmark/benchmark.h>

#include "peak.hpp"
#include "train/workload.hpp"
#include "wsym/core/parallel.hpp"

// How training many members speeds up with threads, beside how the FMA probe itself does on as many cores: an
// efficiency of 1 means that nothing is lost to memory, scheduling or sharing.
namespace {
using namespace wsym;
using namespace wsym::bench;

/// Member i makes `steps` steps with its own tape, as train_members runs it.
double train_all(std::vector<Member>& members, const std::vector<Dataset<float>>& batches, Index steps, int threads) {
  return wall_seconds([&] {
    parallel_for(static_cast<Index>(members.size()), {.threads = threads}, [&](Index i) {
      Tape<float> tape;
      for (Index s = 0; s < steps; ++s)
        members[static_cast<std::size_t>(i)].step(batches[static_cast<std::size_t>(s) % batches.size()], tape);
    });
  });
}

double probe_all(Index pieces, int threads) {
  return wall_seconds([&] {
    parallel_for(pieces, {.threads = threads}, [](Index) { benchmark::DoNotOptimize(fma_rounds(200'000)); });
  });
}

/// The time is that of `threads` threads; each round measures one thread beside it.
void speedup(benchmark::State& state, const Case& c, Index member_count, int threads) {
  const std::vector<Dataset<float>> batches = make_batches(c);
  std::vector<Member> members;
  for (Index m = 0; m < member_count; ++m) members.push_back({make_mlp(c, false, static_cast<std::uint64_t>(m))});
  const Index steps = std::max<Index>(4, 2'000'000 / count(members[0].model).parameters / member_count);
  train_all(members, batches, 1, threads);
  std::vector<double> speedups, probes;
  for (auto _ : state) {
    const double many = train_all(members, batches, steps, threads);
    speedups.push_back(train_all(members, batches, steps, 1) / many);
    probes.push_back(probe_all(member_count, 1) / probe_all(member_count, threads));
    state.SetIterationTime(many);
  }
  state.counters["speedup"] = median(speedups);
  state.counters["probe"] = median(probes);
  state.counters["efficiency"] = median(speedups) / median(probes);
}
}  // namespace

int main(int argc, char** argv) {
  const int cores = available_threads();
  for (const Case& c : cases())
    for (int threads = 2; threads <= cores; threads *= 2) {
      const Index members = threads <= 4 ? 16 : 4 * threads;
      benchmark::RegisterBenchmark(
          ("train/" + c.name() + "/members:" + std::to_string(members) + "/threads:" + std::to_string(threads)).c_str(),
          [=](benchmark::State& s) { speedup(s, c, members, threads); })
          ->UseManualTime()
          ->Unit(benchmark::kMillisecond);
    }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
