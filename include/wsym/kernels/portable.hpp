// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/kernels/elementary.hpp"

/// Arithmetic in double whose bits depend on nothing but its arguments: not on the instruction set, not on whether a
/// compiler contracts a * b + c, not on the machine's mathematical library. What measures a model is made of it, so
/// that two builds publish the same numbers. + - / and std::sqrt are such operations already; a product is one only
/// where nothing is added to it, or where it is exact. It is scalar: for sums over rows, not for training.
namespace wsym::inline WSYM_SIMD::kernels {
namespace portable {

/// x, rounded to double here: the compiler cannot tell where it comes from.
[[gnu::always_inline]] inline double rounded(double x) {
#if defined(__SSE2__)
  asm("" : "+x"(x));
#elif defined(__aarch64__)
  asm("" : "+w"(x));
#else
  volatile double memory = x;
  x = memory;
#endif
  return x;
}

/// a b, rounded before anything is added to it.
[[gnu::always_inline]] inline double product(double a, double b) {
  return rounded(a * b);
}
[[gnu::always_inline]] inline double square(double a) {
  return product(a, a);
}

/// exp(x), less than one unit in the last place from it; infinity above
/// 709.782712893384, 0 below -745.2, NaN for NaN.
inline double exp(double x) {
  using C = detail::ExpConstants<double>;
  if (x != x) return x;
  if (x > 709.782712893384) return std::numeric_limits<double>::infinity();
  if (x < -745.2) return 0;
  x = rounded(x);
  const double shifted = product(x, C::log2e) + C::integer_shift, n = shifted - C::integer_shift;
  const double r = x - product(n, C::ln2_upper) - product(n, C::ln2_lower);
  double tail = C::series[std::size(C::series) - 1];
  for (std::size_t i = std::size(C::series) - 2; i >= 2; --i) tail = product(tail, r) + C::series[i];
  const double y = 1 + (r + product(square(r), tail));
  // 2^n as a product of two powers, so that the result may be subnormal
  const std::int64_t exponent = static_cast<std::int64_t>(n), half = exponent / 2;
  const auto power = [](std::int64_t k) {
    return std::bit_cast<double>((k + C::bias) << C::mantissa);
  };
  return rounded(y * power(half) * power(exponent - half));
}

/// The natural logarithm, less than one unit in the last place from it; -infinity for 0, NaN below and for NaN.
inline double log(double x) {
  using C = detail::ExpConstants<double>;
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (!(x > 0) || x == infinity) return x == 0 ? -infinity : x > 0 ? x : std::numeric_limits<double>::quiet_NaN();
  const bool subnormal = x < std::numeric_limits<double>::min();
  const std::int64_t bits = std::bit_cast<std::int64_t>(subnormal ? x * 0x1p54 : x);
  constexpr auto one = std::bit_cast<std::int64_t>(1.0), least = std::bit_cast<std::int64_t>(0.70710678118654752440);
  const std::int64_t exponent = (bits - least + one) / (std::int64_t{1} << C::mantissa) - C::bias;
  const double n = static_cast<double>(exponent - (subnormal ? 54 : 0));
  const double f = std::bit_cast<double>(bits - exponent * (std::int64_t{1} << C::mantissa)) - 1;
  const double s = f / (f + 2), u = square(s);
  double tail = detail::LogSeries<double>::series[std::size(detail::LogSeries<double>::series) - 1];
  for (std::size_t i = std::size(detail::LogSeries<double>::series) - 1; i-- > 0;)
    tail = product(tail, u) + detail::LogSeries<double>::series[i];
  return product(n, C::ln2_upper) + (f + (product(s, product(u, tail) - f) + product(n, C::ln2_lower)));
}

}  // namespace portable
}  // namespace wsym::inline WSYM_SIMD::kernels
