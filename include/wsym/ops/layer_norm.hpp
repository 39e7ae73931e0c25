// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/autodiff/tape.hpp"
#include "wsym/kernels/norm.hpp"

namespace wsym::inline WSYM_SIMD {

/// y_ij = scale_j (x_ij - mean_i) / sqrt(variance_i + epsilon) + bias_j: every row standardised by its own mean and
/// population variance. x (..., d), scale and bias (d) -> (..., d); differentiable in all three. Throws ShapeError.
/// Source: Ba, Kiros and Hinton 2016; epsilon 1e-6 as in the vision transformer.
template <Real T> Var<T> layer_norm(Var<T> x, Var<T> scale, Var<T> bias, double epsilon = 1e-6) {
  const Index rows = x.rows(), d = x.cols();
  expect(d >= 1 && scale.size() == d && bias.size() == d, "layer_norm: x is ", x.shape(), " but scale is ",
         scale.shape(), " and bias ", bias.shape(), "; they need one entry for each of at least one column");
  Tape<T>& tape = x.tape();
  T *mean = tape.scratch(rows), *inverse = tape.scratch(rows);
  Var<T> y = tape.result(x.shape(), x, scale, bias);
  kernels::layer_norm_rows<T>(x.view(), scale.data(), bias.data(), static_cast<T>(epsilon), y.out_view(), mean,
                              inverse);
  y.pull([=] {
    x.add_with([&](MatMap<T> dx, bool accumulate) {
      kernels::layer_norm_rows_back<T>(y.grad_view(), x.view(), scale.data(), mean, inverse, kernels::view<T>(dx),
                                       accumulate);
    });
    scale.add_with([&](MatMap<T> dscale, bool accumulate) {
      MatMap<T> slopes(y.tape().scratch(x.size()), rows, d);  // g (x - mean) / sqrt(variance + epsilon)
      for (Index i = 0; i < rows; ++i)
        slopes.row(i).array() = (x.value().row(i).array() - mean[i]) * inverse[i] * y.grad().row(i).array();
      kernels::column_sums<T>(kernels::view<T>(slopes), dscale.data(), accumulate);
    });
    bias.add_with(
        [&](MatMap<T> dbias, bool accumulate) { kernels::column_sums<T>(y.grad_view(), dbias.data(), accumulate); });
  });
  return y;
}

}  // namespace wsym::inline WSYM_SIMD
