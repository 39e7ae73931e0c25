// SPDX-License-Identifier: MIT
#pragma once
#include <optional>

#include "wsym/nn/module.hpp"

namespace wsym::inline WSYM_SIMD {

/// An average of the models that training passes through, each entry of T:
///   stochastic weight averaging:  mean += (theta - mean) / (n + 1), every model weighing the same;
///   exponential moving average:   mean = rho mean + (1 - rho) theta, from the first model on.
/// Entries that are frozen in the models stay frozen in the mean. The observer of a run adds the state's model:
///
///   RunState<Mlp<float>, AdamW<float>> state(model, AdamW<float>());
///   WeightAverage<Mlp<float>> average;
///   fit(state, train, valid, options, key, [&](const EpochReport& report) {
///     if (report.epoch > 20) average.add(state.model);
///     return true;
///   });
///   evaluate(average.model(), test, workspace);
///
/// Source: Izmailov et al. 2018, "Averaging weights leads to wider optima"; Polyak and Juditsky 1992.
template <class M> class WeightAverage {
 public:
  WeightAverage() = default;
  /// The exponential one. Throws ConfigError unless 0 <= rho < 1.
  explicit WeightAverage(double rho) : rho_(rho) {
    expect<ConfigError>(rho >= 0 && rho < 1, "WeightAverage: rho is ", rho, "; it must be from 0 to below 1");
  }

  /// Throws ShapeError for a model unlike those before. Cost: one pass over the weights, and a new model.
  void add(const M& model) {
    const double step = rho_ ? 1 - *rho_ : 1 / static_cast<double>(count_ + 1);
    mean_ = mean_ ? lerp(*mean_, model, step) : model;
    ++count_;
  }
  Index count() const { return count_; }
  /// Throws ConfigError before the first model, Diverged where a model that was added had a weight that is not finite.
  /// Cost: one pass over the weights.
  const M& model() const {
    expect<ConfigError>(mean_.has_value(), "WeightAverage: no model was added; at least one is needed");
    const std::string wrong = first_not_finite(*mean_);
    expect<Diverged>(wrong.empty(), "WeightAverage: ", wrong, " of the average of ", count_, " models is not finite");
    return *mean_;
  }

 private:
  std::optional<double> rho_;
  std::optional<M> mean_;
  Index count_ = 0;
};

}  // namespace wsym::inline WSYM_SIMD
