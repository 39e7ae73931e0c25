// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/ops/tile.hpp"

namespace wsym {

/// The logarithm of the members' mean probability: (M n, classes) -> (n, classes),
///   y_nc = ln (1 / M) sum_m softmax(s_mn)_c,
/// computed without leaving the logarithms. It is a vector of logits whose softmax is that mean, so cross_entropy of it
/// is the ensemble's loss. Differentiable: ds_mnj = g_j r_mj - p_mj sum_c g_c r_mc, r_mc = p_mc / sum_k p_kc.
/// Throws ShapeError, ConfigError as sum_members; ShapeError for no rows or classes. Source: Allingham et al. 2022,
/// section 4.1 (prediction).
template <Real T> Var<T> log_mean_softmax(Var<T> logits, const Tiling& tiling) {
  const Index rows = detail::untiled_rows("log_mean_softmax", logits, tiling), cols = logits.cols();
  expect(rows >= 1 && cols >= 1, "log_mean_softmax: logits are ", logits.shape(), "; they need a row and a class");
  Tape<T>& tape = logits.tape();
  MatMap<T> p(tape.scratch(logits.size()), logits.rows(), cols);  // ln softmax, then softmax
  for (Index i = 0; i < logits.rows(); ++i) {
    const auto s = logits.value().row(i).array();
    const T most = s.maxCoeff();
    p.row(i).array() = s - (most + std::log((s - most).exp().sum()));
  }
  Var<T> y = tape.result(detail::untiled(logits.shape(), tiling.members, rows), logits);
  for (Index n = 0; n < rows; ++n)
    for (Index c = 0; c < cols; ++c) {
      T most = p(tiling.row(0, n, rows), c), sum = 0;
      for (Index m = 1; m < tiling.members; ++m) most = std::max(most, p(tiling.row(m, n, rows), c));
      if (most == -std::numeric_limits<T>::infinity()) {  // no member gives the class anything
        y.out()(n, c) = most;
        continue;
      }
      for (Index m = 0; m < tiling.members; ++m) sum += std::exp(p(tiling.row(m, n, rows), c) - most);
      y.out()(n, c) = most + std::log(sum / static_cast<T>(tiling.members));
    }
  T* log_p = p.data();
  y.pull([=] {
    const MatMap<T> l(log_p, logits.rows(), cols);
    logits.add_with([&](MatMap<T> d, bool accumulate) {
      if (!accumulate) d.setZero();
      for (Index m = 0; m < tiling.members; ++m)
        for (Index n = 0; n < rows; ++n) {
          const Index i = tiling.row(m, n, rows);
          T along = 0;
          const auto part = [&](Index c) {  // g_c r_mc
            if (l(i, c) == -std::numeric_limits<T>::infinity()) return T(0);
            return y.grad()(n, c) * std::exp(l(i, c) - y.value()(n, c)) / static_cast<T>(tiling.members);
          };
          for (Index c = 0; c < cols; ++c) along += part(c);
          for (Index c = 0; c < cols; ++c) d(i, c) += part(c) - std::exp(l(i, c)) * along;
        }
    });
  });
  return y;
}

}  // namespace wsym
