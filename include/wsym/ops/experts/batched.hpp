// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/ops/experts/grouped.hpp"

namespace wsym::inline WSYM_SIMD {

/// One layer of all experts, each on rows of its own: y_p = f(x_p w_eᵀ + b_e) for the rows first[e] .. first[e + 1] - 1
/// of expert e, f the exact GELU or nothing; rows from first[E] on are not computed, and 0.
/// x (rows, in) -> (rows, out); differentiable in x, all w_e (out, in) and all b_e (out). `first` (E + 1) ascends from
/// 0 and lives until backward. Value and gradients have the bits of linear or linear_gelu of each expert on its rows
/// alone; the gradient of an expert without rows is 0. Throws ShapeError.
template <Real T>
Var<T> batched_linear(Var<T> x, const std::int32_t* first, const ExpertLayer<T>& layer, bool with_gelu) {
  detail::expect_experts("batched_linear", layer);
  Tape<T>& tape = x.tape();
  const ExpertLayer<T> each = detail::keep(tape, layer);
  const Index in = each.in(), out = each.out(), experts = each.experts(), rows = first[experts];
  expect(x.cols() == in && x.rows() >= rows, "batched_linear: x is ", x.shape(), " for ", rows, " rows and weights ",
         each.weight(0).shape(), "; x needs ", in, " columns and as many rows");
  Var<T> y = tape.result_if(x.takes_gradient() || each.takes_gradient(), Shape{x.rows(), out});
  T* slope = with_gelu && y.takes_gradient() ? tape.scratch(y.size()) : nullptr;  // gelu'(z), then dz
  const auto batch = [=](auto* data, Index cols, Index e) {
    return kernels::View<std::remove_pointer_t<decltype(data)>>{data + first[e] * cols, first[e + 1] - first[e], cols,
                                                                cols};
  };
  for (Index e = 0; e < experts; ++e) {
    const kernels::View<T> to = batch(y.out().data(), out, e);
    const kernels::View<const T> from = batch(x.data(), in, e), w = each.weight(e).view().transposed();
    if (with_gelu)
      tape.affine_gelu(to, slope ? batch(slope, out, e) : kernels::View<T>{}, from, w, each.bias(e).data());
    else
      tape.affine(to, from, w, each.bias(e).data());
  }
  y.out().bottomRows(y.rows() - rows).setZero();
  y.pull([=] {
    if (slope) MatMap<T>(slope, rows, out).array() *= y.grad().topRows(rows).array();
    const T* dz = slope ? slope : y.grad().data();
    for (Index e = 0; e < experts; ++e) {
      const kernels::View<const T> g = batch(dz, out, e);
      each.weight(e).add_product(g.transposed(), batch(x.data(), in, e));
      detail::pull_bias<T>(g, each.bias(e));
    }
    x.add_with([&](MatMap<T> d, bool accumulate) {
      for (Index e = 0; e < experts; ++e)
        x.tape().product(batch(d.data(), in, e), batch(dz, out, e), each.weight(e).view(), accumulate);
      if (!accumulate) d.bottomRows(d.rows() - rows).setZero();
    });
  });
  return y;
}

}  // namespace wsym::inline WSYM_SIMD
