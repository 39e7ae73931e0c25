// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/autodiff/tape.hpp"
#include "wsym/kernels/activation.hpp"
#include "wsym/ops/elementary.hpp"

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

/// y = tanh(x), to about three units in the last place, also near 0. x (...) -> (...); differentiable.
template <Real T> Var<T> tanh(Var<T> x) {
  return detail::entry_by_entry(
      x, [](kernels::Vec<T> v, kernels::Vec<T>& y, kernels::Vec<T>& slope) { kernels::tanh_at<T>(v, y, slope); });
}

/// y = 1 / (1 + exp(-x)), to about two units in the last place on both sides. x (...) -> (...); differentiable.
template <Real T> Var<T> sigmoid(Var<T> x) {
  return detail::entry_by_entry(
      x, [](kernels::Vec<T> v, kernels::Vec<T>& y, kernels::Vec<T>& slope) { kernels::sigmoid_at<T>(v, y, slope); });
}

/// y = ln(1 + exp(x)), to about three units in the last place on both sides. x (...) -> (...); differentiable.
template <Real T> Var<T> softplus(Var<T> x) {
  return detail::entry_by_entry(
      x, [](kernels::Vec<T> v, kernels::Vec<T>& y, kernels::Vec<T>& slope) { kernels::softplus_at<T>(v, y, slope); });
}

/// y = x / (1 + exp(-x)), also called swish. x (...) -> (...); differentiable.
/// Source: Hendrycks and Gimpel 2016; Elfwing, Uchibe, Doya 2018.
template <Real T> Var<T> silu(Var<T> x) {
  return detail::entry_by_entry(
      x, [](kernels::Vec<T> v, kernels::Vec<T>& y, kernels::Vec<T>& slope) { kernels::silu_at<T>(v, y, slope); });
}

/// y = x tanh(softplus(x)). x (...) -> (...); differentiable. Source: Misra 2019.
template <Real T> Var<T> mish(Var<T> x) {
  return detail::entry_by_entry(
      x, [](kernels::Vec<T> v, kernels::Vec<T>& y, kernels::Vec<T>& slope) { kernels::mish_at<T>(v, y, slope); });
}

/// y = scale x above 0, scale alpha (exp(x) - 1) below, scale 1.0507..., alpha 1.6732.... x (...) -> (...);
/// differentiable. Source: Klambauer et al. 2017.
template <Real T> Var<T> selu(Var<T> x) {
  return detail::entry_by_entry(
      x, [](kernels::Vec<T> v, kernels::Vec<T>& y, kernels::Vec<T>& slope) { kernels::selu_at<T>(v, y, slope); });
}

}  // namespace wsym::inline WSYM_SIMD
