// SPDX-License-Identifier: MIT
#pragma once
#include <cmath>
#include <span>

#include "wsym/core/error.hpp"
#include "wsym/core/random.hpp"

namespace wsym::inline WSYM_SIMD {

namespace detail {
/// The logarithm of a Gamma(shape) number: Marsaglia and Tsang 2000, and below shape 1 theirs for shape + 1 times
/// U^(1/shape), which may be too small for a number but not for its logarithm.
inline double log_gamma_number(double shape, const Key& key) {
  const double d = (shape < 1 ? shape + 1 : shape) - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  for (std::uint64_t i = 0;; i += 2) {
    const double z = key.normal(i), root = 1 + c * z, v = root * root * root;
    if (root <= 0 || std::log(key.uniform(i + 1)) >= z * z / 2 + d - d * v + d * std::log(v)) continue;
    return std::log(d * v) + (shape < 1 ? std::log(key.child("boost").uniform(0)) / shape : 0);
  }
}
}  // namespace detail

/// How much of a row stays when it is mixed with another: max(b, 1 - b) with b ~ Beta(alpha, alpha), in [1/2, 1], a
/// function of the key alone. 1 for alpha = 0: no mixing. Throws ConfigError for an alpha that is negative or not
/// finite.
inline double mixup_share(double alpha, const Key& key) {
  expect<ConfigError>(alpha >= 0 && std::isfinite(alpha), "mixup_share: alpha ", alpha,
                      "; it is finite and not negative");
  if (alpha == 0) return 1;
  const double ratio = detail::log_gamma_number(alpha, key.child(0)) - detail::log_gamma_number(alpha, key.child(1));
  if (std::isnan(ratio)) return 1;  // an alpha so small that both logarithms are -inf: b is 0 or 1
  return 1 / (1 + std::exp(-std::abs(ratio)));
}

/// A share for each row: one for the whole batch, or, by row, share i from key.child(i).
template <Real T> void mixup_shares(double alpha, bool by_row, const Key& key, std::span<T> shares) {
  const double common = mixup_share(alpha, key);
  for (std::size_t i = 0; i < shares.size(); ++i)
    shares[i] = static_cast<T>(by_row ? mixup_share(alpha, key.child(i)) : common);
}

/// Mixes each row with the next, the last with the first: into_i = a_i from_i + (1 - a_i) from_(i + 1 mod n). For
/// inputs, targets and one-hot labels alike, with the same shares a (n). from and into (n, cols), which do not overlap.
/// Throws ShapeError for other sizes. Source: Zhang et al. 2018, as Allingham et al. 2022 apply it: the larger share
/// first, rolled by one.
template <Real T> void mixup(std::span<const T> from, Index cols, std::span<const T> shares, std::span<T> into) {
  const Index n = static_cast<Index>(shares.size());
  expect(cols >= 0 && static_cast<Index>(from.size()) == n * cols && into.size() == from.size(), "mixup: ", n,
         " shares for ", from.size(), " numbers in rows of ", cols, ", into room for ", into.size());
  for (Index i = 0; i < n; ++i) {
    const T *own = from.data() + i * cols, *next = from.data() + (i + 1 == n ? 0 : i + 1) * cols;
    const T a = shares[static_cast<std::size_t>(i)];
    for (Index j = 0; j < cols; ++j) into.data()[i * cols + j] = a * own[j] + (1 - a) * next[j];
  }
}

}  // namespace wsym::inline WSYM_SIMD
