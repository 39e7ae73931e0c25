// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/autodiff/tape.hpp"
#include "wsym/kernels/activation.hpp"

namespace wsym::inline WSYM_SIMD {

/// y = x o sigma(x Cᵀ), sigma the logistic function: every entry gated by its own mixture of all of them.
/// x (..., d), C (d, d) -> (..., d); differentiable in both. Throws ShapeError unless C is (d, d).
/// Source: Lim et al. 2024, the activation of sigma-asymmetric networks (there C is fixed).
template <Real T> Var<T> figlu(Var<T> x, Var<T> c) {
  expect(c.shape() == Shape{x.cols(), x.cols()}, "figlu: x is ", x.shape(), " but C is ", c.shape(), "; it needs ",
         Shape{x.cols(), x.cols()});
  Var<T> y = x.tape().result(x.shape(), x, c);
  const kernels::View<T> s{x.tape().scratch(x.size()), x.rows(), x.cols(), x.cols()};  // sigma(z), then dz
  x.tape().product(s, x.view(), c.view().transposed());
  kernels::sigmoid<T>(s.data, s.data, x.size());
  y.out() = x.value().cwiseProduct(ConstMatMap<T>(s.data, s.rows, s.cols));
  y.pull([=] {
    MatMap<T> gate(s.data, s.rows, s.cols);
    x.add(y.grad().cwiseProduct(gate));
    gate.array() = y.grad().array() * y.value().array() * (T(1) - gate.array());
    x.add_product(s, c.view());
    c.add_product(s.transposed(), x.view());
  });
  return y;
}

}  // namespace wsym::inline WSYM_SIMD
