// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/autodiff/tape.hpp"
#include "wsym/kernels/gelu_tanh.hpp"

namespace wsym::inline WSYM_SIMD {

/// y = x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2, the approximation of GELU that vision transformers use; at
/// most 5e-4 from the exact form. x (...) -> (...); differentiable. Source: Hendrycks and Gimpel 2016, section 2.
template <Real T> Var<T> gelu_tanh(Var<T> x) {
  Var<T> y = x.tape().result(x.shape(), x);
  T* slope = y.takes_gradient() ? x.tape().scratch(x.size()) : nullptr;
  kernels::gelu_tanh(x.data(), y.out().data(), slope, x.size());
  y.pull([=] { x.add(y.grad().cwiseProduct(ConstMatMap<T>(slope, x.rows(), x.cols()))); });
  return y;
}

}  // namespace wsym::inline WSYM_SIMD
