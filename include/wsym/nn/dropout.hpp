// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/nn/pass.hpp"
#include "wsym/ops/dropout.hpp"

namespace wsym::inline WSYM_SIMD {

/// Dropout where the pass drops; otherwise x itself. Places that drop in one
/// layer need passes of their own (pass.child(i)), or they drop the same entries.
/// Throws ConfigError unless 0 <= rate < 1, ShapeError for rows that are not those of the pass's members and examples.
template <Real T> Var<T> dropout(Var<T> x, double rate, const Pass<T>& pass) {
  if (!pass.drops() || rate == 0) return x;
  const Index cols = x.cols();
  T* factor = x.tape().scratch(x.size());
  const auto draw = [&](const Key& key, Index place, Index row, Index count) {
    detail::dropout_factors(rate, key, static_cast<std::uint64_t>(place * cols), count * cols, factor + row * cols);
  };
  detail::for_each_stream(pass, pass.key().child("dropout"), x.shape(), draw);
  return detail::times_factors(x, factor);
}

}  // namespace wsym::inline WSYM_SIMD
