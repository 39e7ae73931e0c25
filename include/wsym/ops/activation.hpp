// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/autodiff/tape.hpp"
#include "wsym/kernels/activation.hpp"

namespace wsym::inline WSYM_SIMD {

/// y = x Phi(x), Phi the standard normal distribution function: the exact form, not the tanh one.
/// x (...) -> (...); differentiable. gelu' = Phi(x) + x phi(x) is computed with the value and kept.
/// float: error of value and derivative <= 2e-7 max(1, |x|); double: as good as std::erf.
/// Source: Hendrycks and Gimpel 2016, section 2.
template <Real T> Var<T> gelu(Var<T> x) {
  Var<T> y = x.tape().result(x.shape(), x);
  T* slope = y.takes_gradient() ? x.tape().scratch(x.size()) : nullptr;
  kernels::gelu(x.data(), y.out().data(), slope, x.size());
  y.pull([=] { x.add(y.grad().cwiseProduct(ConstMatMap<T>(slope, x.rows(), x.cols()))); });
  return y;
}

/// y = max(x, 0); the derivative at 0 is 0. NaN stays NaN.
/// x (...) -> (...); differentiable.
template <Real T> Var<T> relu(Var<T> x) {
  Var<T> y = x.tape().result(x.shape(), x);
  kernels::relu(x.data(), y.out().data(), x.size());
  y.pull([=] { x.add((x.value().array() > T(0)).select(y.grad().array(), T(0)).matrix()); });
  return y;
}

}  // namespace wsym::inline WSYM_SIMD
