// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/autodiff/tape.hpp"

namespace wsym::inline WSYM_SIMD {

/// Pieces of x in any order, left out or repeated: x and the result are read as rows of `width` entries, and row k of
/// the result is row rows[k] of x. x (...) of N width entries, rows in 0 .. N-1 -> shape, of as many entries as the
/// rows have; differentiable: the gradients of a row that is picked more than once add up, in the order of `rows`.
/// Throws ShapeError.
template <Real T> Var<T> pick_rows(Var<T> x, Index width, Shape shape, std::span<const Index> rows) {
  const Index count = static_cast<Index>(rows.size());
  expect(width >= 1 && x.size() % width == 0 && shape.size() == count * width, "pick_rows: ", count, " rows of ", width,
         " entries from x ", x.shape(), " into ", shape, "; the sizes need to fit");
  Tape<T>& tape = x.tape();
  Index* from = tape.template scratch<Index>(count);
  for (Index k = 0; k < count; ++k) {
    from[k] = rows[static_cast<std::size_t>(k)];
    expect(from[k] >= 0 && from[k] < x.size() / width, "pick_rows: row ", from[k], " of ", x.size() / width);
  }
  Var<T> y = tape.result(shape, x);
  for (Index k = 0; k < count; ++k) std::copy_n(x.data() + from[k] * width, width, y.out().data() + k * width);
  y.pull([=] {
    x.add_with([&](MatMap<T> dx, bool accumulate) {
      if (!accumulate) dx.setZero();
      for (Index k = 0; k < count; ++k)
        ArrayMap<T>(dx.data() + from[k] * width, width) += ConstArrayMap<T>(y.grad().data() + k * width, width);
    });
  });
  return y;
}

}  // namespace wsym::inline WSYM_SIMD
