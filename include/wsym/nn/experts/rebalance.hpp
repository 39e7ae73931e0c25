// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>

#include "wsym/kernels/portable.hpp"
#include "wsym/nn/experts/router.hpp"

/// What a router's choices came to, and balancing them without a loss.
namespace wsym::inline WSYM_SIMD {

/// The share of rows that no expert took.
inline double untaken(const Dispatch& d) {
  Index rows = 0;
  for (Index n = 0; n < d.rows; ++n)
    rows += std::all_of(d.place + n * d.choices, d.place + (n + 1) * d.choices, [](std::int32_t p) { return p < 0; });
  return static_cast<double>(rows) / static_cast<double>(d.rows);
}

/// What the routing did, in numbers.
template <Real T> RoutingStats routing_stats(const Router<T>& router, const Routing<T>& r, const Dispatch& d) {
  const auto experts = static_cast<std::size_t>(d.experts);
  RoutingStats stats{d.rows, d.choices, std::vector<Index>(experts), std::vector<Index>(experts),
                     std::vector<double>(experts)};
  for (Index i = 0; i < d.rows * d.choices; ++i)
    if (!d.experts_chose || d.place[i] >= 0) ++stats.load[static_cast<std::size_t>(d.expert[i])];
  for (Index e = 0; e < d.experts; ++e) {
    const Index kept = d.first[e + 1] - d.first[e];
    stats.kept[static_cast<std::size_t>(e)] = kept;
    stats.dead_experts += kept == 0;
  }
  const double rows = static_cast<double>(d.rows);
  for (Index n = 0; n < d.rows; ++n)
    for (Index c = 0; c < r.gates.cols(); ++c) {
      const double g = static_cast<double>(r.gates.value()(n, c));
      const Index e = router.expert_at(n * router.options.members / d.rows, c);
      stats.gate_mass[static_cast<std::size_t>(e)] += g / rows;
      if (g > 0) stats.entropy -= g * kernels::portable::log(g) / rows;
    }
  stats.drop_rate =
      d.experts_chose ? untaken(d) : 1 - static_cast<double>(d.kept()) / (rows * static_cast<double>(d.choices));
  return stats;
}

/// Balancing without a loss: the bias of an expert that got fewer rows than the mean grows by `rate`, of one that got
/// more it shrinks: b_e += rate sign(mean load - load_e). `load` (experts) is what RoutingStats counts. A router
/// without a bias gets one: what pairs models by name (transfer, lerp, loading) needs it in both. Throws ShapeError.
/// Source: Wang et al. 2024, algorithm 1.
template <Real T> void rebalance(Router<T>& router, std::span<const Index> load, double rate) {
  const Index experts = router.experts();
  expect(static_cast<Index>(load.size()) == experts, "rebalance: ", load.size(), " loads for ", experts,
         " experts; one each is needed");
  if (!router.bias) router.bias = Tensor<T>(Shape{experts});
  Index total = 0;
  for (const Index of_expert : load) total += of_expert;
  for (Index e = 0; e < experts; ++e) {
    const Index excess = load[static_cast<std::size_t>(e)] * experts - total;
    (*router.bias)[e] += static_cast<T>(excess > 0 ? -rate : excess < 0 ? rate : 0);
  }
}

}  // namespace wsym::inline WSYM_SIMD
