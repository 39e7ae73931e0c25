// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/ops/members/members.hpp"

namespace wsym::inline WSYM_SIMD {

/// One layer of M members that share its weight up to a rank-1 factor: y_m = ((x_m r_m) wᵀ) s_m + b_m, so that member
/// m's weight is w_ji s_mj r_mi, which is never built. x (M, ..., in), w (out, in), r (M, in), s and b (M, out)
/// -> (M, ..., out); differentiable in all five. Cost: the products of one layer on all members' rows, and two buffers
/// of x's and y's sizes. Throws ShapeError. Source: Wen et al. 2020, equation 3; Allingham et al. 2022, section on
/// efficient ensembles (there the weight is (in, out)).
template <Real T> Var<T> batch_ensemble_linear(Var<T> x, Var<T> w, Var<T> r, Var<T> s, Var<T> b) {
  const Index members = r.rows();
  expect(w.shape().rank() == 2 && x.cols() == w.cols(), "batch_ensemble_linear: x is ", x.shape(),
         " but the weight is ", w.shape(), "; it needs (out, ", x.cols(), ")");
  const Shape in{members, w.cols()}, out{members, w.rows()};
  expect(r.shape() == in && s.shape() == out && b.shape() == out, "batch_ensemble_linear: the weight is ", w.shape(),
         " but r, s and b are ", r.shape(), ", ", s.shape(), " and ", b.shape(), "; they need ", in, ", ", out, " and ",
         out);
  detail::expect_members("batch_ensemble_linear", x, members);
  Tape<T>& tape = x.tape();
  const auto buffer = [&tape, rows = x.rows()](Index cols) {
    return kernels::View<T>{tape.scratch(rows * cols), rows, cols, cols};
  };
  const kernels::View<T> scaled = buffer(w.cols()), product = buffer(w.rows());  // x r, and (x r) wᵀ
  detail::scale_members<T>(x.view(), r, scaled);
  tape.product(product, scaled, w.view().transposed());
  Var<T> y = tape.result(x.shape().with_cols(w.rows()), x, w, r, s, b);
  for (Index m = 0; m < members; ++m)
    kernels::affine_columns<T>(detail::member_rows(product, m, members), s.data() + m * w.rows(),
                               b.data() + m * w.rows(), detail::member_rows(y.out_view(), m, members));
  y.pull([=] {
    const kernels::View<const T> g = y.grad_view();
    b.add_with([&](MatMap<T> db, bool accumulate) {
      for (Index m = 0; m < members; ++m)
        kernels::column_sums<T>(detail::member_rows(g, m, members), db.data() + m * g.cols, accumulate);
    });
    detail::pull_scale<T>(g, product, s);
    detail::scale_members<T>(g, s, product);  // from here on the gradient of (x r) wᵀ
    const kernels::View<const T> dz = product;
    w.add_product(dz.transposed(), scaled);
    if (!x.takes_gradient() && !r.takes_gradient()) return;
    y.tape().product(scaled, dz, w.view());  // from here on the gradient of x r
    detail::pull_scale<T>(scaled, x.view(), r);
    x.add_with(
        [&](MatMap<T> dx, bool accumulate) { detail::scale_members<T>(scaled, r, kernels::view<T>(dx), accumulate); });
  });
  return y;
}

}  // namespace wsym::inline WSYM_SIMD
