// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/kernels/elementary.hpp"

namespace wsym::inline WSYM_SIMD::kernels {
namespace detail {

/// What GELU needs of the normal distribution, for 0 <= t <= limit, beyond which Phi(-t) is taken for 0.
/// Phi(-t) = exp(-t^2 / 2) above(t) / below(t), two polynomials whose constant terms give 1/2 at 0; 2^r, |r| <= 1/2, is
/// the polynomial power(r). The other coefficients are minimax fits of the relative error (linearised, iteratively
/// reweighted least squares): in float 2.5e-7 for t < 3, 2.6e-6 beyond, and 9.2e-8; in double 5.3e-17 and 3.7e-18. No
/// coefficient is negative: nothing cancels, and the tail keeps its relative accuracy.
template <Real T> struct NormalTail;
template <> struct NormalTail<float> {
  static constexpr float limit = 13;
  static constexpr float above[] = {0.5f, 0.3469631974f, 0.1109432115f, 0.0150208314f};
  static constexpr float below[] = {1.0f, 1.491806265f, 0.91222724f, 0.2777541114f, 0.03766153385f};
  static constexpr float power[] = {1.0f, 0.6931469776f, 0.2402224209f, 0.05550733744f, 0.009671512654f, 0.0013264727f};
};
template <> struct NormalTail<double> {
  static constexpr double limit = 37.5;
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
  static constexpr double power[] = {1.0,
                                     0.69314718055994530942,
                                     0.24022650695910123255,
                                     0.05550410866482071737,
                                     0.0096181291075964890982,
                                     0.0013333558146690196033,
                                     0.00015403530454782587796,
                                     0.000015252733543825459374,
                                     1.3215436214162027564e-6,
                                     1.0178185430098302697e-7,
                                     7.0736527930286467273e-9,
                                     4.4362674718224045048e-10};
};

/// Vectors that take GELU side by side: one after the other, its chain of operations is too long to be overlapped.
#if defined(__AVX512F__) || (defined(__aarch64__) && defined(__ARM_NEON))
inline constexpr int gelu_ways = 4;
#else
inline constexpr int gelu_ways = 2;
#endif

/// y = x Phi(x) = max(x, 0) - |x| Phi(-|x|); slope = Phi(x) + x phi(x).
template <Real T, int W>
[[gnu::always_inline]] inline void gelu_lanes(const Vec<T> (&x)[W], Vec<T> (&y)[W], Vec<T> (&slope)[W]) {
  using C = NormalTail<T>;
  Vec<T> t[W], square[W], ratio[W], below[W], e[W];
  WSYM_UNROLL
  for (int w = 0; w < W; ++w) {
    const Vec<T> size = absolute<T>(x[w]);
    t[w] = size > C::limit ? broadcast(C::limit) : size;
    square[w] = t[w] * t[w];
  }
  polynomial<T>(t, C::above, ratio);
  polynomial<T>(t, C::below, below);
  WSYM_UNROLL
  for (int w = 0; w < W; ++w) ratio[w] = ratio[w] / below[w];
  exp2_of_product<T>(square, T(-0.72134752044448170368), C::power, e);
  WSYM_UNROLL
  for (int w = 0; w < W; ++w) {
    e[w] = absolute<T>(x[w]) > C::limit ? Vec<T>{} : e[w];
    y[w] = subtract_product<T>(x[w] < T(0) ? Vec<T>{} : x[w], t[w] * e[w], ratio[w]);
    const Vec<T> slope_below = e[w] * multiply_add<T>(t[w], broadcast(T(-0.39894228040143267794)), ratio[w]);
    slope[w] = x[w] < T(0) ? slope_below : T(1) - slope_below;
  }
}

/// gelu() of W vectors at z, the last of them with `count` elements.
template <Real T, int W, class Count> [[gnu::always_inline]] inline void gelu_at(const T* z, T* y, T* dy, Count count) {
  constexpr int last = (W - 1) * lanes<T>;
  Vec<T> x[W], value[W], slope[W];
  WSYM_UNROLL
  for (int w = 0; w < W - 1; ++w) x[w] = load(z + w * lanes<T>);
  x[W - 1] = load(z + last, count);
  gelu_lanes<T>(x, value, slope);
  WSYM_UNROLL
  for (int w = 0; w < W - 1; ++w) store(y + w * lanes<T>, value[w]);
  store<T>(y + last, value[W - 1], count);
  if (!dy) return;
  WSYM_UNROLL
  for (int w = 0; w < W - 1; ++w) store(dy + w * lanes<T>, slope[w]);
  store<T>(dy + last, slope[W - 1], count);
}
}  // namespace detail

/// y = z Phi(z), the exact GELU, and, unless dy is null, dy = Phi(z) + z phi(z), for n elements; y or dy may be z.
/// Error at most 2e-7 max(1, |z|) in float, 4e-16 max(1, |z|) in double; y keeps its relative accuracy for negative z
/// down to -13 (-37.5 in double), from where on it is 0.
/// NaN gives NaN; -inf gives 0 and 0, +inf gives inf and 1. An element's bits do not depend on its position.
/// Source: Hendrycks and Gimpel, Gaussian Error Linear Units, arXiv 1606.08415.
template <Real T> void gelu(const T* z, T* y, T* dy, Index n) {
  constexpr int ways = detail::gelu_ways;
  Index i = 0;
  for (; i + ways * lanes<T> <= n; i += ways * lanes<T>)
    detail::gelu_at<T, ways>(z + i, y + i, dy ? dy + i : nullptr, AllLanes{});
  for_each_vector<T>(n - i, [=](Index j, auto count) {
    detail::gelu_at<T, 1>(z + i + j, y + i + j, dy ? dy + i + j : nullptr, count);
  });
}

/// y = max(z, 0) for n elements; y may be z. NaN gives NaN.
template <Real T> void relu(const T* z, T* y, Index n) {
  for_each_vector<T>(n, [=](Index i, auto count) {
    const Vec<T> x = load(z + i, count);
    store<T>(y + i, x < T(0) ? Vec<T>{} : x, count);
  });
}

/// y = 1 / (1 + exp(-z)) for n elements, to about two units in the last place; y may be z. NaN gives NaN. An element's
/// bits do not depend on its position.
template <Real T> void sigmoid(const T* z, T* y, Index n) {
  for_each_vector<T>(n,
                     [=](Index i, auto count) { store<T>(y + i, T(1) / (T(1) + exp<T>(-load(z + i, count))), count); });
}

}  // namespace wsym::inline WSYM_SIMD::kernels
