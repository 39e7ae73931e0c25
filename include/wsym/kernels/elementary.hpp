// SPDX-License-Identifier: MIT
#pragma once
#include <bit>
#include <limits>
#include <type_traits>
#include <utility>

#include "wsym/kernels/simd.hpp"

namespace wsym::inline WSYM_SIMD::kernels {
namespace detail {

template <Real T> struct BitsOf {
  using Word = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  typedef Word type __attribute__((vector_size(vector_bytes)));
};
template <Real T> using Bits = typename BitsOf<T>::type;

/// sum = c[0] + c[1] x + ... by Horner's rule, the steps of W vectors side by side.
template <Real T, std::size_t N, int W>
[[gnu::always_inline]] inline void polynomial(const Vec<T> (&x)[W], const T (&c)[N], Vec<T> (&sum)[W]) {
  WSYM_UNROLL
  for (int w = 0; w < W; ++w) sum[w] = broadcast(c[N - 1]);
  WSYM_UNROLL
  for (std::size_t i = N - 1; i > 0; --i) {
    WSYM_UNROLL
    for (int w = 0; w < W; ++w) sum[w] = multiply_add<T>(sum[w], x[w], broadcast(c[i - 1]));
  }
}
template <Real T, std::size_t N> [[gnu::always_inline]] inline Vec<T> polynomial(Vec<T> x, const T (&c)[N]) {
  const Vec<T> argument[] = {x};
  Vec<T> sum[1];
  polynomial<T>(argument, c, sum);
  return sum[0];
}

/// exp = 2^n exp(r), |r| <= ln(2) / 2. The polynomials of exp(r) begin with 1 + r; the other coefficients are a minimax
/// fit of the relative error (iteratively reweighted least squares, 60 digits): 3.1e-9 and 3.7e-18. ln(2) is split so
/// that n times its upper part is exact.
template <Real T> struct ExpConstants;
template <> struct ExpConstants<float> {
  static constexpr float ln2_upper = 0x1.62e4p-1f, ln2_lower = 0x1.7f7d1cp-20f, log2e = 0x1.715476p0f;
  static constexpr float integer_shift = 0x1.8p23f, least = -110, most = 100;
  static constexpr int bias = 127, mantissa = 23;
  static constexpr float series[] = {
      1.0f, 1.0f, 0.4999999337f, 0.1666651952f, 0.04166840113f, 0.008368851279f, 0.001381431837f};
};
template <> struct ExpConstants<double> {
  static constexpr double ln2_upper = 0x1.62e42fefa38p-1, ln2_lower = 0x1.ef35793c7673p-45, log2e = 0x1.71547652b82fep0;
  static constexpr double integer_shift = 0x1.8p52, least = -800, most = 800;
  static constexpr int bias = 1023, mantissa = 52;
  static constexpr double series[] = {1.0,
                                      1.0,
                                      0.50000000000000108277,
                                      0.16666666666666407652,
                                      0.041666666666528091277,
                                      0.0083333333334969259561,
                                      0.0013888888944252259307,
                                      0.00019841269502748193947,
                                      0.000024801492385322781983,
                                      2.7557588407439003312e-6,
                                      2.7630524459354510986e-7,
                                      2.4999864298577809834e-8};
};

/// y = 2^(a b), a normal number, without rounding the product first; `series` are the coefficients of 2^r, |r| <= 1/2.
template <Real T, std::size_t N, int W>
[[gnu::always_inline]] inline void exp2_of_product(const Vec<T> (&a)[W], T b, const T (&series)[N], Vec<T> (&y)[W]) {
  using C = ExpConstants<T>;
  const Vec<T> shift = broadcast(C::integer_shift), factor = broadcast(b);
  Vec<T> r[W];
  Bits<T> power[W];
  WSYM_UNROLL
  for (int w = 0; w < W; ++w) {
    const Vec<T> shifted = multiply_add<T>(a[w], factor, shift);  // the exponent stands in its last bits
    r[w] = multiply_add<T>(a[w], factor, shift - shifted);
    power[w] = reinterpret_cast<Bits<T>>(shifted) << C::mantissa;
  }
  polynomial<T>(r, series, y);
  WSYM_UNROLL
  for (int w = 0; w < W; ++w) y[w] = reinterpret_cast<Vec<T>>(reinterpret_cast<Bits<T>>(y[w]) + power[w]);
}

/// exp(x) for least <= x <= most or NaN.
template <Real T> [[gnu::always_inline]] inline Vec<T> exp_in_range(Vec<T> x) {
  using C = ExpConstants<T>;
  using Word = typename BitsOf<T>::Word;
  const Vec<T> shift = broadcast(C::integer_shift);
  const Vec<T> shifted = multiply_add<T>(x, broadcast(C::log2e), shift);  // n stands in its last bits
  const Vec<T> n = shifted - shift;
  const Vec<T> r = multiply_add<T>(n, broadcast(-C::ln2_lower), multiply_add<T>(n, broadcast(-C::ln2_upper), x));
  // 2^n as a product of two powers, so that the result may overflow or underflow.
  const Bits<T> biased =
      reinterpret_cast<Bits<T>>(shifted) - reinterpret_cast<Bits<T>>(shift) + static_cast<Word>(2 * C::bias);
  const Bits<T> half = biased >> 1;
  const auto power = [](Bits<T> exponent) {
    return reinterpret_cast<Vec<T>>(exponent << C::mantissa);
  };
  return polynomial<T>(r, C::series) * power(half) * power(biased - half);
}

/// log(1 + f) = f - s (f - u P(u)), s = f / (2 + f), u = s^2, sqrt(1/2) <= 1 + f < sqrt(2): P, interpolated at
/// Chebyshev nodes (60 digits); the error in the logarithm is 9.5e-10 and 1.6e-18.
template <Real T> struct LogSeries;
template <> struct LogSeries<float> {
  static constexpr float series[] = {0.66666685039575855022f, 0.39988780566021981899f, 0.29579949391972784709f};
};
template <> struct LogSeries<double> {
  static constexpr double series[] = {0.66666666666666696862, 0.3999999999989950449, 0.28571428625975484921,
                                      0.22222211134795079855, 0.1818288912526172208, 0.15331721600556041269,
                                      0.1461644968504340586};
};

template <Real T, int... I> [[gnu::always_inline]] inline Vec<T> count_up(std::integer_sequence<int, I...>) {
  return Vec<T>{static_cast<T>(I)...};
}

template <Real T, int Distance, int... I>
[[gnu::always_inline]] inline Vec<T> exchange(Vec<T> v, std::integer_sequence<int, I...>) {
  return __builtin_shufflevector(v, v, (I ^ Distance)...);
}
/// Combines each lane with the one `Distance` away, then half as far, until every lane holds all of them.
template <Real T, int Distance, class F> [[gnu::always_inline]] inline Vec<T> over_lanes(Vec<T> v, F combine) {
  v = combine(v, exchange<T, Distance>(v, std::make_integer_sequence<int, lanes<T>>{}));
  if constexpr (Distance > 1)
    return over_lanes<T, Distance / 2>(v, combine);
  else
    return v;
}
}  // namespace detail

/// 0, 1, 2, ...
template <Real T> [[gnu::always_inline]] inline Vec<T> lane_numbers() {
  return detail::count_up<T>(std::make_integer_sequence<int, lanes<T>>{});
}

/// load, but with `fill` in the lanes that are not read.
template <Real T> [[gnu::always_inline]] inline Vec<T> load_or(const T* p, Index count, T fill) {
  return lane_numbers<T>() < static_cast<T>(count) ? load(p, count) : broadcast(fill);
}
template <Real T> [[gnu::always_inline]] inline Vec<T> load_or(const T* p, AllLanes, T) {
  return load(p);
}

template <Real T> [[gnu::always_inline]] inline Vec<T> maximum(Vec<T> a, Vec<T> b) {
  return a > b ? a : b;
}

/// Every lane: the sum (the maximum) of all lanes, by halves.
template <Real T> [[gnu::always_inline]] inline Vec<T> sum_of_lanes(Vec<T> v) {
  return detail::over_lanes<T, lanes<T> / 2>(v, [](Vec<T> a, Vec<T> b) { return a + b; });
}
template <Real T> [[gnu::always_inline]] inline Vec<T> maximum_of_lanes(Vec<T> v) {
  return detail::over_lanes<T, lanes<T> / 2>(v, [](Vec<T> a, Vec<T> b) { return maximum<T>(a, b); });
}

template <Real T> [[gnu::always_inline]] inline Vec<T> absolute(Vec<T> x) {
  using Word = typename detail::BitsOf<T>::Word;
  return reinterpret_cast<Vec<T>>(reinterpret_cast<detail::Bits<T>>(x) & (static_cast<Word>(-1) >> 1));
}

/// exp(x) to about one unit in the last place; 0 and infinity beyond the range, NaN for NaN.
template <Real T> [[gnu::always_inline]] inline Vec<T> exp(Vec<T> x) {
  using C = detail::ExpConstants<T>;
  x = x < C::least ? broadcast(C::least) : x;
  x = x > C::most ? broadcast(C::most) : x;
  return detail::exp_in_range<T>(x);
}

/// log(x) to about one unit in the last place for normal x > 0; infinity and NaN give themselves.
template <Real T> [[gnu::always_inline]] inline Vec<T> log(Vec<T> x) {
  using C = detail::ExpConstants<T>;
  using Bits = detail::Bits<T>;
  using Word = typename detail::BitsOf<T>::Word;
  constexpr Word one = std::bit_cast<Word>(T(1)), least = std::bit_cast<Word>(T(0.70710678118654752440));
  constexpr T shift =
      static_cast<T>(Word(1) << C::mantissa);  // an integer k below it stands in the last bits of shift + k
  const Bits bits = reinterpret_cast<Bits>(x), biased = (bits - least + one) >> C::mantissa;
  const Vec<T> n = reinterpret_cast<Vec<T>>(biased + std::bit_cast<Word>(shift)) - (shift + static_cast<T>(C::bias));
  const Vec<T> f = reinterpret_cast<Vec<T>>(bits - (biased << C::mantissa) + one) - T(1);
  const Vec<T> s = f / (f + T(2)), u = s * s;
  const Vec<T> rest = multiply_add<T>(u, detail::polynomial<T>(u, detail::LogSeries<T>::series), -f);
  const Vec<T> small = f + multiply_add<T>(s, rest, n * C::ln2_lower);
  return x < std::numeric_limits<T>::infinity() ? multiply_add<T>(n, broadcast(C::ln2_upper), small) : x;
}

}  // namespace wsym::inline WSYM_SIMD::kernels
