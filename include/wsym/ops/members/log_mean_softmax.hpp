// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/ops/members/members.hpp"

namespace wsym::inline WSYM_SIMD {

/// Over what a mean is taken: the first axis of a value, one entry for each of so many members; 1 has no axis.
struct MeanOver {
  Index members;
};

/// The logarithm of the members' mean probability: (M, ..., classes) -> (..., classes),
///   y_nc = ln (1 / M) sum_m softmax(s_mn)_c,
/// computed without leaving the logarithms. It is a vector of logits whose softmax is that mean, so cross_entropy of it
/// is the ensemble's loss. Differentiable: ds_mnj = g_j r_mj - p_mj sum_c g_c r_mc, r_mc = p_mc / sum_k p_kc.
/// Throws ShapeError unless the first axis has one entry a member, and for no rows or no classes. Source: Allingham et
/// al. 2022, section 4.1 (prediction).
template <Real T> Var<T> log_mean_softmax(Var<T> logits, MeanOver over) {
  const Index members = over.members, rows = members >= 1 ? logits.rows() / members : 0, cols = logits.cols();
  const bool axis = members == 1 || (logits.shape().rank() >= 2 && logits.shape()[0] == members);
  expect(axis && rows >= 1 && cols >= 1, "log_mean_softmax: logits are ", logits.shape(), " for ", members,
         " members; they need (members, rows, classes), at least one of each");
  Tape<T>& tape = logits.tape();
  constexpr T none = -std::numeric_limits<T>::infinity();
  MatMap<T> log_p(tape.scratch(logits.size()), logits.rows(), cols);  // ln softmax of a member
  for (Index i = 0; i < logits.rows(); ++i) {
    const auto s = logits.value().row(i).array();
    const T most = s.maxCoeff();
    log_p.row(i).array() = (s - most) - std::log((s - most).exp().sum());  // most + ln sum would round away the sum
  }
  Var<T> y = tape.result(members == 1 ? logits.shape() : logits.shape().erased(0), logits);
  T* share = y.takes_gradient() ? tape.scratch(logits.size()) : nullptr;  // r: of a member in the members' p_c
  for (Index n = 0; n < rows; ++n)
    for (Index c = 0; c < cols; ++c) {
      const auto l = [&](Index m) {
        return log_p(m * rows + n, c);
      };
      T most = l(0), sum = 0;
      for (Index m = 1; m < members; ++m) most = std::max(most, l(m));
      const auto part = [&](Index m) {
        return l(m) == none ? T(0) : std::exp(l(m) - most);
      };
      for (Index m = 0; m < members; ++m) sum += part(m);
      y.out()(n, c) = most + std::log(sum / static_cast<T>(members));
      for (Index m = 0; share && m < members; ++m)
        share[(m * rows + n) * cols + c] = part(m) == T(0) ? T(0) : part(m) / sum;
    }
  const T* l = log_p.data();
  y.pull([=] {
    logits.add_with([&](MatMap<T> d, bool accumulate) {
      if (!accumulate) d.setZero();
      for (Index m = 0; m < members; ++m)
        for (Index n = 0; n < rows; ++n) {
          const Index i = m * rows + n;
          const ConstArrayMap<T> r(share + i * cols, cols), p(l + i * cols, cols);
          T along = 0;  // sum_c g_c r_mc
          for (Index c = 0; c < cols; ++c)
            if (r[c] != T(0)) along += y.grad()(n, c) * r[c];
          for (Index c = 0; c < cols; ++c) {
            if (r[c] != T(0)) d(i, c) += y.grad()(n, c) * r[c];
            d(i, c) -= std::exp(p[c]) * along;
          }
        }
    });
  });
  return y;
}

}  // namespace wsym::inline WSYM_SIMD
