// SPDX-License-Identifier: MIT
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "train/workload.hpp"
#include "wsym/ensemble/deep_ensemble.hpp"

// The most memory that a process holds which trains 64 networks on as many rows as California housing has. Usage:
// ensemble_memory_bench [hidden = 256] [threads = 2] [epochs = 2]; prints one line.
namespace {
using namespace wsym;
using namespace wsym::bench;

/// VmHWM of this process, in kB; 0 where there is no /proc.
long peak_kilobytes() {
  long value = 0;
  if (std::FILE* file = std::fopen("/proc/self/status", "r")) {
    for (char line[256]; std::fgets(line, sizeof line, file) != nullptr;)
      if (std::strncmp(line, "VmHWM:", 6) == 0) value = std::strtol(line + 6, nullptr, 10);
    std::fclose(file);
  }
  return value;
}
}  // namespace

int main(int argc, char** argv) {
  const auto argument = [&](int i, int fallback) {
    return argc > i ? std::atoi(argv[i]) : fallback;
  };
  const Index hidden = argument(1, 256);
  const int threads = argument(2, 2), epochs = argument(3, 2);
  const Case c{"california", 8, hidden, {TaskKind::regression, 1}};
  const Dataset<float> train = make_rows(c, 16512, Key(8)), valid = make_rows(c, 2064, Key(9));
  const FitOptions options{.epochs = epochs};
  std::vector<TrainedMember<Mlp<float>>> members = train_members(64, {.threads = threads}, [&](Index i) {
    TrainedMember<Mlp<float>> member{make_mlp(c, false, static_cast<std::uint64_t>(i)), {}};
    member.report =
        fit(member.model, AdamW<float>({.rate = rate, .decay = decay}), train, valid, options, Key(10).child(i));
    return member;
  });
  const DeepEnsemble<Mlp<float>> ensemble = make_ensemble(std::move(members), c.task);
  const Tensor<float> y = predict(ensemble, valid.x);
  std::printf("64 members, hidden %ld, %d threads, %d epochs: peak memory %.1f MB (first prediction %g)\n",
              static_cast<long>(hidden), threads, epochs, static_cast<double>(peak_kilobytes()) / 1024,
              static_cast<double>(y[0]));
}
