// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/autodiff/tape.hpp"
#include "wsym/kernels/reduce.hpp"
#include "wsym/ops/broadcast.hpp"

namespace wsym::inline WSYM_SIMD {

namespace detail {
template <Real T> void expect_equal_shapes(const char* op, Var<T> a, Var<T> b) {
  expect(a.shape() == b.shape(), op, ": a is ", a.shape(), " but b is ", b.shape(), "; they must be equal");
}
}  // namespace detail

/// a + b, entry by entry; differentiable in both.
///
/// Shapes: equal; or one operand is a row (d) or (1, d) for all rows of the other, a column (n, 1) for all its columns,
/// or one entry. Rows are all leading axes. Throws ShapeError for other shapes. The same holds of subtract, multiply,
/// divide, maximum and minimum.
template <Real T> Var<T> add(Var<T> a, Var<T> b) {
  if (a.shape() != b.shape()) {
    const auto one = [](kernels::Vec<T>, kernels::Vec<T>) {
      return kernels::broadcast(T(1));
    };
    return detail::binary(
        "add", a, b, [](kernels::Vec<T> u, kernels::Vec<T> v) { return u + v; }, one, one);
  }
  Var<T> y = a.tape().result(a.shape(), a, b);
  y.out() = a.value() + b.value();
  y.pull([=] {
    a.add(y.grad());
    b.add(y.grad());
  });
  return y;
}

/// a - b, entry by entry; differentiable in both. Shapes as add.
template <Real T> Var<T> subtract(Var<T> a, Var<T> b) {
  using V = kernels::Vec<T>;
  return detail::binary(
      "subtract", a, b, [](V u, V v) { return u - v; }, [](V, V) { return kernels::broadcast(T(1)); },
      [](V, V) { return kernels::broadcast(T(-1)); });
}

/// a b, entry by entry; differentiable in both. Shapes as add.
template <Real T> Var<T> multiply(Var<T> a, Var<T> b) {
  using V = kernels::Vec<T>;
  if (a.shape() != b.shape())
    return detail::binary(
        "multiply", a, b, [](V u, V v) { return u * v; }, [](V, V v) { return v; }, [](V u, V) { return u; });
  Var<T> y = a.tape().result(a.shape(), a, b);
  y.out() = a.value().cwiseProduct(b.value());
  y.pull([=] {
    a.add(y.grad().cwiseProduct(b.value()));
    b.add(y.grad().cwiseProduct(a.value()));
  });
  return y;
}

/// a / b, entry by entry; differentiable in both. Shapes as add.
template <Real T> Var<T> divide(Var<T> a, Var<T> b) {
  using V = kernels::Vec<T>;
  return detail::binary(
      "divide", a, b, [](V u, V v) { return u / v; }, [](V, V v) { return T(1) / v; },
      [](V u, V v) { return -u / (v * v); });
}

/// The larger of a and b, entry by entry; NaN where one of them is. Where both are equal each gets half the gradient,
/// as in PyTorch. Differentiable in both. Shapes as add.
template <Real T> Var<T> maximum(Var<T> a, Var<T> b) {
  using V = kernels::Vec<T>;
  const auto share = [](V u, V v) {
    return u > v ? kernels::broadcast(T(1)) : (u == v ? kernels::broadcast(T(0.5)) : V{});
  };
  return detail::binary(
      "maximum", a, b, [](V u, V v) { return ((u > v) | (u != u)) ? u : v; }, share,
      [share](V u, V v) { return share(v, u); });
}

/// The smaller of a and b, entry by entry; otherwise as maximum.
template <Real T> Var<T> minimum(Var<T> a, Var<T> b) {
  using V = kernels::Vec<T>;
  const auto share = [](V u, V v) {
    return u < v ? kernels::broadcast(T(1)) : (u == v ? kernels::broadcast(T(0.5)) : V{});
  };
  return detail::binary(
      "minimum", a, b, [](V u, V v) { return ((u < v) | (u != u)) ? u : v; }, share,
      [share](V u, V v) { return share(v, u); });
}

/// a where c is not 0, b where it is, entry by entry; all shapes are equal. Differentiable in a and b; what is not
/// chosen gets a gradient of 0, whatever it is. Throws ShapeError.
template <Real T> Var<T> where(Var<T> c, Var<T> a, Var<T> b) {
  detail::expect_equal_shapes("where", a, b);
  expect(c.shape() == a.shape(), "where: the condition is ", c.shape(), " but a and b are ", a.shape(),
         "; they must be equal");
  Var<T> y = a.tape().result(a.shape(), a, b);
  a.tape().expect_own(c);
  y.out() = (c.value().array() != T(0)).select(a.value(), b.value());
  y.pull([=] {
    a.add((c.value().array() != T(0)).select(y.grad().array(), T(0)).matrix());
    b.add((c.value().array() != T(0)).select(T(0), y.grad().array()).matrix());
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
