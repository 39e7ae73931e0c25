// SPDX-License-Identifier: MIT
#pragma once
#include <doctest/doctest.h>

#include "support.hpp"
#include "wsym/metrics/averaging.hpp"

/// Predictions of members that the tests of several metrics share.
namespace wsym::test {

using Labels = std::vector<std::int32_t>;

/// Two members' logits for two rows of three classes, and the labels (0, 2): the example of the second paper's spec.
template <Real T> std::vector<Tensor<T>> spec_members() {
  return {Tensor<T>({2, 3}, {T(2), T(0), T(-1), T(0), T(0), T(0)}),
          Tensor<T>({2, 3}, {T(0.5), T(1.5), T(0), T(1), T(-1), T(3)})};
}

template <Real T> std::vector<Tensor<T>> random_members(std::size_t count, Shape shape, std::uint64_t seed = 5) {
  std::vector<Tensor<T>> members;
  for (std::size_t m = 0; m < count; ++m) members.push_back(random_tensor<T>(shape, Key(seed).child(m), 2));
  return members;
}

inline Labels cycling_labels(Index rows, Index classes) {
  Labels labels;
  for (Index i = 0; i < rows; ++i) labels.push_back(static_cast<std::int32_t>(i % classes));
  return labels;
}

/// Logits whose softmax are these probabilities; -inf for 0.
template <Real T> Tensor<T> logits_of(Shape shape, std::initializer_list<double> probabilities) {
  Tensor<T> logits(shape);
  Index i = 0;
  for (const double p : probabilities) logits[i++] = static_cast<T>(std::log(p));
  return logits;
}

}  // namespace wsym::test
