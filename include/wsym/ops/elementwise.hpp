// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/autodiff/tape.hpp"
#include "wsym/kernels/reduce.hpp"

namespace wsym::inline WSYM_SIMD {

namespace detail {
template <Real T> void expect_equal_shapes(const char* op, Var<T> a, Var<T> b) {
  expect(a.shape() == b.shape(), op, ": a is ", a.shape(), " but b is ", b.shape(), "; they must be equal");
}
}  // namespace detail

/// a + b, entry by entry; equal shapes, differentiable in both. Throws ShapeError.
template <Real T> Var<T> add(Var<T> a, Var<T> b) {
  detail::expect_equal_shapes("add", a, b);
  Var<T> y = a.tape().result(a.shape(), a, b);
  y.out() = a.value() + b.value();
  y.pull([=] {
    a.add(y.grad());
    b.add(y.grad());
  });
  return y;
}

/// a b, entry by entry; equal shapes, differentiable in both. Throws ShapeError.
template <Real T> Var<T> multiply(Var<T> a, Var<T> b) {
  detail::expect_equal_shapes("multiply", a, b);
  Var<T> y = a.tape().result(a.shape(), a, b);
  y.out() = a.value().cwiseProduct(b.value());
  y.pull([=] {
    a.add(y.grad().cwiseProduct(b.value()));
    b.add(y.grad().cwiseProduct(a.value()));
  });
  return y;
}

/// c x for a number c; differentiable in x.
template <Real T> Var<T> scale(Var<T> x, T c) {
  Var<T> y = x.tape().result(x.shape(), x);
  y.out() = c * x.value();
  y.pull([=] { x.add(c * y.grad()); });
  return y;
}

/// The sum of all entries: (...) -> (1); differentiable.
template <Real T> Var<T> sum(Var<T> x) {
  Var<T> y = x.tape().result(Shape{1}, x);
  *y.out().data() = kernels::sum(x.data(), x.size());
  y.pull([=] { x.add(MatMap<T>::PlainObject::Constant(x.rows(), x.cols(), y.grad()(0, 0))); });
  return y;
}

}  // namespace wsym::inline WSYM_SIMD
