// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/autodiff/tape.hpp"
#include "wsym/core/random.hpp"

namespace wsym {

/// y = x m / (1 - rate), m_ij = 0 with probability `rate` (to within 2^-32) and 1 otherwise, so that the mean of y is
/// x. x (...) -> (...); differentiable. Entry (i, j) is kept or dropped by the key and its place (first_row + i, j)
/// alone. rate = 0 is x itself. Throws ConfigError unless 0 <= rate < 1. Source: Srivastava et al. 2014, with the scale
/// moved to training ("inverted").
template <Real T> Var<T> dropout(Var<T> x, double rate, const Key& key, Index first_row = 0) {
  expect<ConfigError>(rate >= 0 && rate < 1, "dropout: rate ", rate, "; it lies in [0, 1)");
  if (rate == 0) return x;
  T* factor = x.tape().scratch(x.size());
  const auto first = static_cast<std::uint64_t>(first_row * x.cols());
  const auto threshold = static_cast<std::uint64_t>(rate * 0x1p32);
  const T kept = static_cast<T>(1 / (1 - rate));
  std::uint64_t bits = key.bits(first / 2);  // 32 for each of two entries
  for (Index i = 0; i < x.size(); ++i) {
    const std::uint64_t place = first + static_cast<std::uint64_t>(i);
    if (place % 2 == 0) bits = key.bits(place / 2);
    factor[i] = (place % 2 == 0 ? bits & 0xffffffff : bits >> 32) < threshold ? T(0) : kept;
  }
  Var<T> y = x.tape().result(x.shape(), x);
  const ConstMatMap<T> mask(factor, x.rows(), x.cols());
  y.out() = x.value().cwiseProduct(mask);
  y.pull([=] { x.add(y.grad().cwiseProduct(ConstMatMap<T>(factor, x.rows(), x.cols()))); });
  return y;
}

}  // namespace wsym
