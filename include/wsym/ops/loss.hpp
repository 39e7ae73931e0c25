// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>
#include <cmath>

#include "wsym/autodiff/tape.hpp"
#include "wsym/kernels/reduce.hpp"
#include "wsym/kernels/softmax.hpp"

namespace wsym::inline WSYM_SIMD {

namespace detail {
/// How many answers x (..., rows, cols) gives to each of `rows` rows: the product of the axes before those that hold
/// the rows; 0 where no last axes hold them.
inline Index answers(const Shape& x, Index rows) {
  Index inner = 1;
  for (int axis = x.rank() - 2; axis >= 0; --axis)
    if ((inner *= x[axis]) == rows) return rows == 0 ? 1 : x.rows() / rows;
  return x.rank() < 2 && rows == 1 ? 1 : 0;
}

/// 1 / the sum over all answers of the weights of a batch, all 1 without weights; 0 when all are 0, so that such a
/// batch teaches nothing.
template <Real T>
T inverse_weight(const char* op, Tape<T>& tape, std::span<const T> weights, Index rows, Index answers) {
  expect(rows >= 1, op, ": no rows; at least 1 is needed");
  if (weights.empty()) return T(1) / static_cast<T>(answers * rows);
  expect(static_cast<Index>(weights.size()) == rows, op, ": ", weights.size(), " weights for ", rows,
         " rows; one each, or none");
  for (std::size_t i = 0; i < weights.size(); ++i)
    expect<ConfigError>(weights[i] >= T(0), op, ": row ", i, " has weight ", weights[i], "; weights are not negative");
  T* all = tape.scratch(answers * rows);
  for (Index a = 0; a < answers; ++a) std::copy_n(weights.data(), rows, all + a * rows);
  const T total = kernels::sum(all, answers * rows);
  if (total == T(0)) return T(0);
  expect<ConfigError>(std::isfinite(total) && std::isfinite(T(1) / total), op, ": the weights of ", answers * rows,
                      " rows sum to ", total, "; their sum and its inverse must be finite");
  return T(1) / total;
}
}  // namespace detail

/// The mean squared error  L = sum_n w_n sum_j (p_nj - y_nj)^2 / (outputs * sum_n w_n), all w_n = 1 without weights.
/// prediction (..., rows, outputs), target (rows, outputs) -> (1): the mean over all answers to a row, such as
/// members'. The rows are any number of axes before the outputs. Differentiable in the prediction. `weights` has one
/// entry a row and lives until backward. A row of weight 0 adds nothing, whatever its prediction; with weights that are
/// all 0 the loss is 0. Throws ShapeError; ConfigError for a negative weight and for a sum of weights that T cannot
/// divide by.
template <Real T> Var<T> mse(Var<T> prediction, Var<T> target, std::span<const T> weights = {}) {
  const Var<T> p = prediction, y = target;
  const Index rows = y.rows(), cols = y.cols(), answers = detail::answers(p.shape(), rows);
  expect(answers > 0 && p.cols() == cols, "mse: prediction is ", p.shape(), " but target is ", y.shape(),
         "; they must be equal, or the target's axes the prediction's last");
  Tape<T>& tape = p.tape();
  tape.expect_own(y);
  const T scale = detail::inverse_weight("mse", tape, weights, rows, answers) / static_cast<T>(cols);
  T* error = tape.scratch(p.size());  // (answers, rows, outputs)
  T* squares = tape.scratch(p.size());
  for (Index a = 0; a < answers; ++a) {
    MatMap<T> e(error + a * y.size(), rows, cols), s(squares + a * y.size(), rows, cols);
    e = p.value().middleRows(a * rows, rows) - y.value();
    s = e.cwiseAbs2();
    if (weights.empty()) continue;
    const ConstMatMap<T> w(weights.data(), rows, 1);
    for (Index row = 0; row < rows; ++row) {
      s.row(row) *= w(row, 0), e.row(row) *= w(row, 0);
      if (w(row, 0) == T(0)) s.row(row).setZero(), e.row(row).setZero();  // also where 0 times the error is NaN
    }
  }
  Var<T> loss = tape.result(Shape{1}, p);
  *loss.out().data() = kernels::sum(squares, p.size()) * scale;
  loss.pull([=] { p.add((T(2) * scale * loss.grad()(0, 0)) * ConstMatMap<T>(error, p.rows(), p.cols())); });
  return loss;
}

/// The softmax cross-entropy  L = sum_n w_n (-ln softmax(s_n)[c_n]) / sum_n w_n, in nats, all w_n = 1 without weights.
/// logits s (..., rows, classes), labels c with one entry a row in 0 .. classes-1 -> (1): the mean over all answers to
/// a row, such as members'. The rows are any number of axes before the classes. Differentiable in the logits.
/// Labels and weights live until backward. Weights as in mse. Throws ShapeError; ConfigError for a label outside its
/// range, and as mse.
template <Real T>
Var<T> cross_entropy(Var<T> logits, std::span<const std::int32_t> labels, std::span<const T> weights = {}) {
  const Var<T> s = logits;
  const Index rows = static_cast<Index>(labels.size()), classes = s.cols(), answers = detail::answers(s.shape(), rows);
  expect(answers > 0, "cross_entropy: logits are ", s.shape(), " but there are ", rows,
         " labels; one per row is needed");
  for (const std::int32_t label : labels)
    expect<ConfigError>(label >= 0 && label < classes, "cross_entropy: label ", label, " with ", classes,
                        " classes; labels run from 0 to ", classes - 1);
  Tape<T>& tape = s.tape();
  const T scale = detail::inverse_weight("cross_entropy", tape, weights, rows, answers);
  T* losses = tape.scratch(s.rows());
  T* slope = s.takes_gradient() ? tape.scratch(s.size()) : nullptr;  // w (softmax - onehot): (answers, rows, classes)
  for (Index a = 0; a < answers; ++a)
    kernels::cross_entropy_rows<T>(s.view().block(a * rows, 0, rows, classes), labels.data(),
                                   weights.empty() ? nullptr : weights.data(), losses + a * rows,
                                   {slope ? slope + a * rows * classes : nullptr, rows, classes, classes});
  for (Index n = 0; n < (weights.empty() ? 0 : s.rows()); ++n)
    if (weights[static_cast<std::size_t>(n % rows)] == T(0)) {  // also where 0 times the row's loss is NaN
      losses[n] = 0;
      if (slope) std::fill_n(slope + n * classes, classes, T(0));
    }
  Var<T> loss = tape.result(Shape{1}, s);
  *loss.out().data() = kernels::sum(losses, s.rows()) * scale;
  loss.pull([=] { s.add((scale * loss.grad()(0, 0)) * ConstMatMap<T>(slope, s.rows(), s.cols())); });
  return loss;
}

}  // namespace wsym::inline WSYM_SIMD
