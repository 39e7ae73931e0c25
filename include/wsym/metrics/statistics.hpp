// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <span>

#include "wsym/core/error.hpp"
#include "wsym/core/types.hpp"
#include "wsym/kernels/portable.hpp"

namespace wsym::inline WSYM_SIMD {

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
  for (const double value : values) squares += kernels::portable::square(value - s.mean);
  s.population_sd = std::sqrt(squares / n);
  s.sd = s.n > 1 ? std::sqrt(squares / (n - 1)) : std::numeric_limits<double>::quiet_NaN();
  s.standard_error = s.sd / std::sqrt(n);
  const auto [least, most] = std::minmax_element(values.data(), values.data() + values.size());
  s.min = *least;
  s.max = *most;
  return s;
}

namespace detail {
struct SineCosine {
  double sine, cosine;
};
/// Of an angle from 0 to pi / 2, by Taylor's series of the smaller of it and its complement, to a few units in the last
/// place of 1.
inline SineCosine sine_cosine(double angle) {
  constexpr double right = std::numbers::pi / 2;
  if (angle > right / 2) {
    const SineCosine other = sine_cosine(right - angle);
    return {other.cosine, other.sine};
  }
  const double square = kernels::portable::square(angle);
  double sine = 1, cosine = 1;
  for (int k = 18; k > 0; k -= 2) {
    cosine = 1 - kernels::portable::product(square, cosine) / (k * (k - 1));
    sine = 1 - kernels::portable::product(square, sine) / (k * (k + 1));
  }
  return {kernels::portable::product(angle, sine), cosine};
}

/// P(|X| <= sqrt(degrees) tan(angle)) for a Student variable X: the finite series of Abramowitz and Stegun 26.7.3 (odd
/// degrees) and 26.7.4 (even).
inline double student_probability(double angle, Index degrees) {
  using kernels::portable::product;
  const auto [sine, cosine] = sine_cosine(angle);
  const double square = product(cosine, cosine);
  const bool odd = degrees % 2 == 1;
  double term = odd ? cosine : 1, sum = degrees == 1 ? 0 : term;
  for (Index k = odd ? 3 : 2; k < degrees; k += 2) {
    term = product(term, static_cast<double>(k - 1) / static_cast<double>(k) * square);
    sum += term;
  }
  return odd ? 2 / std::numbers::pi * (angle + product(sine, sum)) : sine * sum;
}
}  // namespace detail

/// The half-width of a two-sided interval: the t with P(|X| <= t) = level, X Student with `degrees` degrees of freedom
/// (so the quantile of (1 + level) / 2), by bisection to a relative error below 1e-9 for levels up to 0.9999. Some
/// 60 multiplications a degree of freedom. Throws ConfigError unless 0 < level < 1 and degrees >= 1.
inline double student_half_width(double level, Index degrees) {
  expect<ConfigError>(level > 0 && level < 1 && degrees >= 1, "student_half_width: level ", level, " and ", degrees,
                      " degrees of freedom; a level between 0 and 1 and at least 1 degree are needed");
  double below = 0, above = std::numbers::pi / 2;
  for (double angle = above / 2; angle > below && angle < above; angle = (below + above) / 2)
    (detail::student_probability(angle, degrees) < level ? below : above) = angle;
  const auto [sine, cosine] = detail::sine_cosine(below);
  return std::sqrt(static_cast<double>(degrees)) * (sine / cosine);
}

struct Interval {
  double low = 0, high = 0;
};

/// The t interval of the mean of independent values: mean -+ t sd / sqrt(n), n - 1 degrees of freedom. From one value
/// it is NaN: not defined. Throws ConfigError without values and unless 0 < level < 1.
inline Interval mean_interval(std::span<const double> values, double level = 0.95) {
  const Summary s = summarise(values);
  const double half =
      kernels::portable::product(student_half_width(level, std::max<Index>(s.n - 1, 1)), s.standard_error);
  return {s.mean - half, s.mean + half};
}

namespace detail {
/// How many of the 2^k ways to give k numbers a sign bring |sum + ...| to the bound or above.
inline Index count_signs(std::span<const double> numbers, double sum, double bound) {
  if (numbers.empty()) return std::abs(sum) >= bound ? 1 : 0;
  const auto rest = numbers.subspan(1);
  return count_signs(rest, sum + numbers[0], bound) + count_signs(rest, sum - numbers[0], bound);
}
}  // namespace detail

/// The exact two-sided p-value of "paired differences have mean 0" by sign flips: of all 2^n sign patterns the share
/// whose |sum| is at least the observed one. The smallest is 2^(1-n): 5 pairs cannot come below 0.0625. Sums count as
/// equal when they differ by at most 1e-9 sum |d_i|, so that differences which are multiples of 1/rows tie as they
/// should. Nothing but symmetry under the null hypothesis is assumed; pairs that share a split or a mask are not
/// independent of it, and the p-value is conditional on it. Throws ConfigError unless 1 <= n <= 20 and all differences
/// are finite. Cost 2^n. Source: Fisher, The design of experiments (1935), section 21.
inline double sign_flip_p_value(std::span<const double> differences) {
  const std::size_t n = differences.size();
  expect<ConfigError>(n >= 1 && n <= 20, "sign_flip_p_value: ", n, " differences; 1 to 20 are possible");
  double sum = 0, size = 0;
  for (const double d : differences) sum += d, size += std::abs(d);
  expect<ConfigError>(std::isfinite(size), "sign_flip_p_value: the sum of absolute differences is ", size,
                      "; it must be finite");
  // a pattern and its opposite have one |sum|: the first sign stays +
  const Index extreme = detail::count_signs(differences.subspan(1), differences[0],
                                            std::abs(sum) - kernels::portable::product(1e-9, size));
  return static_cast<double>(extreme) / static_cast<double>(Index{1} << (n - 1));
}

/// Which way a metric improves: errors and losses are better lower, accuracies higher.
enum class Better { lower, higher };

/// By how much `value` is better than `base`, in % of `base`; positive is better. Not finite if `base` is 0.
/// 100 (value - base) / base where higher is better, 100 (base - value) / base where lower is.
inline double improvement_percent(double value, double base, Better better) {
  return 100 * (better == Better::higher ? value - base : base - value) / base;
}

}  // namespace wsym::inline WSYM_SIMD
