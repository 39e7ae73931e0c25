// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/kernels/elementary.hpp"

/// Functions of one number, each with its derivative: f(x, y, slope) sets y = f(x) and slope = f'(x) in every lane.
/// Errors are in units of the last place of the result, where that is a normal number. NaN gives NaN.
namespace wsym::inline WSYM_SIMD::kernels {

/// exp(x) - 1 to about two units, also near 0; -1 and infinity beyond the range.
template <Real T> [[gnu::always_inline]] inline Vec<T> expm1(Vec<T> x) {
  using C = detail::ExpConstants<T>;
  constexpr T least = -2 * C::mantissa, most = C::mantissa + 3;  // beyond them the result is -1, and exp(x)
  const Vec<T> low = x < least ? broadcast(least) : x, t = low > most ? broadcast(most) : low;
  const Vec<T> shift = broadcast(C::integer_shift);
  const Vec<T> shifted = multiply_add<T>(t, broadcast(C::log2e), shift), n = shifted - shift;
  const Vec<T> r = multiply_add<T>(n, broadcast(-C::ln2_lower), multiply_add<T>(n, broadcast(-C::ln2_upper), t));
  using Word = typename detail::BitsOf<T>::Word;
  const detail::Bits<T> exponent = reinterpret_cast<detail::Bits<T>>(shifted) -
                                   reinterpret_cast<detail::Bits<T>>(shift) + static_cast<Word>(C::bias);
  const Vec<T> power = reinterpret_cast<Vec<T>>(exponent << C::mantissa);
  constexpr std::size_t terms = std::size(C::series) - 2;
  T rest[terms];
  for (std::size_t i = 0; i < terms; ++i) rest[i] = C::series[i + 2];
  const Vec<T> part = multiply_add<T>(r * r, detail::polynomial<T>(r, rest), r);  // exp(r) - 1
  const Vec<T> y = multiply_add<T>(power, part, power - T(1));
  return x > most ? exp<T>(x) : y;
}

/// log(1 + u) for 0 <= u <= 1, to about two units.
template <Real T> [[gnu::always_inline]] inline Vec<T> log1p(Vec<T> u) {
  const Vec<T> w = T(1) + u, kept = w - T(1);
  return kept == T(0) ? u : log<T>(w) * u / kept;
}

/// log(x) of any x: also of numbers below the normal ones, -infinity for 0, NaN below it.
template <Real T> [[gnu::always_inline]] inline Vec<T> log_of_any(Vec<T> x) {
  using C = detail::ExpConstants<T>;
  constexpr T lift = static_cast<T>(std::uint64_t{1} << (C::mantissa + 1));
  const auto tiny = x < std::numeric_limits<T>::min();
  const Vec<T> lifted = log<T>(tiny ? x * lift : x);
  const Vec<T> y = tiny ? lifted - T(0.69314718055994530942) * static_cast<T>(C::mantissa + 1) : lifted;
  const Vec<T> outside =
      x == T(0) ? broadcast(-std::numeric_limits<T>::infinity()) : broadcast(std::numeric_limits<T>::quiet_NaN());
  return x <= T(0) ? outside : y;
}

/// |x| with the sign of s.
template <Real T> [[gnu::always_inline]] inline Vec<T> with_sign_of(Vec<T> x, Vec<T> s) {
  using Word = typename detail::BitsOf<T>::Word;
  constexpr Word sign = Word(1) << (8 * sizeof(T) - 1);
  return reinterpret_cast<Vec<T>>((reinterpret_cast<detail::Bits<T>>(x) & ~sign) |
                                  (reinterpret_cast<detail::Bits<T>>(s) & sign));
}

/// y[i], slope[i] = f of x[i], for n elements; y or slope may be x, slope may be null. An element's bits do not depend
/// on its position.
template <Real T, class F> void map(const T* x, T* y, T* slope, Index n, const F& f) {
  for_each_vector<T>(n, [&](Index i, auto count) {
    Vec<T> value, derivative;
    f(load(x + i, count), value, derivative);
    store<T>(y + i, value, count);
    if (slope) store<T>(slope + i, derivative, count);
  });
}

template <Real T> [[gnu::always_inline]] inline void tanh_at(Vec<T> x, Vec<T>& y, Vec<T>& slope) {
  const Vec<T> twice = T(-2) * absolute<T>(x), t = expm1<T>(twice), e = exp<T>(twice), sum = T(2) + t;
  y = with_sign_of<T>(t / sum, x);
  slope = T(4) * e / (sum * sum);
}

/// What follows from e = exp(-|x|): s = 1 / (1 + exp(-x)), and rest = 1 - s.
template <Real T> struct Logistic { Vec<T> e, s, rest; };
template <Real T> [[gnu::always_inline]] inline Logistic<T> logistic(Vec<T> x) {
  const Vec<T> e = exp<T>(-absolute<T>(x)), whole = T(1) / (T(1) + e), part = e * whole;
  return {e, x < T(0) ? part : whole, x < T(0) ? whole : part};
}

template <Real T> [[gnu::always_inline]] inline void sigmoid_at(Vec<T> x, Vec<T>& y, Vec<T>& slope) {
  const Logistic<T> l = logistic<T>(x);
  y = l.s;
  slope = l.s * l.rest;
}

/// max(x, 0) + log(1 + exp(-|x|)).
template <Real T> [[gnu::always_inline]] inline void softplus_at(Vec<T> x, Vec<T>& y, Vec<T>& slope) {
  const Logistic<T> l = logistic<T>(x);
  y = (x < T(0) ? Vec<T>{} : x) + log1p<T>(l.e);
  slope = l.s;
}

/// x, but no further from 0 than where exp(-|x|) is 0: so that its product with that is 0 for infinity too.
template <Real T> [[gnu::always_inline]] inline Vec<T> within_exp(Vec<T> x) {
  const Vec<T> low = x < detail::ExpConstants<T>::least ? broadcast(detail::ExpConstants<T>::least) : x;
  return low > -detail::ExpConstants<T>::least ? broadcast(-detail::ExpConstants<T>::least) : low;
}

template <Real T> [[gnu::always_inline]] inline void silu_at(Vec<T> x, Vec<T>& y, Vec<T>& slope) {
  const Logistic<T> l = logistic<T>(x);
  const Vec<T> t = within_exp<T>(x);
  y = x > T(0) ? x * l.s : t * l.s;
  slope = l.s * multiply_add<T>(t, l.rest, broadcast(T(1)));
}

/// x tanh(softplus(x)), where tanh(softplus(x)) = ((1 + e^x)^2 - 1) / ((1 + e^x)^2 + 1).
template <Real T> [[gnu::always_inline]] inline void mish_at(Vec<T> x, Vec<T>& y, Vec<T>& slope) {
  const Logistic<T> l = logistic<T>(x);
  const Vec<T> t = within_exp<T>(x), u = l.e, square = u * u, twice = T(2) * u;
  const Vec<T> above = x < T(0) ? square + twice : T(1) + twice;
  const Vec<T> rest = x < T(0) ? broadcast(T(2)) : T(2) * square, below = above + rest;
  const Vec<T> th = above / below;
  y = x > T(0) ? x * th : t * th;
  slope = multiply_add<T>(t * (rest / below) * (T(1) + th), l.s, th);
}

template <Real T> [[gnu::always_inline]] inline void selu_at(Vec<T> x, Vec<T>& y, Vec<T>& slope) {
  constexpr T scale = T(1.0507009873554804934), below = T(1.7580993408473768599);  // scale times alpha
  const Vec<T> negative = x > T(0) ? Vec<T>{} : x;
  y = x > T(0) ? scale * x : below * expm1<T>(negative);
  slope = x > T(0) ? broadcast(scale) : below * exp<T>(negative);
}

/// x^n for a whole number n, by squaring.
template <Real T> [[gnu::always_inline]] inline Vec<T> whole_power(Vec<T> x, int n) {
  Vec<T> power = broadcast(T(1)), square = x;
  for (unsigned left = static_cast<unsigned>(n < 0 ? -n : n); left != 0; left /= 2, square = square * square)
    if (left % 2 != 0) power = power * square;
  return n < 0 ? T(1) / power : power;
}

}  // namespace wsym::inline WSYM_SIMD::kernels
