// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numbers>

#include "wsym/core/error.hpp"
#include "wsym/core/types.hpp"

namespace wsym::inline WSYM_SIMD {

/// The multiplier of the learning rate at optimiser step t = 0, 1, 2, ...
using Schedule = std::function<double(Index step)>;

/// 1 always.
inline Schedule constant_schedule() {
  return [](Index) {
    return 1.0;
  };
}

/// factor^floor(t / every). Throws ConfigError unless every >= 1.
inline Schedule step_schedule(Index every, double factor) {
  expect<ConfigError>(every >= 1, "step_schedule: every ", every, " steps; at least 1 is needed");
  return [=](Index t) {
    return std::pow(factor, static_cast<double>(t / every));
  };
}

/// last + (1 - last) (1 + cos(pi t / steps)) / 2 until t = steps, then `last`. Throws ConfigError unless steps >= 1.
/// Source: Loshchilov and Hutter 2017, equation 5 without restarts.
inline Schedule cosine_schedule(Index steps, double last = 0) {
  expect<ConfigError>(steps >= 1, "cosine_schedule: ", steps, " steps; at least 1 is needed");
  return [=](Index t) {
    const double done = static_cast<double>(std::min(t, steps)) / static_cast<double>(steps);
    return last + (1 - last) * (1 + std::cos(std::numbers::pi * done)) / 2;
  };
}

/// The straight line 1 - (1 - last) t / steps until t = steps, then `last`. Throws ConfigError unless steps >= 1.
inline Schedule linear_schedule(Index steps, double last = 0) {
  expect<ConfigError>(steps >= 1, "linear_schedule: ", steps, " steps; at least 1 is needed");
  return [=](Index t) {
    return last + (1 - last) * (1 - static_cast<double>(std::min(t, steps)) / static_cast<double>(steps));
  };
}

/// (t + first) / steps while t < steps, then `after` counted from the end of the warm-up. first = 0 is a first step
/// that changes nothing, as in Allingham et al. 2022. Throws ConfigError unless steps >= 0 and first is 0 or 1.
inline Schedule warm_up(Index steps, Schedule after = constant_schedule(), Index first = 1) {
  expect<ConfigError>(steps >= 0, "warm_up: ", steps, " steps; at least 0 are needed");
  expect<ConfigError>(first == 0 || first == 1, "warm_up: first ", first, "; it is 0 or 1");
  return [=, after = std::move(after)](Index t) {
    return t < steps ? static_cast<double>(t + first) / static_cast<double>(steps) : after(t - steps);
  };
}

/// Multiplies by `factor` each time the loss has not been below its best for `patience` epochs in a row.
class Plateau {
 public:
  Plateau(double factor, Index patience, double smallest = 0)
      : factor_(factor), smallest_(smallest), patience_(patience) {
    expect<ConfigError>(factor > 0 && factor < 1 && patience >= 1, "Plateau: factor ", factor, ", patience ", patience,
                        "; the factor lies in (0, 1) and the patience is at least 1");
  }

  /// The multiplier after an epoch with this loss.
  double update(double loss) {
    if (loss < best_) {
      best_ = loss;
      waited_ = 0;
    } else if (++waited_ == patience_) {
      multiplier_ = std::max(smallest_, multiplier_ * factor_);
      waited_ = 0;
    }
    return multiplier_;
  }
  double multiplier() const { return multiplier_; }

 private:
  double factor_, smallest_, multiplier_ = 1, best_ = std::numeric_limits<double>::infinity();
  Index patience_, waited_ = 0;
};

}  // namespace wsym::inline WSYM_SIMD
