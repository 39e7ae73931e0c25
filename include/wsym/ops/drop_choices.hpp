// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/ops/dispatch.hpp"
#include "wsym/ops/dropout.hpp"

namespace wsym {

/// Dropout of the expert batches, which does not depend on where a row lies in them: entry j of the row with choice i
/// is kept or dropped as entry (i, j) of dropout(the list of all choices, rate, key, first_row * choices). With several
/// members, whose rows lie one after the other, each draws from a key of its own. x (d.bound, cols) -> (d.bound, cols);
/// differentiable. Throws ShapeError; ConfigError unless 0 <= rate < 1.
template <Real T>
Var<T> drop_choices(Var<T> x, const Dispatch& d, double rate, std::span<const Key> keys, Index first_row = 0) {
  expect<ConfigError>(rate >= 0 && rate < 1, "drop_choices: rate ", rate, "; it lies in [0, 1)");
  expect(x.rows() == d.bound && !keys.empty() && d.rows % static_cast<Index>(keys.size()) == 0, "drop_choices: x is ",
         x.shape(), " for batches of ", d.bound, " rows, and ", keys.size(), " keys for ", d.rows, " rows");
  if (rate == 0) return x;
  const Index cols = x.cols(), of_member = d.rows / static_cast<Index>(keys.size()) * d.choices;
  T* factor = x.tape().scratch(x.size());
  for (Index p = 0; p < d.kept(); ++p) {
    const Key& key = keys[static_cast<std::size_t>(d.pair[p] / of_member)];
    const Index first = (first_row * d.choices + d.pair[p] % of_member) * cols;
    detail::dropout_factors(rate, key, static_cast<std::uint64_t>(first), cols, factor + p * cols);
  }
  std::fill_n(factor + d.kept() * cols, (d.bound - d.kept()) * cols, T(0));
  Var<T> y = x.tape().result(x.shape(), x);
  y.out() = x.value().cwiseProduct(ConstMatMap<T>(factor, x.rows(), cols));
  y.pull([=] { x.add(y.grad().cwiseProduct(ConstMatMap<T>(factor, x.rows(), cols))); });
  return y;
}

}  // namespace wsym
