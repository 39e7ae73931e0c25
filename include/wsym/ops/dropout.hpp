// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/autodiff/tape.hpp"
#include "wsym/core/on_draw.hpp"
#include "wsym/core/random.hpp"

namespace wsym::inline WSYM_SIMD {

namespace detail {
/// factor_i = 0 with probability p, else 1 / (1 - p), for the n places from `first` on; p is the rate rounded to a
/// multiple of 2^-16. A place's factor follows from the key and the place alone. Each takes 16 bits; those of 64 places
/// are drawn at once, so that the draws overlap. Throws ConfigError unless 0 <= rate < 1.
template <Real T> void dropout_factors(double rate, const Key& key, std::uint64_t first, Index n, T* factor) {
  expect<ConfigError>(rate >= 0 && rate < 1, "dropout: rate ", rate, "; it lies in [0, 1)");
  WSYM_ON_DRAW(key, first, n);
  const auto threshold = std::min<std::uint64_t>(static_cast<std::uint64_t>(std::llround(rate * 65536)), 65535);
  const T kept = static_cast<T>(65536 / static_cast<double>(65536 - threshold));
  constexpr std::uint64_t draws = 16;
  const std::uint64_t end = first + static_cast<std::uint64_t>(n);
  for (std::uint64_t start = first / 4; 4 * start < end; start += draws) {
    std::uint64_t words[draws];
    for (std::uint64_t w = 0; w < draws; ++w) words[w] = key.bits(start + w);
    const std::uint64_t stop = std::min(end, 4 * (start + draws));
    for (std::uint64_t place = std::max(first, 4 * start); place < stop; ++place)
      factor[place - first] = (words[place / 4 - start] >> place % 4 * 16 & 0xffff) < threshold ? T(0) : kept;
  }
}

/// x times factors in its tape's arena.
template <Real T> Var<T> times_factors(Var<T> x, const T* factor) {
  Var<T> y = x.tape().result(x.shape(), x);
  const ConstMatMap<T> mask(factor, x.rows(), x.cols());
  y.out() = x.value().cwiseProduct(mask);
  y.pull([=] { x.add(y.grad().cwiseProduct(ConstMatMap<T>(factor, x.rows(), x.cols()))); });
  return y;
}
}  // namespace detail

/// y = x m / (1 - p), m_ij = 0 with probability p and 1 otherwise, so that the mean of y is x; p is the rate rounded to
/// a multiple of 2^-16. x (...) -> (...); differentiable. Entry (i, j) is kept or dropped by the key and its place
/// (first_row + i, j) alone. Rate 0 is x itself. Throws ConfigError unless 0 <= rate < 1.
/// Source: Srivastava et al. 2014, with the scale moved to training ("inverted").
template <Real T> Var<T> dropout(Var<T> x, double rate, const Key& key, Index first_row = 0) {
  if (rate == 0) return x;
  T* factor = x.tape().scratch(x.size());
  detail::dropout_factors(rate, key, static_cast<std::uint64_t>(first_row * x.cols()), x.size(), factor);
  return detail::times_factors(x, factor);
}

}  // namespace wsym::inline WSYM_SIMD
