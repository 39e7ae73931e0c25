// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/ops/elementary.hpp"
#include "wsym/ops/elementwise.hpp"

/// Operators on Var: each is the op of that name, with its shapes and errors, and a number may stand on either side.
namespace wsym::inline WSYM_SIMD {

template <Real T> Var<T> operator+(Var<T> a, Var<T> b) {
  return add(a, b);
}
template <Real T> Var<T> operator-(Var<T> a, Var<T> b) {
  return subtract(a, b);
}
template <Real T> Var<T> operator*(Var<T> a, Var<T> b) {
  return multiply(a, b);
}
template <Real T> Var<T> operator/(Var<T> a, Var<T> b) {
  return divide(a, b);
}
template <Real T> Var<T> operator-(Var<T> x) {
  return negate(x);
}

template <Real T> Var<T> operator+(Var<T> x, std::type_identity_t<T> c) {
  return shift(x, c);
}
template <Real T> Var<T> operator+(std::type_identity_t<T> c, Var<T> x) {
  return shift(x, c);
}
template <Real T> Var<T> operator-(Var<T> x, std::type_identity_t<T> c) {
  return shift(x, -c);
}
template <Real T> Var<T> operator-(std::type_identity_t<T> c, Var<T> x) {
  return shift(negate(x), c);
}
template <Real T> Var<T> operator*(Var<T> x, std::type_identity_t<T> c) {
  return scale(x, c);
}
template <Real T> Var<T> operator*(std::type_identity_t<T> c, Var<T> x) {
  return scale(x, c);
}
template <Real T> Var<T> operator/(Var<T> x, std::type_identity_t<T> c) {
  return detail::entry_by_entry(x, [c](kernels::Vec<T> v, kernels::Vec<T>& y, kernels::Vec<T>& slope) {
    y = v / c;
    slope = kernels::broadcast(T(1) / c);
  });
}
template <Real T> Var<T> operator/(std::type_identity_t<T> c, Var<T> x) {
  return reciprocal(x, c);
}

}  // namespace wsym::inline WSYM_SIMD
