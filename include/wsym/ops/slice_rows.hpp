// SPDX-License-Identifier: MIT
#pragma once
#include <memory>

#include "wsym/autodiff/tape.hpp"

namespace wsym::inline WSYM_SIMD {

/// Rows first .. first + count - 1 of x, as a copy: (..., cols) -> (count, cols); differentiable. Throws ShapeError.
template <Real T> Var<T> slice_rows(Var<T> x, Index first, Index count) {
  expect(first >= 0 && count >= 0 && first + count <= x.rows(), "slice_rows: ", count, " rows from ", first,
         " on of x ", x.shape(), "; it has ", x.rows());
  Var<T> y = x.tape().result(Shape{count, x.cols()}, x);
  y.out() = x.value().middleRows(first, count);
  y.pull([=] {
    x.add_with([&](MatMap<T> dx, bool accumulate) {
      if (!accumulate) dx.setZero();
      dx.middleRows(first, count) += y.grad();
    });
  });
  return y;
}

/// The inputs one under the other, then rows of 0 up to `rows` in all: (n_1, c), (n_2, c), ... -> (rows, c);
/// differentiable. Throws ShapeError for no input, unlike columns or too many rows.
template <Real T> Var<T> stack_rows(std::span<const Var<T>> inputs, Index rows) {
  expect(!inputs.empty(), "stack_rows: no inputs; at least one is needed");
  Tape<T>& tape = inputs[0].tape();
  const Index count = static_cast<Index>(inputs.size()), cols = inputs[0].cols();
  Index used = 0;
  for (Index i = 0; i < count; ++i) {
    const Var<T> input = inputs[static_cast<std::size_t>(i)];
    expect(input.cols() == cols, "stack_rows: input 0 is ", inputs[0].shape(), " but input ", i, " is ", input.shape(),
           "; they need the same columns");
    used += input.rows();
  }
  expect(used <= rows, "stack_rows: the inputs have ", used, " rows for a result of ", rows);
  Var<T>* list = tape.template scratch<Var<T>>(count);
  std::uninitialized_copy(inputs.begin(), inputs.end(), list);
  Var<T> y = tape.result(Shape{rows, cols}, inputs);
  for (Index i = 0, at = 0; i < count; at += list[i++].rows()) y.out().middleRows(at, list[i].rows()) = list[i].value();
  y.out().bottomRows(rows - used).setZero();
  y.pull([=] {
    for (Index i = 0, at = 0; i < count; at += list[i++].rows()) list[i].add(y.grad().middleRows(at, list[i].rows()));
  });
  return y;
}

}  // namespace wsym::inline WSYM_SIMD
