// SPDX-License-Identifier: MIT
#pragma once
#include "wsym/metrics/classification.hpp"

namespace wsym::inline WSYM_SIMD {

namespace detail {
template <Real T> void check_members(const char* what, std::span<const Tensor<T>> members) {
  expect<ConfigError>(!members.empty(), what, ": no members; at least one is needed");
  for (std::size_t i = 0; i < members.size(); ++i)
    expect(members[i].shape() == members[0].shape() && members[i].cols() > 0, what, ": member 0 is ",
           members[0].shape(), " but member ", i, " is ", members[i].shape(), "; they need one shape with columns");
}
}  // namespace detail

/// The mean of the members' outputs: predictions of a regression, or logits. For logits it is the renormalised
/// geometric mean of the members' probabilities. Each entry is added in double in the order of the members.
/// Throws ConfigError without members, ShapeError unless all have one shape.
template <Real T> Tensor<T> mean_outputs(std::span<const Tensor<T>> members) {
  detail::check_members("mean_outputs", members);
  Tensor<T> mean(members[0].shape());
  for (Index i = 0; i < mean.size(); ++i) {
    double sum = 0;
    for (const Tensor<T>& member : members) sum += member[i];
    mean[i] = static_cast<T>(sum / static_cast<double>(members.size()));
  }
  return mean;
}

/// ln of the mean of the members' softmax probabilities, from their logits (n, classes): the scores of an ensemble that
/// averages probabilities, for argmax, accuracy and nll_from_logits. Computed without leaving the logarithms, so no
/// probability underflows. Throws as mean_outputs.
template <Real T> Tensor<T> log_mean_probabilities(std::span<const Tensor<T>> members) {
  detail::check_members("log_mean_probabilities", members);
  const Index classes = members[0].cols();
  Tensor<T> result(members[0].shape());
  const auto count = static_cast<Index>(members.size());
  std::vector<detail::RowSoftmax<T>> softmax;
  std::vector<double> log_p(members.size());
  for (Index row = 0; row < result.rows(); ++row) {
    softmax.clear();
    for (const Tensor<T>& member : members) softmax.emplace_back(member.data() + row * classes, classes);
    for (Index c = 0; c < classes; ++c) {
      for (std::size_t m = 0; m < members.size(); ++m) log_p[m] = softmax[m].log_p(c);
      result(row, c) = static_cast<T>(detail::log_sum_exp(log_p.data(), count, static_cast<double>(count)));
    }
  }
  return result;
}

}  // namespace wsym::inline WSYM_SIMD
