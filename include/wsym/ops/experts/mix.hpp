// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/autodiff/tape.hpp"
#include "wsym/kernels/rows.hpp"

namespace wsym::inline WSYM_SIMD {

/// A weighted sum of the experts' outputs, row by row: y_n = sum_e alpha_ne f_ne.
/// alpha (..., E), f (..., E out) with a block of columns for each expert -> (..., out); differentiable in both:
/// df_ne = alpha_ne g_n, dalpha_ne = <g_n, f_ne>. Throws ShapeError.
/// Source: Chernov and Novitskij 2025, mixture of experts (outputs or logits are mixed, not probabilities).
template <Real T> Var<T> mix(Var<T> alpha, Var<T> f) {
  const Index experts = alpha.cols(), rows = alpha.rows(), out = experts > 0 ? f.cols() / experts : 0;
  expect(experts > 0 && f.rows() == rows && f.cols() == experts * out && out > 0, "mix: alpha is ", alpha.shape(),
         " but the outputs are ", f.shape(), "; they need ", rows, " rows and a multiple of ", experts, " columns");
  Var<T> y = alpha.tape().result(alpha.shape().with_cols(out), alpha, f);
  const auto row = [=]<class U>(U* outputs, Index n) {  // row n, an expert in each line
    return kernels::View<U>{outputs + n * experts * out, experts, out, out};
  };
  for (Index n = 0; n < rows; ++n)
    kernels::weighted_sum<T>(row(f.data(), n), alpha.data() + n * experts, y.out().data() + n * out);
  y.pull([=] {
    const auto g = [=](Index n) {  // row n of the gradient, the same in every line
      return kernels::View<const T>{y.grad().data() + n * out, experts, out, 0};
    };
    alpha.add_with([&](MatMap<T> d, bool accumulate) {
      for (Index n = 0; n < rows; ++n)
        kernels::row_dots<T>(g(n), row(f.data(), n), d.data() + n * experts, 1, accumulate);
    });
    f.add_with([&](MatMap<T> d, bool accumulate) {
      for (Index n = 0; n < rows; ++n)
        kernels::scale_rows<T>(g(n), alpha.data() + n * experts, 1, row(d.data(), n), accumulate);
    });
  });
  return y;
}

}  // namespace wsym::inline WSYM_SIMD
