// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/kernels/rows.hpp"
#include "wsym/ops/experts/grouped.hpp"

namespace wsym::inline WSYM_SIMD {

/// One layer whose weights are interpolated anew for each row: z_n = (sum_e alpha_ne W_e) h_n + sum_e alpha_ne b_e,
/// computed by the identity z_n = sum_e alpha_ne (W_e h_n + b_e), so that no weight matrix of a row is ever built.
/// alpha (..., E), h (..., in), W_e (out, in), b_e (out) -> (..., out); differentiable in all of them:
/// dW_e = sum_n alpha_ne g_n h_nᵀ, db_e = sum_n alpha_ne g_n, dh_n = sum_e alpha_ne W_eᵀ g_n and
/// dalpha_ne = <g_n, W_e h_n + b_e>. Cost: E products, as for a mixture; two buffers of one expert's size.
/// Throws ShapeError. Source: Chernov and Novitskij 2025, mixture of interpolated experts; the identity is that of
/// conditionally parameterised layers (Yang et al. 2019) and of soft merging (Muqeeth et al. 2023).
template <Real T> Var<T> interpolated_linear(Var<T> alpha, Var<T> h, const ExpertLayer<T>& layer) {
  detail::expect_experts("interpolated_linear", layer);
  Tape<T>& tape = h.tape();
  tape.expect_own(alpha);
  const ExpertLayer<T> each = detail::keep(tape, layer);
  const Index rows = h.rows(), in = each.in(), out = each.out(), experts = each.experts();
  expect(h.cols() == in && alpha.rows() == rows && alpha.cols() == experts, "interpolated_linear: h is ", h.shape(),
         " and alpha ", alpha.shape(), " for ", experts, " experts with weights ", each.weight(0).shape(), "; h needs ",
         in, " columns, alpha ", experts, ", and both the same rows");
  Var<T> z =
      tape.result_if(alpha.takes_gradient() || h.takes_gradient() || each.takes_gradient(), h.shape().with_cols(out));
  const kernels::View<T> part{tape.scratch(rows * out), rows, out, out};
  for (Index e = 0; e < experts; ++e) {
    tape.affine(part, h.view(), each.weight(e).view().transposed(), each.bias(e).data());
    kernels::scale_rows<T>(part, alpha.data() + e, experts, z.out_view(), e > 0);
  }
  z.pull([=] {
    Tape<T>& again = z.tape();
    const kernels::View<const T> g = z.grad_view(), scaled = part;        // scaled: alpha_e g
    const kernels::View<T> back{again.scratch(rows * in), rows, in, in};  // g W_e: dh without its weight
    alpha.add_with([](MatMap<T> d, bool accumulate) {
      if (!accumulate) d.setZero();
    });
    for (Index e = 0; e < experts; ++e) {
      kernels::scale_rows<T>(g, alpha.data() + e, experts, part, false);
      each.weight(e).add_product(scaled.transposed(), h.view());
      detail::pull_bias<T>(scaled, each.bias(e));
      if (!alpha.takes_gradient() && !h.takes_gradient()) continue;
      again.product(back, g, each.weight(e).view());
      h.add_with([&](MatMap<T> d, bool accumulate) {
        kernels::scale_rows<T>(back, alpha.data() + e, experts, kernels::view<T>(d), accumulate);
      });
      alpha.add_with([&](MatMap<T> d, bool) {  // <g, W_e h + b_e> = <W_eᵀ g, h> + <g, b_e>
        kernels::row_dots<T>(back, h.view(), d.data() + e, experts, true);
        again.product({d.data() + e, rows, 1, experts}, g, {each.bias(e).data(), out, 1, 1}, true);
      });
    }
  });
  return z;
}

}  // namespace wsym::inline WSYM_SIMD
