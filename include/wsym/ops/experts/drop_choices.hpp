// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/ops/dropout.hpp"
#include "wsym/ops/experts/dispatch.hpp"

namespace wsym::inline WSYM_SIMD {

/// Dropout of the expert batches, which does not depend on where a row lies in them: choice j of the row at place n of
/// a stream is kept or dropped as row n * choices + j of dropout(all choices, rate, key of the stream). over_streams(f)
/// calls f(key, place, row, count) for rows row .. row + count - 1, which lie at `place` and on of the stream of `key`,
/// until every row has had its turn. x (d.bound, cols) -> (d.bound, cols); differentiable.
/// Throws ShapeError; ConfigError unless 0 <= rate < 1.
template <Real T, class F> Var<T> drop_choices(Var<T> x, const Dispatch& d, double rate, const F& over_streams) {
  expect<ConfigError>(rate >= 0 && rate < 1, "drop_choices: rate ", rate, "; it lies in [0, 1)");
  expect(x.rows() == d.bound, "drop_choices: x is ", x.shape(), "; it needs ", d.bound, " rows");
  if (rate == 0) return x;
  const Index cols = x.cols();
  T* factor = x.tape().scratch(x.size());
  over_streams([&](const Key& key, Index place, Index row, Index count) {
    for (Index i = 0; i < count * d.choices; ++i)
      if (const Index p = d.place[row * d.choices + i]; p >= 0)
        detail::dropout_factors(rate, key, static_cast<std::uint64_t>((place * d.choices + i) * cols), cols,
                                factor + p * cols);
  });
  std::fill_n(factor + d.kept() * cols, (d.bound - d.kept()) * cols, T(0));
  return detail::times_factors(x, factor);
}

}  // namespace wsym::inline WSYM_SIMD
