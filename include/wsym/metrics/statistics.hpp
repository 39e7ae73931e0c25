// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "wsym/core/error.hpp"
#include "wsym/core/types.hpp"

namespace wsym {

/// What results say about repeated measurements. Of one measurement sd and standard_error are NaN: not defined.
struct Summary {
  Index n = 0;
  double mean = 0;
  double sd = 0;              // of the sample: divided by n - 1
  double population_sd = 0;   // divided by n
  double standard_error = 0;  // of the mean: sd / sqrt(n)
  double min = 0;
  double max = 0;
};

/// Throws ConfigError without values. Equal values have exactly their value as mean, and sd 0.
inline Summary summarise(std::span<const double> values) {
  expect<ConfigError>(!values.empty(), "summarise: no values; at least one is needed");
  Summary s;
  s.n = static_cast<Index>(values.size());
  const auto n = static_cast<double>(s.n);
  double shift = 0, squares = 0;
  for (const double value : values) shift += value - values[0];
  s.mean = values[0] + shift / n;
  for (const double value : values) squares += (value - s.mean) * (value - s.mean);
  s.population_sd = std::sqrt(squares / n);
  s.sd = s.n > 1 ? std::sqrt(squares / (n - 1)) : std::numeric_limits<double>::quiet_NaN();
  s.standard_error = s.sd / std::sqrt(n);
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  s.min = *least;
  s.max = *most;
  return s;
}

/// Which way a metric improves: errors and losses are better lower, accuracies higher.
enum class Better { lower, higher };

/// By how much `value` is better than `base`, in % of `base`; positive is better. Not finite if `base` is 0.
/// 100 (value - base) / base where higher is better, 100 (base - value) / base where lower is.
inline double improvement_percent(double value, double base, Better better) {
  return 100 * (better == Better::higher ? value - base : base - value) / base;
}

}  // namespace wsym
