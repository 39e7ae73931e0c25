// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/kernels/elementary.hpp"

namespace wsym::kernels {
inline namespace WSYM_SIMD {
namespace detail {

/// Phi(-t) / exp(-t^2 / 2) = erfc(t / sqrt 2) exp(t^2 / 2) / 2 as a ratio of polynomials on 0 <= t <= limit, beyond
/// which exp(-t^2 / 2) is 0. The constant terms give 1/2 at 0; the other coefficients are a minimax fit of the relative
/// error (linearised, iteratively reweighted least squares, 60 digits): 6.2e-9 and 5.3e-17. All are positive: nothing
/// cancels, and the tail keeps its relative accuracy.
template <Real T> struct NormalTail;
template <> struct NormalTail<float> {
  static constexpr float limit = 14.5f;
  static constexpr float above[] = {0.5f, 0.4375885583f, 0.182685062f, 0.04043999584f, 0.004085301364f};
  static constexpr float below[] = {1.0f, 1.673061961f, 1.200276514f, 0.4680114536f, 0.1013746172f, 0.01024020934f};
};
template <> struct NormalTail<double> {
  static constexpr double limit = 39;
  static constexpr double above[] = {0.5,
                                     0.77461522442225367689,
                                     0.59366499430105444891,
                                     0.28905604792891177543,
                                     0.0975732238880463974,
                                     0.023583228285216182164,
                                     0.0040808279027099316689,
                                     0.00048916287867141301993,
                                     0.000037137149767654560627,
                                     1.3803036238857975466e-6};
  static constexpr double below[] = {1.0,
                                     2.3471150096473660665,
                                     2.5600568172286685197,
                                     1.7131459205431724358,
                                     0.7812529957980018845,
                                     0.25462273055848738178,
                                     0.060333616943271050763,
                                     0.010322207623160736618,
                                     0.0012296094108707759664,
                                     0.000093089029644643818499,
                                     3.4599080912182424991e-6};
};

/// y = x Phi(x) = max(x, 0) - |x| Phi(-|x|); slope = Phi(x) + x phi(x).
template <Real T> [[gnu::always_inline]] inline void gelu_lanes(Vec<T> x, Vec<T>& y, Vec<T>& slope) {
  using C = NormalTail<T>;
  const Vec<T> size = absolute<T>(x), t = size > C::limit ? broadcast(C::limit) : size;
  const Vec<T> e = exp_of_product<T>(t * T(-0.5), t);
  const Vec<T> tail = e * (polynomial<T>(t, C::above) / polynomial<T>(t, C::below));
  const Vec<T> density = e * T(0.39894228040143267794);  // 1 / sqrt(2 pi)
  y = multiply_add<T>(-t, tail, x < T(0) ? Vec<T>{} : x);
  const Vec<T> slope_below = multiply_add<T>(-t, density, tail);
  slope = x < T(0) ? slope_below : T(1) - slope_below;
}
}  // namespace detail

/// y = z Phi(z), the exact GELU, and, unless dy is null, dy = Phi(z) + z phi(z), for n elements; y or dy may be z.
/// Error at most 2e-7 max(1, |z|) in float, 4e-16 max(1, |z|) in double; y keeps its relative accuracy for negative z.
/// NaN gives NaN; -inf gives 0 and 0, +inf gives inf and 1. An element's bits do not depend on its position.
/// Source: Hendrycks and Gimpel, Gaussian Error Linear Units, arXiv 1606.08415.
template <Real T> void gelu(const T* z, T* y, T* dy, Index n) {
  for_each_vector<T>(n, [=](Index i, auto count) {
    Vec<T> value, slope;
    detail::gelu_lanes<T>(load(z + i, count), value, slope);
    store<T>(y + i, value, count);
    if (dy) store<T>(dy + i, slope, count);
  });
}

/// y = max(z, 0) for n elements; y may be z. NaN gives NaN.
template <Real T> void relu(const T* z, T* y, Index n) {
  for_each_vector<T>(n, [=](Index i, auto count) {
    const Vec<T> x = load(z + i, count);
    store<T>(y + i, x < T(0) ? Vec<T>{} : x, count);
  });
}

}  // namespace WSYM_SIMD
}  // namespace wsym::kernels
