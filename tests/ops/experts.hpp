// SPDX-License-Identifier: MIT
#pragma once
#include "ops/evaluate.hpp"
#include "wsym/ops/experts/grouped.hpp"

/// Ops on one layer of several experts, given as f(std::vector<Var<T>>): some inputs, then E weights, then E biases.
namespace wsym::test {

template <Real T> ExpertLayer<T> experts_from(const std::vector<Var<T>>& x, std::size_t first) {
  const std::size_t count = (x.size() - first) / 2;
  const std::span<const Var<T>> all(x);
  return {all.subspan(first, count), all.subspan(first + count, count)};
}

/// Appends the weights and biases of `experts` layers.
template <Real T>
std::vector<Tensor<T>> with_experts(std::vector<Tensor<T>> inputs, Index experts, Index in, Index out, const Key& key) {
  for (const bool weight : {true, false})
    for (Index e = 0; e < experts; ++e)
      inputs.push_back(random_tensor<T>(weight ? Shape{out, in} : Shape{out}, key.child(weight ? "w" : "b").child(e)));
  return inputs;
}

/// Row n of a tensor.
template <Real T> Tensor<T> row_of(const Tensor<T>& x, Index n) {
  return Tensor<T>({1, x.cols()}, {x.data() + n * x.cols(), static_cast<std::size_t>(x.cols())});
}

/// Probability vectors in rows.
template <Real T> Tensor<T> random_weights(Shape shape, const Key& key) {
  Tensor<T> alpha = random_tensor<T>(shape, key);
  for (Index n = 0; n < alpha.rows(); ++n) {
    auto row = alpha.mat().row(n).array();
    row = row.exp();
    row /= row.sum();
  }
  return alpha;
}

/// Rows that choose expert e.
template <Real T> Tensor<T> one_hot(Index rows, Index experts, Index e) {
  Tensor<T> alpha({rows, experts});
  for (Index n = 0; n < rows; ++n) alpha(n, e) = 1;
  return alpha;
}

}  // namespace wsym::test
