// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/autodiff/tape.hpp"
#include "wsym/kernels/unary.hpp"

namespace wsym::inline WSYM_SIMD {

namespace detail {
/// y = f(x) entry by entry, x (...) -> (...); f sets value and derivative, see kernels/unary.hpp. The derivative is
/// kept for the pullback.
template <Real T, class F> Var<T> entry_by_entry(Var<T> x, const F& f) {
  Var<T> y = x.tape().result(x.shape(), x);
  T* slope = y.takes_gradient() ? x.tape().scratch(x.size()) : nullptr;
  kernels::map(x.data(), y.out().data(), slope, x.size(), f);
  y.pull([=] { x.add(y.grad().cwiseProduct(ConstMatMap<T>(slope, x.rows(), x.cols()))); });
  return y;
}
}  // namespace detail

/// y = -x. x (...) -> (...); differentiable.
template <Real T> Var<T> negate(Var<T> x) {
  return detail::entry_by_entry(x, [](kernels::Vec<T> v, kernels::Vec<T>& y, kernels::Vec<T>& slope) {
    y = -v;
    slope = kernels::broadcast(T(-1));
  });
}

/// y = exp(x), to about one unit in the last place. x (...) -> (...); differentiable.
template <Real T> Var<T> exp(Var<T> x) {
  return detail::entry_by_entry(
      x, [](kernels::Vec<T> v, kernels::Vec<T>& y, kernels::Vec<T>& slope) { y = slope = kernels::exp<T>(v); });
}

/// y = ln(x), to about one unit in the last place: -infinity at 0, NaN below. x (...) -> (...); differentiable.
template <Real T> Var<T> log(Var<T> x) {
  return detail::entry_by_entry(x, [](kernels::Vec<T> v, kernels::Vec<T>& y, kernels::Vec<T>& slope) {
    y = kernels::log_of_any<T>(v);
    slope = T(1) / v;
  });
}

/// y = sqrt(x), correctly rounded: NaN below 0; the derivative at 0 is infinite. x (...) -> (...); differentiable.
template <Real T> Var<T> sqrt(Var<T> x) {
  return detail::entry_by_entry(x, [](kernels::Vec<T> v, kernels::Vec<T>& y, kernels::Vec<T>& slope) {
    y = kernels::square_root<T>(v);
    slope = T(0.5) / y;
  });
}

/// y = |x|; the derivative at 0 is 0. x (...) -> (...); differentiable.
template <Real T> Var<T> abs(Var<T> x) {
  return detail::entry_by_entry(x, [](kernels::Vec<T> v, kernels::Vec<T>& y, kernels::Vec<T>& slope) {
    y = kernels::absolute<T>(v);
    const kernels::Vec<T> sign = kernels::with_sign_of<T>(kernels::broadcast(T(1)), v);
    slope = v == v ? (v == T(0) ? kernels::Vec<T>{} : sign) : v;
  });
}

/// y = x^p for a number p. x (...) -> (...); differentiable in x.
///
/// A whole p from -64 to 64 takes any x, by repeated squaring; its error is at most 2 |p| units in the last place. Any
/// other p gives exp(p ln(x)), whose error is 2 + |p ln(x)| units, and NaN for x below 0; p = 1/2 is sqrt(x).
template <Real T> Var<T> pow(Var<T> x, double p) {
  if (p == 0.5) return sqrt(x);
  if (p == std::floor(p) && std::abs(p) <= 64)
    return detail::entry_by_entry(
        x, [n = static_cast<int>(p)](kernels::Vec<T> v, kernels::Vec<T>& y, kernels::Vec<T>& slope) {
          y = kernels::whole_power<T>(v, n);
          slope = n == 0 ? kernels::Vec<T>{} : static_cast<T>(n) * kernels::whole_power<T>(v, n - 1);
        });
  return detail::entry_by_entry(x,
                                [c = static_cast<T>(p)](kernels::Vec<T> v, kernels::Vec<T>& y, kernels::Vec<T>& slope) {
                                  const kernels::Vec<T> logarithm = kernels::log_of_any<T>(v);
                                  y = kernels::exp<T>(c * logarithm);
                                  slope = c * kernels::exp<T>((c - T(1)) * logarithm);
                                });
}

/// y = x + c for a number c. x (...) -> (...); differentiable in x.
template <Real T> Var<T> shift(Var<T> x, std::type_identity_t<T> c) {
  return detail::entry_by_entry(x, [c](kernels::Vec<T> v, kernels::Vec<T>& y, kernels::Vec<T>& slope) {
    y = v + c;
    slope = kernels::broadcast(T(1));
  });
}

/// y = c / x for a number c. x (...) -> (...); differentiable in x.
template <Real T> Var<T> reciprocal(Var<T> x, std::type_identity_t<T> c = 1) {
  return detail::entry_by_entry(x, [c](kernels::Vec<T> v, kernels::Vec<T>& y, kernels::Vec<T>& slope) {
    y = c / v;
    slope = -y / v;
  });
}

/// y = min(max(x, low), high). The gradient passes where low <= x <= high, as in PyTorch; NaN stays NaN.
/// x (...) -> (...); differentiable in x. Throws ConfigError unless low <= high.
template <Real T> Var<T> clamp(Var<T> x, std::type_identity_t<T> low, std::type_identity_t<T> high) {
  expect<ConfigError>(low <= high, "clamp: from ", low, " to ", high, "; the first must not be above the second");
  return detail::entry_by_entry(x, [=](kernels::Vec<T> v, kernels::Vec<T>& y, kernels::Vec<T>& slope) {
    y = v < low ? kernels::broadcast(low) : (v > high ? kernels::broadcast(high) : v);
    slope = y == v ? kernels::broadcast(T(1)) : kernels::Vec<T>{};
  });
}

/// The value of x, without a gradient. x (...) -> (...). Costs nothing: it reads x's memory.
template <Real T> Var<T> stop_gradient(Var<T> x) {
  return x.tape().constant(x.shape(), x.data());
}

}  // namespace wsym::inline WSYM_SIMD
