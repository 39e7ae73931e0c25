// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/autodiff/tape.hpp"
#include "wsym/kernels/reduce.hpp"
#include "wsym/kernels/softmax.hpp"

namespace wsym {

/// The cross-entropy with probabilities as targets,  L = (1/N) sum_n sum_c -t_nc ln softmax(s_n)_c, in nats: for labels
/// that were mixed, smoothed, or predicted by another network. One-hot targets give cross_entropy.
/// logits s (..., classes), N rows; targets t of the same shape, rows that sum to 1 -> (1); differentiable in the
/// logits: ds = (softmax(s) - t) / N. Throws ShapeError, also without rows.
template <Real T> Var<T> soft_cross_entropy(Var<T> logits, Var<T> targets) {
  const Var<T> s = logits, t = targets;
  const Index rows = s.rows(), classes = s.cols();
  expect(s.shape() == t.shape() && s.size() > 0, "soft_cross_entropy: logits are ", s.shape(), " but targets ",
         t.shape(), "; they must be equal, with at least one row");
  Tape<T>& tape = s.tape();
  T* slope = tape.scratch(s.size());  // softmax(s) - t: (rows, classes)
  T* losses = tape.scratch(rows);
  std::int32_t* likeliest = tape.template scratch<std::int32_t>(rows);  // of the targets
  for (Index n = 0; n < rows; ++n) t.value().row(n).maxCoeff(&likeliest[n]);
  const kernels::View<T> p{slope, rows, classes, classes};
  kernels::cross_entropy_rows<T>(s.view(), likeliest, nullptr, losses, {nullptr, rows, classes, classes});
  for (Index n = 0; n < rows; ++n) {  // sum_c -t_c ln p_c = -ln p_k + sum_c t_c (s_k - s_c), as the t_c sum to 1
    const auto row = s.value().row(n);
    losses[n] += (t.value().row(n).array() * (row[likeliest[n]] - row.array())).sum();
  }
  kernels::softmax_rows<T>(s.view(), p);
  MatMap<T>(slope, rows, classes) -= t.value();
  const Var<T> loss = tape.result(Shape{1}, s);
  const T scale = T(1) / static_cast<T>(rows);
  *loss.out().data() = kernels::sum(losses, rows) * scale;
  loss.pull([=] { s.add((scale * loss.grad()(0, 0)) * ConstMatMap<T>(slope, rows, classes)); });
  return loss;
}

}  // namespace wsym
