// SPDX-License-Identifier: MIT
#pragma once
#include "ops/evaluate.hpp"
#include "reference/sparse.hpp"
#include "wsym/ops/experts/dispatch.hpp"
#include "wsym/ops/experts/top_k.hpp"

/// Routings for the tests of what is done with them.
namespace wsym::test {

/// Random gates, (rows, experts), whose rows sum to 1.
template <Real T> Tensor<T> random_gates(Index rows, Index experts, const Key& key) {
  Tensor<T> gates = random_tensor<T>({rows, experts}, key, 2);
  for (Index n = 0; n < rows; ++n) {
    auto row = gates.mat().row(n).array();
    row = row.exp();
    row /= row.sum();
  }
  return gates;
}

/// The dispatch of the k largest gates of every row; its lists lie in `tape`.
template <Real T>
Dispatch dispatch_gates(Tape<T>& tape, const Tensor<T>& gates, Index k, const Capacity& capacity,
                        const Grouping& grouping = {}) {
  const kernels::View<const T> view{gates.data(), gates.rows(), gates.cols(), gates.cols()};
  const std::int32_t* expert = top_k(tape, view, k);
  T* weights = tape.scratch(gates.rows() * k);
  for (Index i = 0; i < gates.rows() * k; ++i) weights[i] = gates(i / k, expert[i]);
  return dispatch(tape, expert, weights, gates.rows(), k, gates.cols(), capacity, grouping);
}

/// The weights that were kept, (rows, experts), 0 elsewhere.
template <Real T> Tensor<T> kept_weights(const Dispatch& d, const Tensor<T>& gates) {
  Tensor<T> kept(gates.shape());
  for (Index i = 0; i < d.rows * d.choices; ++i)
    if (d.place[i] >= 0) kept(i / d.choices, d.expert[i]) = gates(i / d.choices, d.expert[i]);
  return kept;
}

/// The four tokens of spec 9.2.
template <Real T> Tensor<T> four_tokens() {
  return {{4, 3}, {T(.50), T(.30), T(.20), T(.15), T(.60), T(.25), T(.45), T(.35), T(.20), T(.70), T(.20), T(.10)}};
}

}  // namespace wsym::test
