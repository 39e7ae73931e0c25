// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/nn/pass.hpp"
#include "wsym/ops/dropout.hpp"

namespace wsym {

/// Dropout where the pass drops; otherwise x itself. Places that drop in one
/// layer need passes of their own (pass.child(i)), or they drop the same entries.
/// Throws ConfigError unless 0 <= rate < 1, ShapeError for rows that the pass's copies do not divide.
template <Real T> Var<T> dropout(Var<T> x, double rate, const Pass<T>& pass) {
  if (!pass.drops() || rate == 0) return x;
  const Key key = pass.key().child("dropout");
  if (pass.copies().members == 1) return dropout(x, rate, key, pass.first_row());
  const Index cols = x.cols();
  T* factor = x.tape().scratch(x.size());
  detail::for_each_stream(pass, key, x.rows(), [&](const Key& own, Index place, Index first, Index count) {
    detail::dropout_factors(rate, own, static_cast<std::uint64_t>(place * cols), count * cols, factor + first * cols);
  });
  return detail::times_factors(x, factor);
}

}  // namespace wsym
