// SPDX-License-Identifier: MIT
#pragma once
#include "timing.hpp"
#include "wsym/kernels/simd.hpp"

namespace wsym::bench {

/// Runs `rounds` times 12 independent chains of multiply_add in registers: enough to hide their latency on every
/// machine at hand, and no more than 16 registers hold. Returns the floating-point operations done.
template <Real T = float> double fma_rounds(Index rounds) {
  constexpr int chains = 12;
  kernels::Vec<T> sum[chains];
  WSYM_UNROLL
  for (int i = 0; i < chains; ++i) sum[i] = kernels::broadcast(static_cast<T>(i));
  volatile T hidden = T(0.5);
  const kernels::Vec<T> half = kernels::broadcast<T>(hidden);
  for (Index r = 0; r < rounds; ++r) {
    WSYM_UNROLL
    for (int i = 0; i < chains; ++i) sum[i] = kernels::multiply_add<T>(sum[i], half, half);
  }
  WSYM_UNROLL
  for (int i = 1; i < chains; ++i) sum[0] = sum[0] + sum[i];
  hidden = sum[0][0];
  return 2.0 * chains * kernels::lanes<T> * static_cast<double>(rounds);
}

/// The most floating-point operations a second that one core does in multiply_add: the best of 20 short runs, now. Call
/// it next to what it is compared with.
template <Real T = float> double fma_peak() {
  constexpr Index rounds = 100'000;
  double best = 0;
  for (int i = 0; i < 20; ++i) {
    double work = 0;
    const double time = cpu_seconds([&] { work = fma_rounds<T>(rounds); });
    best = std::max(best, work / time);
  }
  return best;
}

}  // namespace wsym::bench
