// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/autodiff/tape.hpp"
#include "wsym/kernels/reduce.hpp"
#include "wsym/kernels/softmax.hpp"

namespace wsym {

namespace detail {
/// 1 / the sum of the weights of a batch, all 1 without weights; 0 when all are 0, so that such a batch teaches
/// nothing.
template <Real T> T inverse_weight(const char* op, std::span<const T> weights, Index rows) {
  expect(rows >= 1, op, ": no rows; at least 1 is needed");
  if (weights.empty()) return T(1) / static_cast<T>(rows);
  expect(static_cast<Index>(weights.size()) == rows, op, ": ", weights.size(), " weights for ", rows,
         " rows; one each, or none");
  for (std::size_t i = 0; i < weights.size(); ++i)
    expect<ConfigError>(weights[i] >= T(0), op, ": row ", i, " has weight ", weights[i], "; weights are not negative");
  const T total = kernels::sum(weights.data(), rows);
  return total > T(0) ? T(1) / total : T(0);
}
}  // namespace detail

/// The mean squared error  L = sum_n w_n sum_j (p_nj - y_nj)^2 / (outputs * sum_n w_n), all w_n = 1 without weights.
/// prediction (..., outputs) and target of the same shape -> (1); differentiable in the prediction. `weights` has one
/// entry a row and lives until backward. With weights that are all 0 the loss is 0. Throws ShapeError; ConfigError for
/// a negative weight.
template <Real T> Var<T> mse(Var<T> prediction, Var<T> target, std::span<const T> weights = {}) {
  const Var<T> p = prediction, y = target;
  expect(p.shape() == y.shape(), "mse: prediction is ", p.shape(), " but target is ", y.shape(),
         "; they must be equal");
  const T scale = detail::inverse_weight("mse", weights, p.rows()) / static_cast<T>(p.cols());
  Tape<T>& tape = p.tape();
  T* error = tape.scratch(p.size());  // (rows, outputs)
  MatMap<T> e(error, p.rows(), p.cols());
  e = p.value() - y.value();
  T* squares = tape.scratch(p.size());
  MatMap<T> s(squares, p.rows(), p.cols());
  s = e.cwiseAbs2();
  if (!weights.empty()) {
    const ConstMatMap<T> w(weights.data(), p.rows(), 1);
    for (Index row = 0; row < p.rows(); ++row) s.row(row) *= w(row, 0), e.row(row) *= w(row, 0);
  }
  Var<T> loss = tape.result(Shape{1}, p);
  *loss.out().data() = kernels::sum(squares, p.size()) * scale;
  loss.pull([=] { p.add((T(2) * scale * loss.grad()(0, 0)) * ConstMatMap<T>(error, p.rows(), p.cols())); });
  return loss;
}

/// The softmax cross-entropy  L = sum_n w_n (-ln softmax(s_n)[c_n]) / sum_n w_n, in nats, all w_n = 1 without weights.
/// logits s (..., classes), labels c with one entry a row in 0 .. classes-1 -> (1); differentiable in the logits.
/// Labels and weights live until backward. With weights that are all 0 the loss is 0. Throws ShapeError; ConfigError
/// for a label outside its range or a negative weight.
template <Real T>
Var<T> cross_entropy(Var<T> logits, std::span<const std::int32_t> labels, std::span<const T> weights = {}) {
  const Var<T> s = logits;
  const Index rows = s.rows();
  expect(static_cast<Index>(labels.size()) == rows, "cross_entropy: logits are ", s.shape(), " but there are ",
         labels.size(), " labels; one per row is needed");
  for (const std::int32_t label : labels)
    expect<ConfigError>(label >= 0 && label < s.cols(), "cross_entropy: label ", label, " with ", s.cols(),
                        " classes; labels run from 0 to ", s.cols() - 1);
  const T scale = detail::inverse_weight("cross_entropy", weights, rows);
  Tape<T>& tape = s.tape();
  T* losses = tape.scratch(rows);
  T* slope = s.takes_gradient() ? tape.scratch(s.size()) : nullptr;  // w (softmax - onehot): (rows, classes)
  kernels::cross_entropy_rows<T>(s.view(), labels.data(), weights.empty() ? nullptr : weights.data(), losses,
                                 {slope, rows, s.cols(), s.cols()});
  Var<T> loss = tape.result(Shape{1}, s);
  *loss.out().data() = kernels::sum(losses, rows) * scale;
  loss.pull([=] { s.add((scale * loss.grad()(0, 0)) * ConstMatMap<T>(slope, s.rows(), s.cols())); });
  return loss;
}

}  // namespace wsym
