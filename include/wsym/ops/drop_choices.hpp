// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/ops/dispatch.hpp"
#include "wsym/ops/dropout.hpp"
#include "wsym/ops/tile.hpp"

namespace wsym {

/// Dropout of the expert batches, which does not depend on where a row lies in them: entry j of the row with choice i
/// is kept or dropped as entry (i, j) of dropout(the list of all choices, rate, key, first_row * choices). The copies
/// of tiled rows draw from the keys of their members, one each. x (d.bound, cols) -> (d.bound, cols); differentiable.
/// Throws ShapeError; ConfigError unless 0 <= rate < 1.
template <Real T>
Var<T> drop_choices(Var<T> x, const Dispatch& d, double rate, std::span<const Key> keys, const Tiling& tiling = {},
                    Index first_row = 0) {
  expect<ConfigError>(rate >= 0 && rate < 1, "drop_choices: rate ", rate, "; it lies in [0, 1)");
  expect(x.rows() == d.bound && tiling.members >= 1 && tiling.members == static_cast<Index>(keys.size()) &&
             d.rows % tiling.members == 0,
         "drop_choices: x is ", x.shape(), " for batches of ", d.bound, " rows, and ", keys.size(), " keys for ",
         d.rows, " rows of ", tiling.members, " members");
  if (rate == 0) return x;
  const Index cols = x.cols(), rows = d.rows / tiling.members;
  detail::check_tiling("drop_choices", tiling, rows);
  T* factor = x.tape().scratch(x.size());
  for (Index p = 0; p < d.kept(); ++p) {
    const auto [member, row] = tiling.copy(d.pair[p] / d.choices, rows);
    const Index first = ((first_row + row) * d.choices + d.pair[p] % d.choices) * cols;
    detail::dropout_factors(rate, keys[static_cast<std::size_t>(member)], static_cast<std::uint64_t>(first), cols,
                            factor + p * cols);
  }
  std::fill_n(factor + d.kept() * cols, (d.bound - d.kept()) * cols, T(0));
  return detail::times_factors(x, factor);
}

}  // namespace wsym
