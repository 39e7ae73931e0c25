// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/autodiff/tape.hpp"
#include "wsym/kernels/softmax.hpp"

namespace wsym::inline WSYM_SIMD {

namespace detail {
/// dx = p (g - <g, p>), or dx + that, for a row p of a softmax.
template <Real T, class P, class G, class X> void pull_softmax_row(const P& p, const G& g, X dx, bool accumulate) {
  const T along = p.dot(g);
  if (!accumulate) dx.setZero();
  dx.array() += p.array() * (g.array() - along);
}
}  // namespace detail

/// y = softmax(x) over the last axis: y_j = exp(x_j) / sum_i exp(x_i).
/// x (..., n) -> (..., n), probabilities; differentiable: dx = y (g - <g, y>).
template <Real T> Var<T> softmax(Var<T> x) {
  Var<T> y = x.tape().result(x.shape(), x);
  kernels::softmax_rows<T>(x.view(), y.out_view());
  y.pull([=] {
    x.add_with([&](MatMap<T> dx, bool accumulate) {
      for (Index row = 0; row < x.rows(); ++row)
        detail::pull_softmax_row<T>(y.value().row(row), y.grad().row(row), dx.row(row), accumulate);
    });
  });
  return y;
}

}  // namespace wsym::inline WSYM_SIMD
