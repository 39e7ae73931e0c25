// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/autodiff/tape.hpp"
#include "wsym/kernels/rows.hpp"

namespace wsym {

/// A weighted sum of the experts' outputs, row by row: y_n = sum_e alpha_ne f_ne.
/// alpha (..., E), f (..., E out) with a block of columns for each expert -> (..., out); differentiable in both:
/// df_ne = alpha_ne g_n, dalpha_ne = <g_n, f_ne>. Throws ShapeError.
/// Source: Chernov and Novitskij 2025, mixture of experts (outputs or logits are mixed, not probabilities).
template <Real T> Var<T> mix(Var<T> alpha, Var<T> f) {
  const Index experts = alpha.cols(), rows = alpha.rows(), out = experts > 0 ? f.cols() / experts : 0;
  expect(experts > 0 && f.rows() == rows && f.cols() == experts * out && out > 0, "mix: alpha is ", alpha.shape(),
         " but the outputs are ", f.shape(), "; they need ", rows, " rows and a multiple of ", experts, " columns");
  Var<T> y = alpha.tape().result(alpha.shape().with_cols(out), alpha, f);
  const auto expert = [=](Index e) {
    return f.view().block(0, e * out, rows, out);
  };
  for (Index e = 0; e < experts; ++e) kernels::scale_rows<T>(expert(e), alpha.data() + e, experts, y.out_view(), e > 0);
  y.pull([=] {
    alpha.add_with([&](MatMap<T> d, bool accumulate) {
      for (Index e = 0; e < experts; ++e)
        kernels::row_dots<T>(y.grad_view(), expert(e), d.data() + e, experts, accumulate);
    });
    f.add_with([&](MatMap<T> d, bool accumulate) {
      for (Index e = 0; e < experts; ++e)
        kernels::scale_rows<T>(y.grad_view(), alpha.data() + e, experts,
                               kernels::view<T>(d).block(0, e * out, rows, out), accumulate);
    });
  });
  return y;
}

}  // namespace wsym
