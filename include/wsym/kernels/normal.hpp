// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>

#include "wsym/core/on_draw.hpp"
#include "wsym/core/random.hpp"
#include "wsym/kernels/activation.hpp"
#include "wsym/kernels/reduce.hpp"

namespace wsym::inline WSYM_SIMD::kernels {
namespace detail {

/// philox4x32 of `lanes` counters at once; every word has a lane of 64 bits.
struct PhiloxWords {
  Bits<double> word[4];
};
[[gnu::always_inline]] inline PhiloxWords philox_lanes(PhiloxWords c, std::uint64_t key0, std::uint64_t key1) {
  constexpr std::uint64_t low = 0xffffffff;
  for (int round = 0; round < 10; ++round) {
    const Bits<double> a = c.word[0] * std::uint64_t{0xD2511F53}, b = c.word[2] * std::uint64_t{0xCD9E8D57};
    c = {{b >> 32 ^ c.word[1] ^ key0, b & low, a >> 32 ^ c.word[3] ^ key1, a & low}};
    key0 = (key0 + 0x9E3779B9) & low;
    key1 = (key1 + 0xBB67AE85) & low;
  }
  return c;
}

/// Numbers below 2^52 as doubles.
[[gnu::always_inline]] inline Vec<double> as_double(Bits<double> x) {
  return reinterpret_cast<Vec<double>>(x | std::bit_cast<std::uint64_t>(0x1p52)) - 0x1p52;
}

/// Taylor series in x^2 of sin(x) / x and cos(x): the error is below 3e-16 up to pi / 4.
inline constexpr double sine[] = {1.0,          -1.0 / 6,        1.0 / 120,        -1.0 / 5040,
                                  1.0 / 362880, -1.0 / 39916800, 1.0 / 6227020800, -1.0 / 1307674368000};
inline constexpr double cosine[] = {1.0,
                                    -1.0 / 2,
                                    1.0 / 24,
                                    -1.0 / 720,
                                    1.0 / 40320,
                                    -1.0 / 3628800,
                                    1.0 / 479001600,
                                    -1.0 / 87178291200,
                                    1.0 / 20922789888000};

/// Two normal numbers of each two words: a radius from the first; a quarter's angle, and a sign each, from the second.
[[gnu::always_inline]] inline void box_muller(Bits<double> radius, Bits<double> angle, Vec<double>& a, Vec<double>& b) {
  const Vec<double> u = (as_double(radius) + 0.5) * 0x1p-32;                                              // (0, 1)
  const Vec<double> x = (as_double(angle & 0x3fffffff) + (0.5 - 0x1p29)) * (std::numbers::pi * 0x1p-31);  // +- pi / 4
  const Vec<double> r = square_root<double>(-log<double>(u)), square = x * x;
  const Vec<double> s = x * polynomial<double>(square, sine), c = polynomial<double>(square, cosine);
  const auto with_sign = [](Vec<double> v, Bits<double> bit) {
    return reinterpret_cast<Vec<double>>(reinterpret_cast<Bits<double>>(v) ^ bit << 63);
  };
  a = with_sign(r * (c - s), angle >> 31);  // sqrt(2) r cos(x + pi / 4)
  b = with_sign(r * (c + s), angle >> 30 & 1);
}

/// Numbers 32 s .. 32 s + 31 of the stream: the four of block 8 s + i are numbers i, 8 + i, 16 + i and 24 + i of them.
inline constexpr Index normals_at_once = 32;
template <Real T> void normals(std::uint64_t key, std::uint64_t stream, std::uint64_t s, T* z) {
  for (int i = 0; i < 8; i += lanes<double>) {
    constexpr std::uint64_t low = 0xffffffff;
    Bits<double> block{};
    for (int l = 0; l < lanes<double>; ++l) block[l] = 8 * s + static_cast<std::uint64_t>(i + l);
    const PhiloxWords counter{
        {block & low, block >> 32, Bits<double>{} + (stream & low), Bits<double>{} + (stream >> 32)}};
    const PhiloxWords w = philox_lanes(counter, key & low, key >> 32);
    Vec<double> drawn[4];
    box_muller(w.word[0], w.word[1], drawn[0], drawn[1]);
    box_muller(w.word[2], w.word[3], drawn[2], drawn[3]);
    for (int j = 0; j < 4; ++j)
      for (int l = 0; l < lanes<double>; ++l) z[8 * j + i + l] = static_cast<T>(drawn[j][l]);
  }
}
}  // namespace detail

/// z[i] = scale x number first + i of a stream of standard normal numbers, for n of them; the stream is a function of
/// the key and not that of Key::normal: it takes a Philox block for four numbers, each of 32 bits of chance.
template <Real T> void normal(const Key& key, std::uint64_t first, double scale, T* z, Index n) {
  WSYM_ON_DRAW(key, first, n);
  constexpr auto step = static_cast<std::uint64_t>(detail::normals_at_once);
  const std::uint64_t philox_key = key.bits(0), stream = key.bits(1);
  T drawn[detail::normals_at_once];
  for (Index i = 0; i < n;) {
    const std::uint64_t place = first + static_cast<std::uint64_t>(i);
    detail::normals(philox_key, stream, place / step, drawn);
    const Index from = static_cast<Index>(place % step), count = std::min(detail::normals_at_once - from, n - i);
    for (Index j = 0; j < count; ++j) z[i + j] = static_cast<T>(scale) * drawn[from + j];
    i += count;
  }
}

namespace detail {
/// 1 - Phi(u) and, unless density is null, phi(u).
template <Real T, class Count> [[gnu::always_inline]] inline Vec<T> tail(Vec<T> u, T* density, Count count) {
  using C = NormalTail<T>;
  const Vec<T> size = absolute<T>(u), t = size > C::limit ? broadcast(C::limit) : size;
  const Vec<T> ratio = polynomial<T>(t, C::above) / polynomial<T>(t, C::below);
  const Vec<T> square[] = {t * t};
  Vec<T> power[1];
  exp2_of_product<T>(square, T(-0.72134752044448170368), C::power, power);
  const Vec<T> e = size > C::limit ? Vec<T>{} : power[0];
  if (density) store<T>(density, e * T(0.39894228040143267794), count);
  return u < T(0) ? T(1) - e * ratio : e * ratio;
}
}  // namespace detail

/// The probability 1 - Phi(u) that a standard normal number exceeds u and, unless density is null, phi(u), for
/// u_i = (threshold - x_i) scale, n elements. Errors as gelu's. An element's bits do not depend on its position.
template <Real T> void exceeds(const T* x, T threshold, T scale, T* probability, T* density, Index n) {
  for_each_vector<T>(n, [=](Index i, auto count) {
    const Vec<T> u = (threshold - load(x + i, count)) * scale;
    store<T>(probability + i, detail::tail<T>(u, density ? density + i : nullptr, count), count);
  });
}

/// sums = column_sums of what exceeds gives of every row of x, with a threshold of its own each: the same bits. Shapes
/// x (rows, cols), unit column stride; threshold (rows); density (rows, cols) without gaps, or null; sums (cols).
template <Real T>
void exceeds_sums(std::type_identity_t<View<const T>> x, const T* threshold, T scale, T* sums, T* density) {
  const auto read = [=](Index i, Index j, auto count) {
    const Vec<T> u = (threshold[i] - load(&x(i, j), count)) * scale;
    return detail::tail<T>(u, density ? density + i * x.cols + j : nullptr, count);
  };
  detail::sum_columns<T>(x.rows, x.cols, read, sums, false);
}

}  // namespace wsym::inline WSYM_SIMD::kernels
