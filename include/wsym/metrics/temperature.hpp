// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/metrics/classification.hpp"

namespace wsym::inline WSYM_SIMD {

namespace detail {
/// d NLL(logits * b) / d b: the mean over rows of the score that softmax(b logits) expects less that of the label.
template <Real T> double nll_slope(const Tensor<T>& logits, std::span<const std::int32_t> labels, double b) {
  return mean_over_rows("fit_temperature", logits, labels, [&](const T* row, Index label) {
    const double top = row[argmax_row(row, logits.cols())];
    double sum = 0, expected = 0;  // of the scores less the largest: a shift of the row must not round them away
    for (Index c = 0; c < logits.cols(); ++c) {
      if (!std::isfinite(row[c])) continue;
      const double weight = kernels::portable::exp(b * (row[c] - top));
      sum += weight;
      expected += kernels::portable::product(weight, row[c] - top);
    }
    return expected / sum - (row[label] - top);
  });
}
}  // namespace detail

inline constexpr double largest_temperature = 1000;

/// The temperature t that makes softmax(logits / t) fit the labels best: the minimum of nll_from_logits, which is
/// convex in 1 / t, by bisection to the last bits. Fit it on validation rows; for an ensemble give
/// log_mean_probabilities. logits (n, classes), labels n -> t in [1/1000, 1000]; at one of these ends where the
/// likelihood grows beyond it (all rows right by a margin: the least; worse than a uniform guess: the largest). Equal
/// logits everywhere: any t fits, and the largest is returned. Throws as accuracy. Source: Guo et al. 2017,
/// section 4.2.
template <Real T> double fit_temperature(const Tensor<T>& logits, std::span<const std::int32_t> labels) {
  using kernels::portable::exp;
  double low = -kernels::portable::log(largest_temperature), high = -low;  // ln of 1 / t
  if (detail::nll_slope(logits, labels, exp(low)) >= 0) return largest_temperature;
  if (detail::nll_slope(logits, labels, exp(high)) <= 0) return 1 / largest_temperature;
  for (;;) {
    const double middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) return exp(-middle);
    (detail::nll_slope(logits, labels, exp(middle)) < 0 ? low : high) = middle;
  }
}

/// logits / t. Throws ConfigError unless t > 0.
template <Real T> Tensor<T> with_temperature(const Tensor<T>& logits, double t) {
  expect<ConfigError>(t > 0, "with_temperature: ", t, "; a temperature is positive");
  Tensor<T> result(logits.shape());
  for (Index i = 0; i < result.size(); ++i) result[i] = static_cast<T>(logits[i] / t);
  return result;
}

}  // namespace wsym::inline WSYM_SIMD
