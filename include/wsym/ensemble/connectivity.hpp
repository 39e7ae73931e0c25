// SPDX-License-Identifier: MIT
#pragma once
#include <limits>

#include "wsym/nn/module.hpp"

namespace wsym::inline WSYM_SIMD {

namespace detail {
/// loss(model); NaN where it throws Diverged, as evaluate does of a model that is not finite.
template <class M, class Loss> double loss_or_nan(Loss& loss, const M& model) {
  try {
    return loss(model);
  } catch (const Diverged&) {
    return std::numeric_limits<double>::quiet_NaN();
  }
}
}  // namespace detail

/// A loss along the straight line (1 - lambda) a + lambda b between two models.
struct LossBarrier {
  std::vector<double> lambda, loss;  // equally spaced from 0 to 1, and the loss there
  double barrier = 0;                // the largest rise over the chord: at least 0, the value at both ends
  double worst = 0;                  // the largest loss
};

/// B = max over lambda of L((1 - lambda) a + lambda b) - [(1 - lambda) L(a) + lambda L(b)], for a functional L of a
/// model that is better lower: loss(const M&) -> double, such as evaluate() on test rows, or 1 - accuracy for the worst
/// accuracy. Models are linearly connected when B is 0. A loss that somewhere is NaN or throws Diverged makes barrier
/// and worst NaN. Throws ConfigError for fewer than 2 points, ShapeError for unlike models. Cost: a loss a point.
/// Source: Frankle et al. 2020; 25 points as in Lim et al. 2024.
template <class M, class Loss> LossBarrier loss_barrier(const M& a, const M& b, Loss&& loss, Index points = 25) {
  expect<ConfigError>(points >= 2, "loss_barrier: ", points, " points; at least 2 are needed");
  LossBarrier line;
  for (Index i = 0; i < points; ++i) {
    line.lambda.push_back(static_cast<double>(i) / static_cast<double>(points - 1));
    line.loss.push_back(detail::loss_or_nan(loss, lerp(a, b, line.lambda.back())));
  }
  using kernels::portable::product;
  const auto raise = [](double& most, double value) {
    if (value > most || std::isnan(value)) most = value;
  };
  line.worst = line.loss[0];
  for (std::size_t i = 0; i < line.loss.size(); ++i) {
    const double chord = product(1 - line.lambda[i], line.loss.front()) + product(line.lambda[i], line.loss.back());
    raise(line.barrier, line.loss[i] - chord);
    raise(line.worst, line.loss[i]);
  }
  return line;
}

/// The same for the middle of k models: L(mean of theta_i) - mean of L(theta_i); below 0 where averaging helps;
/// NaN where a loss is NaN or throws Diverged. Throws
/// ConfigError without models, ShapeError for unlike ones.
template <class M, class Loss> double mean_barrier(std::span<const M> models, Loss&& loss) {
  const double middle = detail::loss_or_nan(loss, mean(models));
  double total = 0;
  for (const M& model : models) total += detail::loss_or_nan(loss, model);
  return middle - total / static_cast<double>(models.size());
}

}  // namespace wsym::inline WSYM_SIMD
