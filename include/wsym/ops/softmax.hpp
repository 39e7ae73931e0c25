// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/autodiff/tape.hpp"
#include "wsym/kernels/softmax.hpp"

namespace wsym {

/// y = softmax(x) over the last axis: y_j = exp(x_j) / sum_i exp(x_i).
/// x (..., n) -> (..., n), probabilities; differentiable: dx = y (g - <g, y>).
template <Real T> Var<T> softmax(Var<T> x) {
  Var<T> y = x.tape().result(x.shape(), x);
  kernels::softmax_rows<T>(x.view(), y.out_view());
  y.pull([=] {
    x.add_with([&](MatMap<T> dx, bool accumulate) {
      for (Index row = 0; row < x.rows(); ++row) {
        const auto p = y.value().row(row), g = y.grad().row(row);
        const T along = p.dot(g);
        if (!accumulate) dx.row(row).setZero();
        dx.row(row).array() += p.array() * (g.array() - along);
      }
    });
  });
  return y;
}

}  // namespace wsym
