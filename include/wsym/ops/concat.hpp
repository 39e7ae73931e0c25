// SPDX-License-Identifier: MIT
#pragma once
#include <memory>

#include "wsym/autodiff/tape.hpp"

namespace wsym::inline WSYM_SIMD {

/// The inputs side by side: (..., c_1), (..., c_2), ... -> (..., c_1 + c_2 + ...); differentiable in all.
/// Throws ShapeError for no input or unlike rows.
template <Real T> Var<T> concat(std::span<const Var<T>> inputs) {
  expect(!inputs.empty(), "concat: no inputs; at least one is needed");
  Tape<T>& tape = inputs[0].tape();
  const Index rows = inputs[0].rows(), count = static_cast<Index>(inputs.size());
  Index cols = 0;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    expect(inputs[i].rows() == rows, "concat: input 0 is ", inputs[0].shape(), " but input ", i, " is ",
           inputs[i].shape(), "; they need the same rows");
    cols += inputs[i].cols();
  }
  Var<T>* list = tape.template scratch<Var<T>>(count);
  std::uninitialized_copy(inputs.begin(), inputs.end(), list);
  Var<T> y = tape.result(inputs[0].shape().with_cols(cols), inputs);
  for (Index i = 0, at = 0; i < count; at += list[i++].cols()) y.out().middleCols(at, list[i].cols()) = list[i].value();
  y.pull([=] {
    for (Index i = 0, at = 0; i < count; at += list[i++].cols()) list[i].add(y.grad().middleCols(at, list[i].cols()));
  });
  return y;
}

}  // namespace wsym::inline WSYM_SIMD
