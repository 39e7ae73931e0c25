// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/autodiff/tape.hpp"
#include "wsym/kernels/rows.hpp"

namespace wsym {

/// How unevenly a batch loads its experts: L = (1/E) sum_e (E m_e - 1)^2 with m_e = (1/N) sum_n alpha_ne. For rows that
/// sum to 1 this is CV^2, the variance of the importances sum_n alpha_ne over the experts, divided by their squared
/// mean: 0 where all experts carry the same, E - 1 where one carries all. alpha (..., E), N rows -> (1);
/// differentiable: dalpha_ne = 2 (E m_e - 1) / N. Throws ShapeError for an empty alpha. Source: Shazeer et al. 2017,
/// equation 7 (importance loss).
template <Real T> Var<T> balance_loss(Var<T> alpha) {
  expect(alpha.size() > 0, "balance_loss: alpha is ", alpha.shape(), "; it needs a row and an expert at least");
  Tape<T>& tape = alpha.tape();
  const Index rows = alpha.rows(), experts = alpha.cols();
  const T over_rows = T(1) / static_cast<T>(rows);
  T* excess = tape.scratch(experts);  // E m_e - 1
  kernels::column_sums<T>(alpha.view(), excess);
  for (Index e = 0; e < experts; ++e) excess[e] = excess[e] * over_rows * static_cast<T>(experts) - 1;
  const Var<T> loss = tape.result(Shape{1}, alpha);
  *loss.out().data() = kernels::squared_norm(excess, experts) / static_cast<T>(experts);
  loss.pull([=] {
    const T slope = 2 * over_rows * loss.grad()(0, 0);
    alpha.add_with([&](MatMap<T> d, bool accumulate) {
      for (Index n = 0; n < rows; ++n)
        kernels::scale_rows<T>({excess, 1, experts, experts}, &slope, 1, {&d(n, 0), 1, experts, experts}, accumulate);
    });
  });
  return loss;
}

}  // namespace wsym
