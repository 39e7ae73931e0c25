// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/autodiff/tape.hpp"
#include "wsym/kernels/reduce.hpp"

namespace wsym::inline WSYM_SIMD {

namespace detail {
template <Real T> void expect_linear(const char* op, Var<T> x, Var<T> w, Var<T> b) {
  expect(w.shape().rank() == 2, op, ": weight has shape ", w.shape(), "; it needs rank 2, (out, in)");
  expect(x.cols() == w.cols(), op, ": x is ", x.shape(), " but weight is ", w.shape(), "; x needs ", w.cols(),
         " columns");
  expect(b.size() == w.rows(), op, ": weight is ", w.shape(), " but bias is ", b.shape(), "; it needs ", w.rows(),
         " entries");
}

/// What the gradient dz of z = x wᵀ + b contributes to x and w: dx = dz w, dw = dzᵀ x.
template <Real T> void pull_product(kernels::View<const T> dz, Var<T> x, Var<T> w) {
  x.add_product(dz, w.view());
  w.add_product(dz.transposed(), x.view());
}

/// And to b: db = the column sums of dz.
template <Real T> void pull_bias(kernels::View<const T> dz, Var<T> b) {
  b.add_with([&](MatMap<T> db, bool accumulate) { kernels::column_sums(dz, db.data(), accumulate); });
}

/// Turns gelu'(z) into dz = gelu'(z) dh where it lies, and does pull_bias in the same pass. Both (rows, out) without
/// gaps.
template <Real T> void pull_gelu(kernels::View<T> slope, const T* dh, Var<T> b) {
  if (b.takes_gradient())
    b.add_with([&](MatMap<T> db, bool accumulate) {
      kernels::scale_and_sum_columns(slope, {dh, slope.rows, slope.cols, slope.cols}, db.data(), accumulate);
    });
  else
    ArrayMap<T>(slope.data, slope.rows * slope.cols) *= ConstArrayMap<T>(dh, slope.rows * slope.cols);
}
}  // namespace detail

/// y = x wᵀ + b.
/// x (..., in), w (out, in), b (out) -> (..., out); differentiable in all three. Throws ShapeError.
template <Real T> Var<T> linear(Var<T> x, Var<T> w, Var<T> b) {
  detail::expect_linear("linear", x, w, b);
  Var<T> y = x.tape().result(x.shape().with_cols(w.rows()), x, w, b);
  x.tape().affine(y.out_view(), x.view(), w.view().transposed(), b.data());
  y.pull([=] {
    detail::pull_product(y.grad_view(), x, w);
    detail::pull_bias(y.grad_view(), b);
  });
  return y;
}

/// y = gelu(x wᵀ + b) in one pass over the output: the same bits as gelu(linear(x, w, b)), with gelu' kept for
/// backward. x (..., in), w (out, in), b (out) -> (..., out); differentiable in all three. Throws ShapeError.
template <Real T> Var<T> linear_gelu(Var<T> x, Var<T> w, Var<T> b) {
  detail::expect_linear("linear_gelu", x, w, b);
  Var<T> y = x.tape().result(x.shape().with_cols(w.rows()), x, w, b);
  T* slope = y.takes_gradient() ? x.tape().scratch(y.size()) : nullptr;  // gelu'(z), then dz: (rows, out)
  x.tape().affine_gelu(y.out_view(), {slope, y.rows(), y.cols(), y.cols()}, x.view(), w.view().transposed(), b.data());
  y.pull([=] {
    const kernels::View<T> dz{slope, y.rows(), y.cols(), y.cols()};
    detail::pull_gelu(dz, y.grad().data(), b);
    detail::pull_product<T>(dz, x, w);
  });
  return y;
}

}  // namespace wsym::inline WSYM_SIMD
