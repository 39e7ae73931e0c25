// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/ops/loss.hpp"

namespace wsym::inline WSYM_SIMD {

namespace detail {
/// sum_c -t_c ln softmax(s)_c over the classes whose target is not 0.
template <Real T> T masked_cross_entropy(ConstArrayMap<T> s, ConstArrayMap<T> t) {
  const T most = s.maxCoeff(), log_sum = std::log((s - most).exp().sum());
  T loss = 0;
  for (Index c = 0; c < s.size(); ++c)
    if (t[c] != T(0)) loss += t[c] * (log_sum - (s[c] - most));
  return loss;
}
}  // namespace detail

/// The cross-entropy with probabilities as targets,  L = (1/N) sum_n sum_c -t_nc ln softmax(s_n)_c, in nats: for labels
/// that were mixed, smoothed, or predicted by another network. One-hot targets give cross_entropy. A class whose target
/// is 0 adds nothing, also where its logit is -infinity.
/// logits s (..., classes), N rows; targets t, rows that sum to 1, of the same shape, or of any axes that the logits
/// end with (their other axes hold several answers to a row, such as members') -> (1); differentiable in the logits:
/// ds = (softmax(s) - t) / N. Throws ShapeError, also without rows.
template <Real T> Var<T> soft_cross_entropy(Var<T> logits, Var<T> targets) {
  const Var<T> s = logits, t = targets;
  const Index rows = t.rows(), classes = t.cols(), answers = detail::answers(s.shape(), rows);
  expect(answers > 0 && s.cols() == classes && s.size() > 0, "soft_cross_entropy: logits are ", s.shape(),
         " but targets ", t.shape(),
         "; they must be equal, or the targets' axes the logits' last, with at least one row");
  Tape<T>& tape = s.tape();
  tape.expect_own(t);
  T* slope = tape.scratch(s.size());  // softmax(s) - t: (answers, rows, classes)
  T* losses = tape.scratch(s.rows());
  std::int32_t* likeliest = tape.template scratch<std::int32_t>(rows);  // of the targets
  for (Index n = 0; n < rows; ++n) t.value().row(n).maxCoeff(&likeliest[n]);
  kernels::softmax_rows<T>(s.view(), kernels::View<T>{slope, s.rows(), classes, classes});
  for (Index a = 0; a < answers; ++a) {
    const auto own = s.value().middleRows(a * rows, rows);
    kernels::cross_entropy_rows<T>(s.view().block(a * rows, 0, rows, classes), likeliest, nullptr, losses + a * rows,
                                   {nullptr, rows, classes, classes});
    for (Index n = 0; n < rows; ++n) {  // sum_c -t_c ln p_c = -ln p_k + sum_c t_c (s_k - s_c), as the t_c sum to 1
      T& loss = losses[a * rows + n];
      loss += (t.value().row(n).array() * (own(n, likeliest[n]) - own.row(n).array())).sum();
      if (!std::isfinite(loss))
        loss = detail::masked_cross_entropy(ConstArrayMap<T>(s.data() + (a * rows + n) * classes, classes),
                                            ConstArrayMap<T>(t.data() + n * classes, classes));
    }
    MatMap<T>(slope + a * rows * classes, rows, classes) -= t.value();
  }
  const Var<T> loss = tape.result(Shape{1}, s);
  const T scale = T(1) / static_cast<T>(s.rows());
  *loss.out().data() = kernels::sum(losses, s.rows()) * scale;
  loss.pull([=] { s.add((scale * loss.grad()(0, 0)) * ConstMatMap<T>(slope, s.rows(), classes)); });
  return loss;
}

}  // namespace wsym::inline WSYM_SIMD
